import { describe, expect, test } from "vitest";
import { isRefusal, problemOf } from "../../../src/core/refusal.ts";
import { holdsScope, holdsVaults, narrowed } from "../../../src/core/key/narrowing.ts";
import { formatScope, parseScope, type Scope } from "../../../src/core/policy/scope.ts";

function scope(text: string): Scope {
  const parsed = parseScope(text);
  if (isRefusal(parsed)) throw new Error(problemOf(parsed));
  return parsed;
}

function common(a: string, b: string): string[] {
  const one = { scopes: [scope(a)], vaults: "*" } as const;
  return narrowed(one, { scopes: [scope(b)], vaults: "*" }).scopes.map(formatScope);
}

describe("what a scope and a narrower one have in common is the narrower one", () => {
  test.each([
    ["*:*", "*:*"],
    ["*:*", "vault:read"],
    ["vault:*", "vault:write"],
    ["vault:read", "vault/vault_1:read"],
    ["vault/#:read", "vault/vault_1/balance:read"],
    ["vault/#/balance:read", "vault/vault_1/balance:read"],
    ["vault:read", "vault/#/balance:read"],
  ])("%s and %s", (wide, narrow) => {
    expect(holdsScope([scope(wide)], scope(narrow))).toBe(true);
    expect(common(wide, narrow)).toEqual([narrow]);
    expect(common(narrow, wide)).toEqual([narrow]);
  });
});

describe("scopes of which neither holds the other have in common what both cover", () => {
  test.each([
    ["vault/vault_1:*", "vault/#/balance:read", ["vault/vault_1/balance:read"]],
    ["vault/#/balance:*", "vault/vault_1:read", ["vault/vault_1/balance:read"]],
    ["vault:read", "vault:write", []],
    ["vault/vault_1:read", "vault/vault_2:read", []],
    ["vault:read", "network:read", []],
    ["vault/#/balance:read", "vault/vault_1/address:read", []],
  ])("%s and %s", (a, b, both) => {
    expect(holdsScope([scope(a)], scope(b))).toBe(false);
    expect(common(a, b)).toEqual(both);
    expect(common(b, a)).toEqual(both);
  });
});

test("a scope that another of those in common includes is left out", () => {
  const held = ["vault:read", "vault/vault_1:read", "vault:write"].map(scope);
  const { scopes } = narrowed({ scopes: held, vaults: "*" }, { scopes: [scope("vault:*")], vaults: "*" });
  expect(scopes.map(formatScope)).toEqual(["vault:read", "vault:write"]);
});

test.each([
  ["*", "*", true, "*"],
  ["*", ["a"], true, ["a"]],
  [["a"], "*", false, ["a"]],
  [["a", "b"], ["b"], true, ["b"]],
  [["a"], ["a", "b"], false, ["a"]],
  [["a"], ["b"], false, []],
] as const)("of vaults %j and %j the first holds the second: %s; both: %j", (a, b, holds, both) => {
  expect(holdsVaults(a, b)).toBe(holds);
  expect(narrowed({ scopes: [], vaults: a }, { scopes: [], vaults: b }).vaults).toEqual(both);
});
