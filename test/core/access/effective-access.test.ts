import { POLICY_TABLE } from "#policy";
import { describe, expect, test } from "vitest";
import type { Grants } from "../../../src/core/access/access.ts";
import { reachesNothing, effectiveAccessOf } from "../../../src/core/access/effective-access.ts";
import { loadPolicy } from "../../../src/core/policy/route-policy.ts";
import { parseScope, type Scope } from "../../../src/core/policy/scope.ts";
import { compilePolicy } from "../../support/policy.ts";

const { operations } = loadPolicy(POLICY_TABLE);

function told(scopes: readonly string[], vaults: Grants["vaults"], ownerVaults: Grants["ownerVaults"] = "*") {
  const grants = { scopes: scopes.map((scope) => parseScope(scope) as Scope), vaults, ownerVaults };
  const reach = effectiveAccessOf(grants, operations);
  return Object.fromEntries(
    reach.operations.map(({ operation, on, shows }) => [
      operation.id,
      [Array.isArray(on) ? on.flat() : on, shows] as const,
    ]),
  );
}

const NOTHING_IN_PARTICULAR = [null, null];

describe("what a key reaches", () => {
  test("with a whole type on every vault: every operation, on any", () => {
    expect(told(["vault:read"], "*")).toEqual({
      listVaults: [null, "any"],
      getVault: ["any", null],
      listBalances: ["any", null],
      listTransactions: ["any", null],
      listAddresses: ["any", null],
      listNetworks: NOTHING_IN_PARTICULAR,
      listAssets: NOTHING_IN_PARTICULAR,
    });
  });

  test("on some vaults: those, in lists too", () => {
    const { listVaults, getVault, listBalances } = told(["vault:read"], ["vault_1", "vault_2"]);
    expect([listVaults, getVault, listBalances]).toEqual([
      [null, ["vault_1", "vault_2"]],
      [["vault_1", "vault_2"], null],
      [["vault_1", "vault_2"], null],
    ]);
  });

  test("on vaults that the owner may not all use: those that the owner may", () => {
    expect(told(["vault:read"], ["vault_1", "vault_2"], ["vault_2", "vault_3"])["getVault"]).toEqual([
      ["vault_2"],
      null,
    ]);
    expect(told(["vault:read"], "*", ["vault_3"])["getVault"]).toEqual([["vault_3"], null]);
  });

  test("with one view of any vault: that view, and no vault in the list", () => {
    const reach = told(["vault/#/balance:read"], "*");
    expect(reach["listBalances"]).toEqual(["any", null]);
    expect(reach["listVaults"]).toEqual([null, []]);
    expect(reach["getVault"]).toBeUndefined();
    expect(reach["listAddresses"]).toBeUndefined();
  });

  test("with scopes that name vaults: each what it names", () => {
    const reach = told(["vault/vault_1:read", "vault/vault_2/balance:read"], "*");
    expect(reach["getVault"]).toEqual([["vault_1"], null]);
    expect(reach["listBalances"]).toEqual([["vault_1", "vault_2"], null]);
    expect(reach["listVaults"]).toEqual([null, ["vault_1"]]);
  });

  test.each([
    ["another action", ["vault:write"], "*", "*"],
    ["no vault that the owner may use", ["vault:read"], ["vault_1"], ["vault_2"]],
    ["no scope", [], "*", "*"],
  ] as const)("with %s: nothing", (_, scopes, vaults, ownerVaults) => {
    expect(told(scopes, vaults, ownerVaults)).toEqual({});
  });
});

test("what is not reached is told as well", () => {
  const scope = parseScope("vault/#/balance:read") as Scope;
  const { unreached } = effectiveAccessOf({ scopes: [scope], vaults: "*", ownerVaults: "*" }, operations);
  expect(unreached.map(({ id }) => id)).toEqual(["getVault", "listTransactions", "listAddresses"]);
});

test.each([
  [999, false],
  [1000, true],
  [1200, true],
])("of %i ids and any other, more than can be told: %s", (count, shortened) => {
  const vaults = Array.from({ length: count }, (_, i) => `vault_${i}`);
  const scopes = [parseScope("vault:read") as Scope];
  const reach = effectiveAccessOf({ scopes, vaults, ownerVaults: "*" }, operations);
  expect(reach.shortened).toBe(shortened);
  expect(reach.operations.find(({ operation }) => operation.id === "getVault")?.on).toHaveLength(
    Math.min(count, 1000),
  );
});

describe("a key reaches nothing", () => {
  const nothing = (scopes: readonly string[], vaults: Grants["vaults"], ownerVaults: Grants["ownerVaults"]) =>
    reachesNothing(
      { scopes: scopes.map((scope) => parseScope(scope) as Scope), vaults, ownerVaults },
      operations,
    );

  test.each<[string, readonly string[], Grants["vaults"], Grants["ownerVaults"]]>([
    ["whose owner holds no role any more", ["vault:read"], "*", []],
    ["of whose vaults its owner may use none", ["vault:read"], ["vault_1"], ["vault_2"]],
    ["whose action no operation needs", ["vault:write", "*:admin"], "*", "*"],
    ["without a scope", [], "*", "*"],
  ])("%s", (_, ...grants) => {
    expect(nothing(...grants)).toBe(true);
    expect(told(...grants)).toEqual({});
  });

  test.each<[string, readonly string[], Grants["vaults"], Grants["ownerVaults"]]>([
    ["of any vault", ["vault:read"], "*", "*"],
    ["of one that is left", ["vault:read"], ["vault_1", "vault_2"], ["vault_2"]],
    ["by one scope of several", ["vault:write", "vault/vault_1/balance:read"], ["vault_1"], "*"],
    ["by a scope of everything", ["*:*"], ["vault_1"], ["vault_1"]],
  ])("but not one that reaches something %s", (_, ...grants) => {
    expect(nothing(...grants)).toBe(false);
    expect(told(...grants)).not.toEqual({});
  });
});

describe("of an API's few operations a key reaches", () => {
  const needs = (...alternatives: string[][]) => ({
    security: alternatives.map((scopes) => ({ key: scopes })),
  });
  const API = {
    openapi: "3.1.0",
    "x-portcullis-resources": { vault: { segments: [{ name: "vaultId" }] }, news: { segments: [] } },
  };
  const item = { get: { ...needs(["vault:read"]), "x-portcullis-resource": "vault/{id}" } };
  const two = { get: { ...needs(["vault:read"], ["news:read"]), "x-portcullis-resource": null } };

  const open = { get: { security: [{}, { key: ["news:read"] }], "x-portcullis-resource": null } };

  test.each<[string, object, readonly string[], Grants["vaults"], boolean]>([
    ["nothing by what anybody may call", { "/status": { get: { security: [] } } }, ["*:*"], "*", false],
    ["nothing by what anybody may call, or one with a scope", { "/news": open }, ["news:read"], "*", false],
    ["one by either scope", { "/news": two }, ["news:read"], "*", true],
    ["one vault by its id", { "/vaults/{id}": item }, ["vault/vault_1:read"], "*", true],
    ["one vault of several", { "/vaults/{id}": item }, ["vault/vault_2:read"], ["vault_1", "vault_2"], true],
    [
      "no vault that its list does not have",
      { "/vaults/{id}": item },
      ["vault/vault_1:read"],
      ["vault_2"],
      false,
    ],
  ])("%s", (_, paths, scopes, vaults, reaches) => {
    const own = compilePolicy({ ...API, paths }).operations;
    const grants = {
      scopes: scopes.map((scope) => parseScope(scope) as Scope),
      vaults,
      ownerVaults: "*" as const,
    };
    expect(reachesNothing(grants, own)).toBe(!reaches);
  });
});
