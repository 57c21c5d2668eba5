import { expect, test } from "vitest";
import { freshnessOf, numericDate, readTimes } from "../../src/core/token-times.ts";

/** One leeway of thirty seconds for every time of a token, to either side. */

const NOW_S = 1_790_000_000;
const NOW = NOW_S * 1000;
const TIMES = { exp: NOW_S + 600, iat: NOW_S - 60 };

test.each<[string, Record<string, unknown>]>([
  ["that just ended, by a clock ahead", { exp: NOW_S - 29 }],
  ["that is issued in a moment, by a clock behind", { iat: NOW_S + 30 }],
  ["that begins in a moment", { nbf: NOW_S + 30 }],
  ["that begins in a moment, as a text", { nbf: `${NOW_S + 30}` }],
  ["that has begun", { nbf: 0 }],
  ...[null, "", "soon", "1e9", [NOW_S + 900], {}, true].map((nbf): [string, Record<string, unknown>] => [
    `that says of its beginning ${JSON.stringify(nbf)}`,
    { nbf },
  ]),
])("a token %s counts", (_, claims) => {
  const { iat } = { ...TIMES, ...claims };
  expect(readTimes({ ...TIMES, ...claims }, NOW)).toEqual({ issuedAt: iat });
});

test.each<[string, string, Record<string, unknown>]>([
  ["expired", "exp", { exp: NOW_S - 30 }],
  ["issued in the future", "iat", { iat: NOW_S + 31 }],
  ["not valid yet", "nbf", { nbf: NOW_S + 31 }],
  ["not valid yet", "nbf", { nbf: `${NOW_S + 31}` }],
  ["impossible time", "nbf", { nbf: 1e308 }],
  ["impossible time", "exp", { exp: NOW }],
  ["impossible time", "exp", { exp: -1 }],
  ["impossible time", "iat", { iat: 1e308 }],
  ["impossible time", "iat", { iat: -1e308 }],
  ["claim missing", "exp", { exp: undefined }],
  ["claim missing", "iat", { iat: null }],
  ["claim of another type", "exp", { exp: `${NOW_S + 600}` }],
  ["claim of another type", "exp", { exp: false }],
  ["claim of another type", "iat", { iat: `${NOW_S}` }],
  ["claim of another type", "iat", { iat: {} }],
])("a token is refused as %s by its %s: %j", (fault, claim, claims) => {
  expect(readTimes({ ...TIMES, ...claims }, NOW)).toEqual({ fault, claim });
});

test.each([
  [-301, "too long ago"],
  [-300, "fresh"],
  [0, "fresh"],
  [30, "fresh"],
  [31, "in the future"],
  [4_000_000_000, "in the future"],
])("a sign-in %d seconds from now is %s", (after, freshness) => {
  expect(freshnessOf(NOW_S + after, NOW)).toBe(freshness);
});

test.each([
  [0, 0],
  [NOW_S + 0.5, NOW_S + 0.5],
  [`${NOW_S}`, NOW_S],
  [253_402_300_799, 253_402_300_799],
  [253_402_300_800, null],
  [-1, null],
  ["-1", null],
  [" 1", null],
  ["", null],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
  [null, null],
  [[1], null],
  [true, null],
])("%j is the time %j", (value, time) => {
  expect(numericDate(value)).toBe(time);
});
