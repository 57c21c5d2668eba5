import { describe, expect, test } from "vitest";
import {
  addCounts,
  addOutcomes,
  hourOf,
  NO_OUTCOMES,
  reportOfBatch,
  stepStart,
  USAGE_STEPS,
} from "../../../src/core/usage/usage.ts";

test.each([
  ["2026-11-20T09:00:00.000Z", "2026-11-20T09:00:00.000Z"],
  ["2026-11-20T09:59:59.999Z", "2026-11-20T09:00:00.000Z"],
  ["2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00.000Z"],
  ["1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.000Z"],
])("%s lies in the hour of %s", (time, hour) => {
  expect(hourOf(Date.parse(time))).toBe(Date.parse(hour));
});

test("counts add up one by one, and to nothing else", () => {
  const usage = { admitted: 1, limited: 2, refused: 3, lastUsedAt: 7, lastUsedIp: "192.0.2.1" };
  expect(addCounts(undefined, usage)).toEqual({ admitted: 1, limited: 2, refused: 3 });
  expect(addCounts({ admitted: 10, limited: 20, refused: 30 }, usage)).toEqual({
    admitted: 11,
    limited: 22,
    refused: 33,
  });
});

test("outcomes add up one by one", () => {
  const one = { succeeded: 1, clientErrors: 2, originErrors: 3, refused: 4, limited: 5 };
  const ten = { succeeded: 10, clientErrors: 20, originErrors: 30, refused: 40, limited: 50 };
  expect(addOutcomes(one, ten)).toEqual({
    succeeded: 11,
    clientErrors: 22,
    originErrors: 33,
    refused: 44,
    limited: 55,
  });
  expect(addOutcomes(NO_OUTCOMES, one)).toEqual(one);
});

test("a moment lies in its minute, hour and day", () => {
  const time = Date.parse("2026-11-20T09:59:59.999Z");
  expect(USAGE_STEPS.map((step) => new Date(stepStart(time, step)).toISOString())).toEqual([
    "2026-11-20T09:59:00.000Z",
    "2026-11-20T09:00:00.000Z",
    "2026-11-20T00:00:00.000Z",
  ]);
});

describe("what an older guard has delivered by the hour", () => {
  const HOUR = Date.parse("2026-11-20T09:00:00Z");
  const EARLIER = HOUR - 3_600_000;
  const last = { lastUsedAt: HOUR + 61_000, lastUsedIp: "192.0.2.1" };
  const NEVER = { lastUsedAt: null, lastUsedIp: null, lastRefusedAt: null, lastRefusedIp: null };

  test("counts for the minute of the last use, and hours before it for their first minute", () => {
    const calls = new Map([["a", 2]]);
    const hours = {
      [EARLIER]: { admitted: 1, limited: 0, refused: 0 },
      [HOUR]: { admitted: 2, limited: 3, refused: 4 },
    };
    expect(reportOfBatch({ sequence: 1, hours, ...last, calls })).toEqual({
      ...NEVER,
      ...last,
      minutes: {
        [EARLIER]: { ...NO_OUTCOMES, succeeded: 1 },
        [HOUR + 60_000]: { ...NO_OUTCOMES, succeeded: 2, limited: 3, refused: 4 },
      },
      calls,
      refusals: [],
    });
  });

  test.each([
    [{ admitted: 1, limited: 0, refused: 0 }, last],
    [
      { admitted: 0, limited: 1, refused: 0 },
      { lastRefusedAt: last.lastUsedAt, lastRefusedIp: last.lastUsedIp },
    ],
    [
      { admitted: 0, limited: 0, refused: 1 },
      { lastRefusedAt: last.lastUsedAt, lastRefusedIp: last.lastUsedIp },
    ],
    [{ admitted: 0, limited: 0, refused: 0 }, {}],
  ])("of %j tells the last use, or else the last refusal", (counts, told) => {
    const report = reportOfBatch({ sequence: 1, hours: { [HOUR]: counts }, ...last });
    expect(report).toMatchObject({ ...NEVER, ...told });
    expect(report).not.toHaveProperty("calls");
  });

  test("is nothing where nothing was counted", () => {
    expect(reportOfBatch({ sequence: 1, hours: {}, ...last })).toEqual({
      ...NEVER,
      minutes: {},
      refusals: [],
    });
  });
});
