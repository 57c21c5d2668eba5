import { expect, test } from "vitest";
import {
  NO_OUTCOMES,
  OUTCOMES,
  type KeyUsageReport,
  type UsageRefusal,
} from "../../../src/core/usage/usage.ts";
import {
  addReport,
  callsByHour,
  countRefusal,
  countUse,
  newTally,
  type UsageTally,
} from "../../../src/core/usage/usage-tally.ts";

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

const MINUTE = 60_000;
const refusalAt = (time: number, requestId = "r"): UsageRefusal => ({
  time,
  code: "ip_not_allowed",
  operation: null,
  address: `192.0.2.${time % 200}`,
  requestId,
});

test("requests count for their minute, by what became of them", () => {
  const tally = newTally();
  countUse(tally, "succeeded", null, "192.0.2.1", HOUR);
  countUse(tally, "succeeded", null, "192.0.2.1", HOUR + MINUTE - 1);
  countUse(tally, "originErrors", null, "192.0.2.2", HOUR + MINUTE);
  countRefusal(tally, "refused", refusalAt(HOUR + MINUTE + 5));
  countRefusal(tally, "limited", refusalAt(HOUR + MINUTE + 7));
  const minutes = {
    [HOUR]: { ...NO_OUTCOMES, succeeded: 2 },
    [HOUR + MINUTE]: { ...NO_OUTCOMES, originErrors: 1, refused: 1, limited: 1 },
  };
  expect(tally).toEqual({
    minutes,
    lastUsedAt: HOUR + MINUTE,
    lastUsedIp: "192.0.2.2",
    lastRefusedAt: HOUR + MINUTE + 7,
    lastRefusedIp: refusalAt(HOUR + MINUTE + 7).address,
    refusals: [refusalAt(HOUR + MINUTE + 5), refusalAt(HOUR + MINUTE + 7)],
  });
  const sum = newTally();
  addReport(sum, tally);
  expect(sum).toEqual(tally);
  addReport(sum, tally);
  expect(sum.minutes).toEqual({
    [HOUR]: { ...NO_OUTCOMES, succeeded: 4 },
    [HOUR + MINUTE]: { ...NO_OUTCOMES, originErrors: 2, refused: 2, limited: 2 },
  });
});

test("nothing counts as zero before it has been: no call, no use, no refusal", () => {
  expect(newTally().minutes).toEqual({});
  const tally = newTally();
  countUse(tally, "refused", null, "", HOUR);
  expect(tally.minutes[HOUR]).toEqual({ ...NO_OUTCOMES, refused: 1 });
  expect(Object.values(NO_OUTCOMES)).toEqual([0, 0, 0, 0, 0]);
  expect(OUTCOMES).toEqual(Object.keys(NO_OUTCOMES));
});

test("the last fifty refusals are kept, in the order of their times, of several reports, too", () => {
  const [even, odd] = [newTally(), newTally()];
  for (let i = 0; i < 51; i++) {
    countRefusal(even, "refused", refusalAt(HOUR + 2 * i));
    countRefusal(odd, "refused", refusalAt(HOUR + 2 * i + 1));
  }
  const times = ({ refusals }: UsageTally) => refusals.map(({ time }) => time - HOUR);
  expect(times(even)).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i + 2));
  for (const [first, second] of [
    [even, odd],
    [odd, even],
  ] as const) {
    const sum = newTally();
    addReport(sum, first);
    addReport(sum, second);
    addReport(sum, newTally());
    expect(times(sum)).toEqual(Array.from({ length: 50 }, (_, i) => 52 + i));
    expect([sum.lastRefusedAt, sum.lastRefusedIp]).toEqual([HOUR + 101, refusalAt(HOUR + 101).address]);
  }
});

test("of refusals at one moment the one that was reported last is told", () => {
  const [one, other] = [newTally(), newTally()];
  countRefusal(one, "refused", { ...refusalAt(HOUR), address: "192.0.2.1" });
  countRefusal(other, "refused", { ...refusalAt(HOUR), address: "192.0.2.2" });
  const sum = newTally();
  for (const report of [one, other]) addReport(sum, report);
  expect(sum.lastRefusedIp).toBe("192.0.2.2");
});

test("at the first moment of all a refusal is one, too", () => {
  const [sum, report] = [newTally(), newTally()];
  countRefusal(report, "refused", refusalAt(0));
  addReport(sum, report);
  expect(sum.lastRefusedAt).toBe(0);
  expect(sum.refusals).toEqual(report.refusals);
});
