import { expect, test } from "vitest";
import {
  deny,
  isDenied,
  issueTime,
  MAX_DENIED_TOKENS,
  NO_DENIALS,
  type DeniableToken,
  type TokenDenials,
} from "../../../src/core/token/token-denials.ts";

const T = 1_800_000_000_000;
const token = (id: string, issuedAt = T, expiresAt = T + 3_600_000): DeniableToken => ({
  id,
  issuedAt,
  expiresAt,
});

test("a denied token is denied, and no other", () => {
  const denials = deny(NO_DENIALS, token("a"), T + 1);
  expect(isDenied(denials, token("a"))).toBe(true);
  expect(isDenied(denials, token("b"))).toBe(false);
  expect(isDenied(NO_DENIALS, token("a"))).toBe(false);
});

test("denying again, or what has expired, changes nothing", () => {
  const denials = deny(NO_DENIALS, token("a"), T + 1);
  expect(deny(denials, token("a"), T + 2)).toBe(denials);
  expect(deny(denials, token("b", T, T + 1000), T + 1000)).toBe(denials);
});

test("tokens that have expired are forgotten", () => {
  const first = deny(NO_DENIALS, token("a", T, T + 1000), T);
  expect(Object.keys(deny(first, token("b"), T + 1000).tokens)).toEqual(["b"]);
});

test("one token more than can be remembered denies all that were issued, and no denied one comes back", () => {
  let denials: TokenDenials = NO_DENIALS;
  // One was issued by a clock that runs ahead.
  const tokens = Array.from({ length: MAX_DENIED_TOKENS + 1 }, (_, i) =>
    token(`t${i}`, i === 7 ? T + 9000 : T),
  );
  for (const each of tokens.slice(1)) denials = deny(denials, each, T + 5000);
  expect(Object.keys(denials.tokens)).toHaveLength(MAX_DENIED_TOKENS);
  denials = deny(denials, token("t0"), T + 5000);
  expect(tokens.filter((each) => !isDenied(denials, each))).toEqual([]);
  expect(isDenied(denials, token("never revoked", T + 4000))).toBe(true);
  expect(isDenied(denials, token("issued later", T + 10_000))).toBe(false);
  expect(Object.keys(denials.tokens)).toEqual([]);
});

test.each([
  ["now, to the second", 0, T + 999, T],
  ["after all that were revoked in this second", T + 500, T + 999, T + 1000],
  ["after all that were revoked in a later one", T + 9000, T + 999, T + 10_000],
  ["after all that were revoked at the end of one", T + 999, T + 1000, T + 1000],
])("a new token is issued %s, and is not denied", (_, issuedUntil, now, issuedAt) => {
  const denials = { tokens: {}, issuedUntil };
  expect(issueTime(denials, now)).toBe(issuedAt);
  expect(isDenied(denials, token("new", issuedAt))).toBe(false);
});
