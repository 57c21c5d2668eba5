import { expect, test } from "vitest";
import { stepStart } from "../../../src/core/usage/usage.ts";
import { USAGE_WINDOWS, usageStretch } from "../../../src/core/usage/windows.ts";

test.each([
  ["1h", "2026-11-20T10:45:59.999Z", "2026-11-20T09:46:00.000Z"],
  ["24h", "2026-11-20T10:45:00.000Z", "2026-11-19T11:00:00.000Z"],
  ["24h", "2026-11-20T10:00:00.000Z", "2026-11-19T11:00:00.000Z"],
  ["24h", "2026-11-20T09:59:59.999Z", "2026-11-19T10:00:00.000Z"],
  ["7d", "2026-03-01T00:00:00.000Z", "2026-02-22T01:00:00.000Z"],
  // Days are days of UTC, also where clocks were put back in between.
  ["30d", "2026-11-20T23:59:59.999Z", "2026-10-22T00:00:00.000Z"],
] as const)("the last %s at %s begin at %s", (window, now, from) => {
  expect(new Date(usageStretch(window, Date.parse(now)).from).toISOString()).toBe(from);
});

test.each(USAGE_WINDOWS)("the last step of %s is the one that is still filling", (window) => {
  const now = Date.parse("2026-12-31T23:59:59.999Z");
  const { from, step, length } = usageStretch(window, now);
  expect(from + (length - 1) * step).toBe(stepStart(now, step));
});
