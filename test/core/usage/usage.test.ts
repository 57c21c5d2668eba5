import { expect, test } from "vitest";
import { addCounts, hourOf } from "../../../src/core/usage/usage.ts";

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
