import { expect, test } from "vitest";
import { isFailedAttempt, subscriberOf } from "../../../src/core/http/failed-attempt.ts";
import { REFUSALS, type RefusalCode } from "../../../src/core/refusal-table.ts";

test("what a caller without the right secret does counts against the address, and nothing else", () => {
  const codes = Object.keys(REFUSALS) as RefusalCode[];
  expect(codes.filter((code) => isFailedAttempt({ code })).toSorted()).toEqual([
    "access_token_invalid",
    "api_key_invalid",
    "credential_malformed",
    "credential_missing",
    "identity_token_invalid",
    "signature_invalid",
  ]);
  expect(codes.filter((code) => isFailedAttempt({ code, secretShown: true }))).toEqual([]);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
  ["2001:db8:1:2:300::", "2001:db8:1:2::/64"],
  ["::1", "::/64"],
  ["unknown", "unknown"],
  ["not:an:address", "not:an:address"],
])("an attempt from %s counts for %s", (address, subscriber) => {
  expect(subscriberOf(address)).toBe(subscriber);
});
