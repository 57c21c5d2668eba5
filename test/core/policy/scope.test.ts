import { describe, expect, test } from "vitest";
import { invalid, isRefusal } from "../../../src/core/refusal.ts";
import { ACTIONS, covers, formatScope, parseScope, permits } from "../../../src/core/policy/scope.ts";

describe("the shorthand of a scope", () => {
  test.each([
    ["vault:read", "read", "vault"],
    ["*:*", "*", "*"],
    ["*:read", "read", "*"],
    ["vault/vault_1:write", "write", "vault/vault_1"],
    ["vault/#/balance:admin", "admin", "vault/#/balance"],
    ["vault/urn:vault:1:read", "read", "vault/urn:vault:1"],
    ["__proto__:read", "read", "__proto__"],
  ])("%s is read and written back", (input, action, resource) => {
    const scope = parseScope(input);
    expect(scope).toEqual({ action, resource });
    expect(isRefusal(scope) ? null : formatScope(scope)).toBe(input);
  });

  test.each([
    "",
    ":",
    "vault",
    "read",
    ":read",
    "vault:",
    "vault:READ",
    "vault:execute",
    "vault:constructor",
    "read:vault",
    "/vault:read",
    "vault/:read",
    "vault//balance:read",
    "vault/*:read",
    "*/balance:read",
    "**:read",
    "vault/##:read",
    "vault/a b:read",
    "vault/%41:read",
    'vault/a"b:read',
    "vault/a\\b:read",
    "vault/é:read",
    "vault/a\n:read",
    " vault:read",
    "vault:read ",
  ])("%j is refused with a problem", (input) => {
    expect(parseScope(input)).toEqual(invalid(expect.stringMatching(/./)));
  });
});

describe("a filter covers a resource when it is no longer and each segment is equal or #", () => {
  test.each([
    ["*", "vault", true],
    ["*", "vault/vault_1/balance", true],
    ["vault", "vault", true],
    ["vault", "vault/vault_1", true],
    ["vault", "vault/vault_1/balance", true],
    ["vault/vault_1", "vault/vault_1", true],
    ["vault/vault_1", "vault/vault_1/balance", true],
    ["vault/#/balance", "vault/vault_1/balance", true],
    ["vault/#", "vault/vault_1", true],
    ["vault/#", "vault/#", true],

    ["vault/vault_1", "vault", false],
    ["vault/#", "vault", false],
    ["vault/#/balance", "vault/vault_1", false],
    ["vault/#/balance", "vault/vault_1/address", false],
    ["vault/vault_1", "vault/vault_2", false],
    ["vault/vault_1", "vault/vault_10", false],
    ["vault/vault_1", "vault/VAULT_1", false],
    ["vault/vault_1", "vault/vault_1%2fbalance", false],
    ["vault/vault_1", "vault/#", false],
    ["vault/vault_1", "vault/*", false],
    ["vault/vault_1", "*", false],
    ["vault", "vaults/vault_1", false],
    ["vault", "", false],
  ])("%s, %s: %s", (filter, resource, expected) => {
    expect(covers(filter, resource)).toBe(expected);
  });
});

test("an action permits itself alone, and * permits every action", () => {
  for (const held of ACTIONS) {
    for (const needed of ACTIONS) {
      expect(permits({ action: held }, needed), `${held} for ${needed}`).toBe(
        held === needed || held === "*",
      );
    }
  }
});
