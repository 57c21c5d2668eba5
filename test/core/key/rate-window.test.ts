import { describe, expect, test } from "vitest";
import { retryAfterSeconds, setRateHeaders, windowAt } from "../../../src/core/key/rate-window.ts";

const limit = { requests: 1000, windowSeconds: 60 };

describe("a window", () => {
  test("starts with the first request and lasts its length", () => {
    const window = windowAt(null, limit, 5000);
    expect(window).toEqual({ startedAt: 5000, endsAt: 65_000, used: 0 });
    expect(windowAt({ ...window, used: 7 }, limit, 64_999)).toEqual({ ...window, used: 7 });
    expect(windowAt({ ...window, used: 7 }, limit, 65_000)).toEqual({
      startedAt: 65_000,
      endsAt: 125_000,
      used: 0,
    });
  });
});

test("a window that has ended is not revived by a longer one, and one that lasts is ended by a shorter", () => {
  const short = windowAt(null, { requests: 2, windowSeconds: 1 }, 0);
  expect(windowAt({ ...short, used: 2 }, limit, 5000)).toEqual({ startedAt: 5000, endsAt: 65_000, used: 0 });
  const long = windowAt(null, limit, 0);
  expect(windowAt({ ...long, used: 2 }, { requests: 2, windowSeconds: 1 }, 1000).used).toBe(0);
});

test("a window that begins later than now, since the clock was set back, does not hold anybody up until then", () => {
  const ahead = { ...windowAt(null, limit, 3_600_000), used: limit.requests };
  expect(windowAt(ahead, limit, 5000)).toEqual({ startedAt: 5000, endsAt: 65_000, used: 0 });
});

test.each([
  [-5000, 1],
  [0, 1],
  [1, 1],
  [1000, 1],
  [1001, 2],
  [59_999.5, 60],
])("%d ms are whole seconds, at least one", (ms, seconds) => {
  expect(retryAfterSeconds(ms)).toBe(seconds);
});

test.each([
  ["in part of a second", 90_500, 60_000, "91", "31"],
  ["in an hour", 1_790_003_600_000, 1_790_000_000_000, "1790003600", "3600"],
  ["now", 60_000, 60_000, "60", "0"],
  ["in the past", 60_000, 65_000, "60", "0"],
])("the headers tell a window that ends %s in both forms", (_, resetAt, now, reset, left) => {
  const headers = new Headers();
  setRateHeaders(headers, { limit: 1000, windowSeconds: 60, remaining: 41, resetAt }, now);
  expect(Object.fromEntries(headers)).toEqual({
    ratelimit: `"key";r=41;t=${left}`,
    "ratelimit-policy": '"key";q=1000;w=60',
    "x-ratelimit-limit": "1000",
    "x-ratelimit-remaining": "41",
    "x-ratelimit-reset": reset,
  });
});
