import { POLICY_TABLE } from "#policy";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileAccess, type Grants } from "../../../src/core/access/access.ts";
import { reachesNothing, effectiveAccessOf } from "../../../src/core/access/effective-access.ts";
import { loadPolicy } from "../../../src/core/policy/route-policy.ts";
import { parseScope, type Scope } from "../../../src/core/policy/scope.ts";
import { isRefusal } from "../../../src/core/refusal.ts";
import { always } from "../../support/fuzz.ts";
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

describe("on paths with several parameters a key reaches", () => {
  const grantsOf = (scopes: readonly string[], vaults: Grants["vaults"] = "*"): Grants => ({
    scopes: scopes.map((scope) => parseScope(scope) as Scope),
    vaults,
    ownerVaults: "*",
  });

  test("what its scopes name together, however many they are", () => {
    const paths = { "/repos/{owner}/{repo}/hooks/{id}": { get: {} } };
    const own = compilePolicy({ openapi: "3.1.0", paths }).operations;
    const pairs = Array.from({ length: 50 }, (_, i) => [`owner${i}`, `repo${i}`] as const);
    const { operations: reached, shortened } = effectiveAccessOf(
      grantsOf(pairs.map((pair) => `repos/${pair.join("/")}:read`)),
      own,
    );
    expect(reached.map(({ on }) => on)).toEqual([pairs.map((pair) => [...pair, ""])]);
    expect(shortened).toBe(false);
  });

  test("a thing of the last of its many vaults", () => {
    const paths = { "/vault/{vaultId}/orders/{order}/items/{item}": { get: {} } };
    const own = compilePolicy({ openapi: "3.1.0", paths }).operations;
    const vaults = Array.from({ length: 150 }, (_, i) => `vault_${i}`);
    expect(reachesNothing(grantsOf(["vault/vault_149/orders/o1:read"], vaults), own)).toBe(false);
  });

  test("just what the gateway would let through", () => {
    const own = compilePolicy({
      openapi: "3.1.0",
      paths: {
        "/vault/{v}/orders/{o}": { get: {} },
        "/vault/{v}/{o}/{v2}": { get: { "x-portcullis-resource": "vault/{v2}/{o}" } },
        "/moves/{from}/{to}": {
          get: {
            "x-portcullis-scopes": ["vault/{from}:read", "vault/{to}/orders:read"],
            "x-portcullis-resource": null,
          },
        },
        "/lists/{v}": {
          get: {
            "x-portcullis-scopes": ["vault:read"],
            "x-portcullis-list": { items: "data", id: "id", resource: "vault/{v}/{id}" },
          },
        },
        "/files/{path}/end": {
          parameters: [{ name: "path", in: "path", "x-portcullis-many-segments": true }],
          get: {},
        },
      },
    }).operations;
    const VALUES = ["a", "b", "orders", "end", "unnamed"];
    const LONG = [1, 2, 3, 4].flatMap((length) => everyWay(length, VALUES).map((way) => way.join("/")));
    const segment = fc.constantFrom("a", "b", "orders", "end", "#");
    const scope = fc
      .tuple(fc.constantFrom("vault", "files", "moves"), fc.array(segment, { maxLength: 4 }))
      .map(([type, segments]) => `${[type, ...segments].join("/")}:read`);
    const someVaults = fc.oneof(fc.constant("*" as const), fc.subarray(["a", "b"], { minLength: 1 }));
    always(
      fc.tuple(fc.array(scope, { maxLength: 4 }), someVaults),
      ([scopes, vaults]) => {
        const grants = grantsOf(scopes, vaults);
        const access = compileAccess(grants);
        const isReached = (operation: (typeof own)[number]) =>
          everyWay(operation.accessParams.length, operation.id.includes("files") ? LONG : VALUES).some(
            (values) => {
              const params = operation.accessParams.map((name, i) => [name, values[i] ?? ""] as const);
              return !isRefusal(access.decide(operation, Object.fromEntries(params)));
            },
          );
        const reached = own.filter(isReached).map(({ id }) => id);
        expect(effectiveAccessOf(grants, own).operations.map(({ operation }) => operation.id)).toEqual(
          reached,
        );
        expect(reachesNothing(grants, own)).toBe(reached.length === 0);
      },
      300,
    );
  });
});

function everyWay(places: number, values: readonly string[]): string[][] {
  if (places === 0) return [[]];
  return everyWay(places - 1, values).flatMap((way) => values.map((value) => [...way, value]));
}
