import { describe, expect, test } from "vitest";
import { isRefusal, problemOf } from "../../../src/core/refusal.ts";
import { compileAccess, effectiveVaults, type Grants } from "../../../src/core/access/access.ts";
import type { VaultSet } from "../../../src/core/key/key-record.ts";
import { parseScope } from "../../../src/core/policy/scope.ts";
import { compilePolicy, matchOf } from "../../support/policy.ts";

const policy = compilePolicy({
  openapi: "3.1.0",
  components: { securitySchemes: { key: {} } },
  "x-portcullis-resources": {
    vault: { segments: [{ name: "vaultId" }, { name: "view", values: ["balance", "address"] }] },
    asset: { segments: [{ name: "assetId" }] },
    repos: { segments: ["owner", "repo", "part", "id"].map((name) => ({ name })) },
  },
  paths: {
    "/vaults": {
      get: {
        security: [{ key: ["vault:read"] }],
        "x-portcullis-list": { items: "data", id: "id", resource: "vault/{id}" },
      },
      post: { security: [{ key: ["vault:write"] }], "x-portcullis-resource": "vault" },
    },
    "/vaults/{vaultId}": {
      get: { security: [{ key: ["vault:read"] }], "x-portcullis-resource": "vault/{vaultId}" },
      delete: {
        security: [{ key: ["*:admin"] }, { key: ["vault:write", "asset:write"] }],
        "x-portcullis-resource": "vault/{vaultId}",
      },
    },
    "/vaults/{vaultId}/balances": {
      get: {
        security: [{ key: ["vault/#/balance:read"] }],
        "x-portcullis-resource": "vault/{vaultId}/balance",
      },
    },
    "/vaults/{vaultId}/views": {
      get: {
        security: [{ key: ["vault:read"] }],
        "x-portcullis-list": { items: "data", id: "name", resource: "vault/{vaultId}/{id}" },
      },
    },
    "/assets": {
      get: {
        security: [{ key: ["asset:read"] }],
        "x-portcullis-list": { items: "data", id: "id", resource: "asset/{id}" },
      },
    },
    "/reports/{vaultId}": { get: { "x-portcullis-scopes": ["vault/{vaultId}:read"] } },
    "/exports/{vaultId}": {
      get: { "x-portcullis-scopes": ["vault/{vaultId}:read"], "x-portcullis-resource": null },
    },
    "/audits/{vaultId}/{assetId}": {
      get: { "x-portcullis-scopes": ["asset/{assetId}:read", "vault/{vaultId}/balance:read"] },
    },
    "/statements/{vaultId}": { get: { security: [{ key: ["vault:read"] }] } },
    "/sheets/{vaultId}": { get: { security: [{ key: ["vault/#/balance:read"] }] } },
    "/repos/{owner}/{repo}/issues": {
      get: {
        "x-portcullis-list": { items: "issues", id: "n", resource: "repos/{owner}/{repo}/issues/{id}" },
        "x-portcullis-scopes": ["repos:read"],
      },
      delete: {
        "x-portcullis-list": { items: "issues", id: "n", resource: "repos/{owner}/{repo}/issues/{id}" },
        "x-portcullis-scopes": ["repos:write"],
      },
    },
    "/repos/{owner}": {
      get: {
        "x-portcullis-list": { items: "repos", id: "name", resource: "repos/{owner}/{id}" },
        "x-portcullis-scopes": ["repos:read"],
      },
    },
    "/networks": { get: { security: [{ key: ["vault:read"] }], "x-portcullis-resource": null } },
  },
});

function grants(scopes: string, vaults: VaultSet = "*", ownerVaults: VaultSet = "*"): Grants {
  const parsed = scopes.split(" ").map((text) => {
    const scope = parseScope(text);
    if (isRefusal(scope)) throw new Error(`${text}: ${problemOf(scope)}`);
    return scope;
  });
  return { scopes: parsed, vaults, ownerVaults };
}

function decide(request: string, granted: Grants) {
  const [method = "", path = ""] = request.split(" ");
  const match = matchOf(policy, method, path);
  if (match === null) throw new Error(`${request} is not in the document`);
  return compileAccess(granted).decide(match.operation, match.params);
}

/** The code of a refusal, or `allowed`. */
function outcome(request: string, granted: Grants): string {
  const decision = decide(request, granted);
  return "code" in decision ? decision.code : decision.kind;
}

/** Which of these ids a list shows. */
function shown(request: string, granted: Grants, ids: readonly string[]): readonly string[] {
  const decision = decide(request, granted);
  if ("code" in decision) throw new Error(`${request} is refused: ${decision.code}`);
  return decision.visible === null ? ids : ids.filter(decision.visible);
}

describe("the scopes decide", () => {
  const V1 = "GET /vaults/vault_1";
  const BALANCES = "GET /vaults/vault_1/balances";
  test.each([
    // The action.
    [V1, "vault:read", "allowed"],
    [V1, "vault:*", "allowed"],
    [V1, "*:read", "allowed"],
    [V1, "*:*", "allowed"],
    [V1, "vault:write", "insufficient_scope"],
    [V1, "vault:admin", "insufficient_scope"],
    [V1, "*:write vault:admin", "insufficient_scope"],
    [V1, "asset:read", "insufficient_scope"],
    [V1, "asset:read vault:write", "insufficient_scope"],
    // The resource: a narrower filter holds the scope, but only for what it covers.
    [V1, "vault/vault_1:read", "allowed"],
    [V1, "vault/#:read", "allowed"],
    [V1, "vault/vault_2:read", "not_found"],
    [V1, "vault/vault_2:read vault/vault_1:read", "allowed"],
    [V1, "vault/vault_1/balance:read", "not_found"],
    [V1, "vault/#/#:read", "not_found"],
    [V1, "vault/vault_2:read vault/vault_1:write", "not_found"],
    [BALANCES, "vault:read", "allowed"],
    [BALANCES, "vault/vault_1:read", "allowed"],
    [BALANCES, "vault/vault_1/balance:read", "allowed"],
    [BALANCES, "vault/#/balance:read", "allowed"],
    [BALANCES, "vault/#/#:read", "allowed"],
    [BALANCES, "vault/vault_2/balance:read", "not_found"],
    [BALANCES, "vault/#/balance:write", "insufficient_scope"],
    [BALANCES, "vault/#/address:read", "insufficient_scope"],
    // Data that is the same for everyone needs the scope alone.
    ["GET /networks", "vault:read", "allowed"],
    ["GET /networks", "vault/vault_1/address:read", "allowed"],
    ["GET /networks", "asset:read", "insufficient_scope"],
    // Alternatives, each with all of its scopes; a required * is held by nothing less.
    ["DELETE /vaults/vault_1", "*:admin", "allowed"],
    ["DELETE /vaults/vault_1", "vault:admin asset:admin", "insufficient_scope"],
    ["DELETE /vaults/vault_1", "vault:write asset:write", "allowed"],
    ["DELETE /vaults/vault_1", "vault:write asset/btc:write", "allowed"],
    ["DELETE /vaults/vault_1", "vault:write", "insufficient_scope"],
    ["DELETE /vaults/vault_1", "vault:write asset:read", "insufficient_scope"],
    ["DELETE /vaults/vault_1", "vault/vault_2:write asset:write", "not_found"],
    ["DELETE /vaults/vault_1", "vault/vault_2:write vault/vault_1:admin asset:write", "not_found"],
  ])("%s with %s: %s", (request, scopes, expected) => {
    expect(outcome(request, grants(scopes))).toBe(expected);
  });

  test("a refusal names all scopes of the first alternative", () => {
    expect(decide("GET /vaults/vault_1", grants("asset:read"))).toEqual({
      code: "insufficient_scope",
      scope: "vault:read",
    });
    expect(decide("DELETE /vaults/vault_1", grants("asset:read"))).toMatchObject({ scope: "*:admin" });
  });

  test("no scopes allow nothing", () => {
    const none: Grants = { scopes: [], vaults: "*", ownerVaults: "*" };
    for (const { method, template } of policy.operations) {
      const request = `${method} ${template.replaceAll(/\{\w+\}/g, "vault_1")}`;
      expect(outcome(request, none), request).toBe("insufficient_scope");
    }
  });
});

describe("vaults: the key's list, as far as the owner's roles reach", () => {
  const cases: readonly [VaultSet, VaultSet, VaultSet][] = [
    ["*", "*", "*"],
    ["*", ["vault_1"], ["vault_1"]],
    [["vault_1"], "*", ["vault_1"]],
    [["vault_1", "vault_2"], ["vault_2", "vault_3"], ["vault_2"]],
    [["vault_1"], ["vault_2"], []],
    ["*", [], []],
    [[], "*", []],
    [["vault_1"], [], []],
    [["constructor"], ["vault_1"], []],
  ];
  test.each(cases)("%j of %j is %j", (vaults, ownerVaults, expected) => {
    expect(effectiveVaults({ vaults, ownerVaults })).toEqual(expected);
    expect(compileAccess(grants("vault:read", vaults, ownerVaults)).effectiveVaults).toEqual(expected);
  });

  test.each(cases)(
    "the key's list %j and the owner's vaults %j give %j and no other",
    (vaults, owned, expected) => {
      for (const id of ["vault_1", "vault_2", "vault_3", "vault_4", "constructor"]) {
        const seen = expected === "*" || expected.includes(id);
        const refusal = expected.length === 0 ? "access_withdrawn" : "not_found";
        for (const request of [`GET /vaults/${id}`, `GET /vaults/${id}/balances`]) {
          for (const scopes of ["vault:read", "*:*", `vault/${id}:read`]) {
            const granted = grants(scopes, vaults, owned);
            expect(outcome(request, granted), `${request} with ${scopes}`).toBe(seen ? "allowed" : refusal);
          }
        }
      }
    },
  );

  test("an allowed vault still needs a filter that covers it, and a covered one still needs to be allowed", () => {
    const granted = grants("vault/vault_1:read", ["vault_1", "vault_2"], ["vault_1", "vault_2"]);
    expect(outcome("GET /vaults/vault_1", granted)).toBe("allowed");
    expect(outcome("GET /vaults/vault_2", granted)).toBe("not_found");
    expect(outcome("GET /vaults/vault_3", grants("vault/vault_3:read", ["vault_1"]))).toBe("not_found");
  });

  test("what is about all vaults takes a credential that reaches all", () => {
    expect(outcome("POST /vaults", grants("vault:write"))).toBe("allowed");
    expect(outcome("POST /vaults", grants("vault:write", ["vault_1"]))).toBe("not_found");
    expect(outcome("POST /vaults", grants("vault:write", "*", ["vault_1"]))).toBe("not_found");
    expect(outcome("POST /vaults", grants("vault/vault_1:write"))).toBe("not_found");
  });

  test.each<[string, string, VaultSet, string]>([
    // A scope that names the vault is held to the allowlist, whatever the path's resource is.
    ["GET /reports/vault_1", "vault:read", ["vault_1"], "allowed"],
    ["GET /reports/vault_2", "vault:read", ["vault_1"], "not_found"],
    ["GET /reports/vault_2", "*:*", ["vault_1"], "not_found"],
    ["GET /reports/vault_2", "vault:read", "*", "allowed"],
    ["GET /exports/vault_1", "vault:read", ["vault_1"], "allowed"],
    ["GET /exports/vault_2", "vault:read", ["vault_1"], "not_found"],
    ["GET /audits/vault_1/btc", "asset:read vault:read", ["vault_1"], "allowed"],
    ["GET /audits/vault_2/btc", "asset:read vault:read", ["vault_1"], "not_found"],
    // A scope that names none says nothing of the resource, so it takes all vaults.
    ["GET /statements/vault_1", "vault:read", "*", "allowed"],
    ["GET /statements/vault_1", "vault:read", ["vault_1"], "not_found"],
    ["GET /statements/vault_2", "vault:read", ["vault_1"], "not_found"],
    ["GET /statements/vault_2", "*:*", ["vault_1"], "not_found"],
    ["GET /sheets/vault_2", "vault:read", "*", "allowed"],
    ["GET /sheets/vault_2", "vault:read", ["vault_1"], "not_found"],
  ])("%s with %s on %j: %s", (request, scopes, vaults, expected) => {
    expect(outcome(request, grants(scopes, vaults))).toBe(expected);
    if (vaults === "*") return;
    expect(outcome(request, grants(scopes, "*", vaults))).toBe(expected);
  });

  test("a resource of another type is no matter of vaults", () => {
    expect(shown("GET /assets", grants("asset:read", ["vault_1"]), ["btc", "vault_2"])).toEqual([
      "btc",
      "vault_2",
    ]);
  });
});

describe("withdrawal", () => {
  const withdrawn: readonly [VaultSet, VaultSet][] = [
    ["*", []],
    [["vault_1"], []],
    [["vault_1"], ["vault_2"]],
  ];
  test.each(withdrawn)("a key for %j of an owner of %j reaches nothing", (vaults, ownerVaults) => {
    const granted = grants("*:*", vaults, ownerVaults);
    for (const request of [
      "GET /vaults",
      "GET /vaults/vault_1",
      "GET /assets",
      "GET /networks",
      "POST /vaults",
    ]) {
      expect(outcome(request, granted), request).toBe("access_withdrawn");
    }
  });

  test("a missing scope is told first", () => {
    expect(outcome("GET /networks", grants("asset:read", ["vault_1"], []))).toBe("insufficient_scope");
  });

  test("one vault that is left is enough for data that is the same for everyone", () => {
    expect(outcome("GET /networks", grants("vault:read", ["vault_1", "vault_2"], ["vault_2"]))).toBe(
      "allowed",
    );
  });
});

describe("a parameter is compared as it was sent, and is never a wildcard", () => {
  test.each([
    "%23",
    "*",
    "vault_1%2Fbalance",
    "vault%5f1",
    "Vault_1",
    "vault_1:",
    "__proto__",
    "constructor",
    ".",
  ])("%s is not vault_1", (id) => {
    expect(outcome(`GET /vaults/${id}`, grants("vault/vault_1:read"))).toBe("not_found");
    expect(outcome(`GET /vaults/${id}`, grants("vault:read", ["vault_1"]))).toBe("not_found");
  });

  test.each(["#", "*", ""])("nor would %j be, had it come through", (vaultId) => {
    const operation = matchOf(policy, "GET", "/vaults/vault_1")?.operation;
    if (operation === undefined) throw new Error("The operation is missing");
    for (const granted of [grants("vault/vault_1:read"), grants("vault:read", ["vault_1"])]) {
      expect(compileAccess(granted).decide(operation, { vaultId })).toEqual({ code: "not_found" });
    }
  });
});

describe("a list shows the items that the credential may see", () => {
  const IDS = ["vault_1", "vault_2", "vault_3", "", "#", "*", "vault_1/balance", "__proto__"];
  const cases: readonly [string, VaultSet, VaultSet, readonly string[]][] = [
    ["vault:read", ["vault_1"], "*", ["vault_1"]],
    ["vault:read", "*", ["vault_2", "vault_3"], ["vault_2", "vault_3"]],
    ["vault:read", ["vault_1", "vault_2"], ["vault_2"], ["vault_2"]],
    ["vault/vault_1:read", "*", "*", ["vault_1"]],
    ["vault/vault_1:read vault/vault_3:*", "*", "*", ["vault_1", "vault_3"]],
    ["vault/vault_1:read vault/vault_3:write", "*", "*", ["vault_1"]],
    ["vault/vault_1:read", ["vault_2"], "*", []],
    ["vault/#:read", ["vault_2"], "*", ["vault_2"]],
    ["vault/#/balance:read", "*", "*", []],
  ];
  test.each(cases)("%s on %j of %j: %j", (scopes, vaults, ownerVaults, expected) => {
    expect(shown("GET /vaults", grants(scopes, vaults, ownerVaults), IDS)).toEqual(expected);
  });

  test.each(["vault:read", "*:*", "vault/#:read"])(
    "and needs no filtering with %s on every vault",
    (scopes) => {
      expect(decide("GET /vaults", grants(scopes))).toEqual({ kind: "allowed", visible: null });
    },
  );

  test.each<[string, VaultSet, string[]]>([
    ["vault:read", "*", ["balance", "address"]],
    ["vault:read", ["vault_1"], ["balance", "address"]],
    ["vault/vault_1:read", "*", ["balance", "address"]],
    ["vault/#/balance:read", "*", ["balance"]],
    ["vault/vault_1/balance:read vault/vault_2:read", "*", ["balance"]],
  ])("and what is inside of a vault that the path names: %s on %j: %j", (scopes, vaults, expected) => {
    const granted = grants(scopes, vaults);
    expect(shown("GET /vaults/vault_1/views", granted, ["balance", "address"])).toEqual(expected);
  });

  test.each<[string, VaultSet, string, string]>([
    ["vault:read", ["vault_2"], "GET /vaults/vault_1/views", "not_found"],
    ["vault/vault_2/balance:read", "*", "GET /vaults/vault_1/views", "not_found"],
    ["vault/vault_1:read", ["vault_2"], "GET /vaults/vault_1/views", "not_found"],
    ["vault/vault_2:read vault/vault_1:write", "*", "GET /vaults/vault_1/views", "not_found"],
    ["repos/octocat/hello:*", "*", "GET /repos/evil/other/issues", "not_found"],
    ["repos/octocat/hello:*", "*", "DELETE /repos/evil/other/issues", "not_found"],
    ["repos/octocat/hello:*", "*", "DELETE /repos/octocat/other/issues", "not_found"],
    ["repos/octocat/hello:*", "*", "GET /repos/octocat/hello/issues", "allowed"],
    ["repos/octocat/hello/issues/7:*", "*", "DELETE /repos/octocat/hello/issues", "allowed"],
    ["repos/octocat/hello/pulls:*", "*", "GET /repos/octocat/hello/issues", "not_found"],
    ["repos/#/hello:*", "*", "GET /repos/evil/hello/issues", "allowed"],
    ["repos/#/hello:*", "*", "GET /repos/evil/other/issues", "not_found"],
    ["repos/octocat/hello:*", "*", "GET /repos/octocat", "allowed"],
    ["repos/octocat/hello:*", "*", "GET /repos/evil", "not_found"],
    ["repos:*", "*", "GET /repos/evil/other/issues", "allowed"],
    ["*:*", ["vault_1"], "GET /repos/evil/other/issues", "allowed"],
  ])(
    "%s on %j: the list %s, where another place is not found, is %s",
    (scopes, vaults, request, expected) => {
      expect(outcome(request, grants(scopes, vaults))).toBe(expected);
    },
  );

  test("an operation that is no list has nothing to filter", () => {
    expect(decide("GET /networks", grants("vault:read", ["vault_1"]))).toEqual({
      kind: "allowed",
      visible: null,
    });
  });
});

test("what is public by its document alone takes no scope and no role; a credential that is sent is looked at", () => {
  const nobody = compileAccess({ scopes: [], vaults: [], ownerVaults: [] });
  const { operations } = compilePolicy({
    openapi: "3.1.0",
    "x-portcullis-resources": { news: { segments: [] } },
    paths: {
      "/status": { get: { security: [] } },
      "/news": { get: { security: [{}, { key: ["news:read"] }], "x-portcullis-resource": null } },
    },
  });
  const decisions = operations.map((operation) => nobody.decide(operation, {}));
  expect(operations.map((operation) => operation.public)).toEqual([true, true]);
  expect(decisions).toEqual([
    { kind: "allowed", visible: null },
    expect.objectContaining({ code: "insufficient_scope" }),
  ]);
});
