import { describe, expect, test } from "vitest";
import { keysOf } from "../../src/core/keys-of.ts";
import { isRefusal, refuse } from "../../src/core/refusal.ts";
import { REFUSALS, typeOf } from "../../src/core/refusal-table.ts";

/** What clients rely on: the status and the type of every code, and that there is no other. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  "400 invalid_request": ["invalid_path", "credential_in_url", "invalid_request"],
  "401 unauthorized": [
    "credential_missing",
    "credential_malformed",
    "api_key_invalid",
    "api_key_expired",
    "api_key_revoked",
    "api_key_disabled",
    "access_token_invalid",
    "access_token_expired",
    "identity_token_invalid",
    "mfa_required",
    "signature_invalid",
  ],
  "403 forbidden": ["ip_not_allowed", "insufficient_scope", "access_withdrawn", "role_required"],
  "404 not_found": ["not_found"],
  "405 invalid_request": ["method_not_allowed"],
  "409 invalid_request": ["key_limit_reached", "not_bootstrapped", "already_exists"],
  "412 invalid_request": ["version_conflict"],
  "413 invalid_request": ["payload_too_large"],
  "415 invalid_request": ["unsupported_media_type"],
  "422 invalid_request": ["invalid_value"],
  "429 rate_limited": ["rate_limited", "too_many_failures"],
  "500 internal_error": ["internal_error"],
  "503 internal_error": [
    "origin_unavailable",
    "origin_timeout",
    "admission_unavailable",
    "identity_provider_unavailable",
  ],
};

test("every code has the status and the type that clients rely on, and there is no other code", () => {
  const entries = keysOf(REFUSALS).map((code) => [code, `${REFUSALS[code].status} ${typeOf(code)}`]);
  const expected = Object.entries(TABLE).flatMap(([kind, codes]) => codes.map((code) => [code, kind]));
  expect(Object.fromEntries(entries)).toEqual(Object.fromEntries(expected));
});

describe.each(Object.entries(REFUSALS))("%s", (_, entry) => {
  test.each(["message", "cause", "remedy", "retry"] as const)("says its %s in whole sentences", (field) => {
    expect(entry[field]).toMatch(/^[A-Z`].*[.]$/s);
  });
});

test("only what has a code out of the table is a refusal", () => {
  expect(isRefusal(refuse("not_found"))).toBe(true);
  for (const other of [{}, { code: "vault_1" }, { code: 404 }, { code: "toString" }, { status: 404 }, []]) {
    expect(isRefusal(other)).toBe(false);
  }
});
