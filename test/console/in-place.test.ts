import { expect, test } from "vitest";
import { fateOf, whenToRetry } from "../../src/console/in-place.ts";

const ORIGIN = "https://gateway.example";
const NEW = `${ORIGIN}/-/console/keys/new`;

test.each([
  [true, true, NEW, "draw"],
  [true, true, `${ORIGIN}/-/console/keys/key_1?done=saved`, "go"],
  [true, true, `${NEW}?done=saved`, "go"],
  [true, false, `${ORIGIN}/-/console/audit/download`, "go"],
  // Limits, outages and challenges of what stands in between.
  [false, false, NEW, "keep"],
  [false, true, NEW, "keep"],
  [false, true, `${ORIGIN}/cdn-cgi/challenge`, "keep"],
  [false, true, "https://login.example/-/console/keys", "keep"],
  [false, false, "", "keep"],
  // The console has redirected, and something else answers for the page that it led to.
  [false, false, `${ORIGIN}/-/console/keys/key_1`, "go"],
] as const)("an answer (own %s, a page %s) at %s: %s", (isOwn, isPage, url, fate) => {
  expect(fateOf({ isOwn, isPage, url, action: `${NEW}#problems` })).toBe(fate);
});

const NOW = Date.parse("2026-11-28T10:00:00Z");

test.each([
  [null, "in a moment"],
  ["", "in a moment"],
  ["0", "in a moment"],
  ["soon", "in a moment"],
  ["-5", "in a moment"],
  ["1", "in a second"],
  [" 30 ", "in 30 seconds"],
  ["3600", "in 3600 seconds"],
  ["86400", "later"],
  ["Sat, 28 Nov 2026 10:00:20 GMT", "in 20 seconds"],
  ["Sat, 28 Nov 2026 09:00:00 GMT", "in a moment"],
])("Retry-After: %s reads as %s", (header, text) => {
  expect(whenToRetry(header, NOW)).toBe(text);
});
