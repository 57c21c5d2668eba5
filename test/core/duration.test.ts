import { describe, expect, test } from "vitest";
import { parseDuration } from "../../src/core/duration.ts";

const DAY_MS = 86_400_000;

describe("a duration", () => {
  test.each([
    ["0s", 0],
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["12h", DAY_MS / 2],
    ["30d", 30 * DAY_MS],
    ["030d", 30 * DAY_MS],
    ["2w", 14 * DAY_MS],
    ["1y", 365 * DAY_MS],
    ["100y", 36_500 * DAY_MS],
  ])("of %s is %i milliseconds", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    "30",
    "d",
    "-1d",
    "+1d",
    "1.5h",
    "1e3s",
    " 1d",
    "1d ",
    "1d\n",
    "1 d",
    "1D",
    "1M",
    "1mo",
    "P1D",
    "1d12h",
    "١d",
    "101y",
    "36501d",
    "9999999999999s",
  ])("is not %j", (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});
