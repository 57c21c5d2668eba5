import { expect, test } from "vitest";
import type { KeyUsageReport } from "../../../src/core/usage/usage.ts";
import { addReport, callsByHour, countUse, newTally } from "../../../src/core/usage/usage-tally.ts";

const HOUR = Date.parse("2026-11-20T10:00:00Z");
const BEFORE = Date.parse("2026-11-20T09:00:00Z");
const FIRST = Date.parse("2026-11-20T08:00:00Z");

/** What was called how often at which moments, in this order. */
function tallyOf(uses: readonly (readonly [at: number, call: string])[]): KeyUsageReport {
  const tally = newTally();
  for (const [at, call] of uses) countUse(tally, "succeeded", call, "192.0.2.1", at);
  return tally;
}

/** Calls by the start of their hour. */
function hoursOf(report: KeyUsageReport): object {
  const hours = [...callsByHour(report, 0)];
  return Object.fromEntries(hours.map(([hour, calls]) => [hour, Object.fromEntries(calls)]));
}

const EACH_IN_ITS_OWN = { [FIRST]: { a: 1 }, [BEFORE]: { a: 2, b: 1 }, [HOUR]: { b: 1 } };
const uses = [
  [FIRST, "a"],
  [BEFORE, "a"],
  [BEFORE + 1, "b"],
  [HOUR - 1, "a"],
  [HOUR, "b"],
] as const;

test("calls count for the hour that they were made in, over the turn of an hour", () => {
  expect(hoursOf(tallyOf(uses))).toEqual(EACH_IN_ITS_OWN);
  expect(hoursOf(tallyOf([]))).toEqual({});
});

test.each([
  ["the oldest first", (reports: KeyUsageReport[]) => reports],
  ["the latest first", (reports: KeyUsageReport[]) => reports.toReversed()],
])("so they do when reports come together, %s", (_, inOrder) => {
  const sum = newTally();
  for (const report of inOrder([
    tallyOf(uses.slice(0, 2)),
    tallyOf(uses.slice(2, 3)),
    tallyOf(uses.slice(3)),
  ]))
    addReport(sum, report);
  expect(hoursOf(sum)).toEqual(EACH_IN_ITS_OWN);
  expect(sum).toMatchObject({ lastUsedAt: HOUR, lastUsedIp: "192.0.2.1" });
});
