import { expect, test } from "vitest";
import { identityClaims, identityHeaders } from "../../../src/core/http/identity-headers.ts";
import type { KeyRecord, VaultSet } from "../../../src/core/key/key-record.ts";
import { makeRecord } from "../../support/records.ts";

function headersOf(changes: Partial<KeyRecord>, vaults: VaultSet): Record<string, string> {
  return Object.fromEntries(identityHeaders(makeRecord({ id: "key_1", ...changes }).record, vaults));
}

test("the origin learns the key, its organisation, its owner, its scopes and the vaults it may reach now", () => {
  const scopes = [
    { action: "read", resource: "vault/#/balance" },
    { action: "*", resource: "*" },
  ] as const;
  expect(
    headersOf({ orgId: "org_1", ownerId: "alice@example.com", scopes, vaults: "*" }, ["vault_1", "vault_2"]),
  ).toEqual({
    "X-Portcullis-Key-Id": "key_1",
    "X-Portcullis-Org-Id": "org_1",
    "X-Portcullis-Owner-Id": "alice@example.com",
    "X-Portcullis-Scopes": "vault/#/balance:read *:*",
    "X-Portcullis-Vaults": "vault_1 vault_2",
  });
});

test.each<[string, VaultSet, string]>([
  ["every vault is a star", "*", "*"],
  ["no vault is an empty list", [], ""],
])("%s", (_, vaults, value) => {
  expect(headersOf({}, vaults)["X-Portcullis-Vaults"]).toBe(value);
});

test.each([
  ["alice smith", "alice%20smith"],
  ["100%", "100%25"],
  ["%41", "%2541"],
  ["Zoë", "Zo%C3%AB"],
  ["东京🗝", "%E4%B8%9C%E4%BA%AC%F0%9F%97%9D"],
  ["a\r\nX-Portcullis-Org-Id: org_2", "a%0D%0AX-Portcullis-Org-Id:%20org_2"],
  ["\u0000\u007f", "%00%7F"],
  ["auth0|5f7c", "auth0|5f7c"],
  ["half \ud800 a pair", "half%20%EF%BF%BD%20a%20pair"],
])("an owner called %j is told in characters that a header can carry", (ownerId, value) => {
  const headers = headersOf({ ownerId }, "*");
  expect(headers["X-Portcullis-Owner-Id"]).toBe(value);
  expect([...new Headers(headers)]).toHaveLength(5);
});

test.each<[VaultSet, readonly string[]]>([
  ["*", ["*"]],
  [
    ["vault_1", "vault_2"],
    ["vault_1", "vault_2"],
  ],
])("a signed statement says the same: vaults %j", (vaults, claimed) => {
  const scopes = [
    { action: "read", resource: "vault/#/balance" },
    { action: "*", resource: "*" },
  ] as const;
  const { record } = makeRecord({ id: "key_1", orgId: "org_1", ownerId: "Zoë", scopes });
  expect(identityClaims(record, vaults)).toEqual({
    sub: "key_1",
    org_id: "org_1",
    owner_id: "Zoë",
    scope: "vault/#/balance:read *:*",
    vaults: claimed,
  });
});
