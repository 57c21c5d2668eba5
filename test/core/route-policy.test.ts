import { describe, expect, test } from "vitest";
import sample from "../../src/core/api.openapi.json" with { type: "json" };
import { compilePolicy, PolicyError } from "../../src/core/route-policy.ts";
import type { Action } from "../../src/core/scope.ts";
import { matchOf } from "../support/policy.ts";

type Members = Record<string, unknown>;

const READ = [{ key: ["vault:read"] }];
const RESOURCES = {
  vault: { segments: [{ name: "vaultId" }, { name: "view", values: ["balance", "address"] }] },
  asset: { segments: [{ name: "assetId" }] },
  constructor: { segments: [] },
};

function documentOf(paths: unknown, root: Members = {}): Members {
  return {
    openapi: "3.1.0",
    components: { securitySchemes: { key: {}, token: {} } },
    "x-portcullis-resources": RESOURCES,
    paths,
    ...root,
  };
}

/** A document with the one operation `GET <path>`. */
function documentWith(operation: Members, path = "/v1/vaults/{vaultId}", root: Members = {}): Members {
  return documentOf({ [path]: { get: { security: READ, ...operation } } }, root);
}

function onlyOperation(document: Members) {
  const [operation] = compilePolicy(document).operations;
  if (operation === undefined) throw new Error("The document has no operation");
  return operation;
}

describe("a mistake in the document is named together with its operation", () => {
  const date = "2026-01-01";
  const list = { items: "data", id: "id", resource: "vault/{id}" };
  test.each<[string, Members, string, string?]>([
    ["no security", { security: undefined }, "security must name the scopes"],
    ["security that is waived", { security: [] }, "security must name the scopes"],
    [
      "an anonymous alternative",
      { security: [...READ, {}] },
      "each alternative of security must name a scope",
    ],
    ["a scheme without scopes", { security: [{ key: [] }] }, "must name a scope"],
    ["an undeclared scheme", { security: [{ other: ["vault:read"] }] }, "security scheme other"],
    ["an inherited scheme", { security: [{ toString: ["vault:read"] }] }, "security scheme toString"],
    ["security that is no list", { security: { key: ["vault:read"] } }, "security: "],
    ["a scope without action", { security: [{ key: ["vault"] }] }, "scope vault: "],
    ["an unknown action", { security: [{ key: ["vault:see"] }] }, "scope vault:see: "],
    ["an undeclared type", { security: [{ key: ["wallet:read"] }] }, "wallet is not a resource type"],
    ["an inherited type", { security: [{ key: ["toString:read"] }] }, "toString is not a resource type"],
    ["a scope that is too deep", { security: [{ key: ["vault/#/balance/x:read"] }] }, "Too many segments"],
    ["a scope outside the values", { security: [{ key: ["vault/#/owner:read"] }] }, "owner is not a view"],

    ["a resource of an undeclared type", { "x-portcullis-resource": "wallet/{vaultId}" }, "wallet is not"],
    ["a type that is a parameter", { "x-portcullis-resource": "{vaultId}/x" }, "is not a resource type"],
    ["an unknown parameter", { "x-portcullis-resource": "vault/{id}" }, "{id}, which is not in the path"],
    ["a resource that is too deep", { "x-portcullis-resource": "vault/{vaultId}/balance/x" }, "Too many"],
    ["a resource outside the values", { "x-portcullis-resource": "vault/{vaultId}/owner" }, "not a view"],
    ["a wildcard resource", { "x-portcullis-resource": "vault/#" }, "without wildcards"],
    ["everything as resource", { "x-portcullis-resource": "*" }, "without wildcards"],
    ["an empty segment in a resource", { "x-portcullis-resource": "vault/" }, "no empty segments"],
    ["half a segment as parameter", { "x-portcullis-resource": "vault/v{vaultId}" }, "segment of a resource"],
    ["a resource that is no text", { "x-portcullis-resource": ["vault"] }, "x-portcullis-resource"],
    [
      "a resource of a type that no scope is for",
      { security: [...READ, { key: ["asset:read"] }], "x-portcullis-resource": "vault/{vaultId}" },
      "each alternative of security must name a scope of type vault",
    ],
    ["a misspelled member", { "x-portcullis-resourse": "vault/{vaultId}" }, "x-portcullis-resourse"],

    ["a list without items", { "x-portcullis-list": { ...list, items: undefined } }, "list: items"],
    [
      "a list without a resource",
      { "x-portcullis-list": { ...list, resource: undefined } },
      "list: resource",
    ],
    ["a list with more", { "x-portcullis-list": { ...list, item: "x" } }, "x-portcullis-list"],
    ["a broken path to the items", { "x-portcullis-list": { ...list, items: "a..b" } }, "list: items"],
    ["a list of one thing", { "x-portcullis-list": { ...list, resource: "vault/{vaultId}" } }, "{id}"],
    ["a list of an undeclared type", { "x-portcullis-list": { ...list, resource: "wallet/{id}" } }, "wallet"],
    ["a list of a type without scope", { "x-portcullis-list": { ...list, resource: "asset/{id}" } }, "asset"],
    ["two ids in a list", { "x-portcullis-list": list }, "x-portcullis-list: {id}", "/v1/vaults/{id}/x"],

    ["deprecated without a date", { deprecated: true }, "needs x-portcullis-deprecation"],
    ["a date without deprecated", { "x-portcullis-deprecation": date }, "needs deprecated: true"],
    ["a sunset without deprecated", { "x-portcullis-sunset": date }, "needs deprecated: true"],
    ["no such day", { deprecated: true, "x-portcullis-deprecation": "2026-02-30" }, "RFC 3339"],
    ["another notation", { deprecated: true, "x-portcullis-deprecation": "1 Jan 2026" }, "RFC 3339"],
    ["no offset", { deprecated: true, "x-portcullis-deprecation": `${date}T00:00:00` }, "RFC 3339"],
    ["no seconds", { deprecated: true, "x-portcullis-deprecation": `${date}T00:00Z` }, "RFC 3339"],
    [
      "a sunset that is too early",
      { deprecated: true, "x-portcullis-deprecation": date, "x-portcullis-sunset": "2025-12-31" },
      "x-portcullis-sunset is before",
    ],
    ["a link to nowhere", { "x-portcullis-deprecation-link": "/docs" }, "x-portcullis-deprecation-link"],
    ["a script as link", { "x-portcullis-deprecation-link": "javascript:alert(1)" }, "deprecation-link"],

    ["a path without slash", {}, "starts with /", "v1/vaults"],
    ["a trailing slash", {}, "no canonical path", "/v1/vaults/"],
    ["an empty segment", {}, "no canonical path", "/v1//vaults"],
    ["a dot segment", {}, "no canonical path", "/v1/../vaults"],
    ["a query", {}, "no canonical path", "/v1/vaults?x"],
    ["an escape of a letter", {}, "no canonical path", "/v1/%41"],
    ["a parameter after text", {}, "as a whole", "/v1/vault-{vaultId}"],
    ["a parameter before text", {}, "as a whole", "/v1/{vaultId}.json"],
    ["two parameters in a segment", {}, "as a whole", "/v1/{a}{b}"],
    ["a parameter without a name", {}, "as a whole", "/v1/{}"],
    ["a parameter twice", {}, "the same name", "/v1/{a}/{a}"],
    ["the gateway's own path", {}, "the gateway's own", "/-/healthz"],
    ["the gateway's own metadata", {}, "the gateway's own", "/.well-known/jwks.json"],
  ])("%s", (_mistake, operation, message, path = "/v1/vaults/{vaultId}") => {
    const compile = () => compilePolicy(documentWith(operation, path));
    expect(compile).toThrow(PolicyError);
    expect(compile).toThrow(`GET ${path}: `);
    expect(compile).toThrow(message);
  });

  test("an operation that is no object", () => {
    const document = documentOf({ "/v1/vaults": { get: { security: READ }, post: null } });
    expect(() => compilePolicy(document)).toThrow("POST /v1/vaults: ");
  });

  test.each([
    ["/a/{x}", "/a/{y}"],
    ["/{x}/b", "/a/{y}"],
    ["/a/{x}/c/{y}", "/a/b/{x}/d"],
  ])("%s and %s, which one path could fit", (first, second) => {
    const get = { security: READ };
    const compile = () => compilePolicy(documentOf({ [first]: { get }, [second]: { get } }));
    expect(compile).toThrow(`GET ${second}: a path could be meant for this or for ${first}`);
    expect(() => compilePolicy(documentOf({ [first]: { get }, [second]: { post: get } }))).not.toThrow();
  });

  test("an operationId that is not unique", () => {
    const get = { security: READ, operationId: "read" };
    const document = documentOf({ "/a": { get }, "/b": { get } });
    expect(() => compilePolicy(document)).toThrow("GET /b: the operationId read is not unique");
  });
});

describe("a mistake outside the operations is named with its place", () => {
  const valid = documentWith({});
  test.each<[string, unknown, string]>([
    ["not an object", null, "OpenAPI document: "],
    ["another version", { ...valid, openapi: "3.0.3" }, "openapi: must be a 3.1 version"],
    ["no paths", { ...valid, paths: undefined }, "paths: "],
    ["no resource types", { ...valid, "x-portcullis-resources": undefined }, "x-portcullis-resources"],
    ["a base path", { ...valid, servers: [{ url: "https://api.example.com/v2" }] }, "must have no path"],
    ["a misspelled member", { ...valid, "x-portcullis-resource": {} }, "x-portcullis-resource means nothing"],
    ["a type named *", { ...valid, "x-portcullis-resources": { "*": { segments: [] } } }, "*"],
    ["a type without segments", { ...valid, "x-portcullis-resources": { vault: {} } }, "vault: segments"],
    [
      "values that no filter can name",
      { ...valid, "x-portcullis-resources": { vault: { segments: [{ name: "view", values: ["a b"] }] } } },
      "vault: segments: 0: values",
    ],
    ["a reference", documentOf({ "/v1/x": { $ref: "#/x" } }), "/v1/x: $ref is not supported"],
    ["a misspelled method", documentOf({ "/v1/x": { GET: {} } }), "/v1/x: GET is not supported"],
    ["TRACE", documentOf({ "/v1/x": { trace: { security: READ } } }), "/v1/x: trace is not supported"],
    [
      "a guard on a path",
      documentOf({ "/v1/x": { "x-portcullis-resource": "vault" } }),
      "/v1/x: x-portcullis",
    ],
    ["a path item that is no object", documentOf({ "/v1/x": [] }), "/v1/x: "],
  ])("%s", (_mistake, document, message) => {
    expect(() => compilePolicy(document)).toThrow(PolicyError);
    expect(() => compilePolicy(document)).toThrow(message);
  });
});

describe("what an operation needs", () => {
  test("security is a list of alternatives, each with all of its scopes", () => {
    const security = [
      { key: ["vault:read", "asset:read"] },
      { key: ["vault:write"], token: ["vault/#/balance:admin"] },
    ];
    expect(onlyOperation(documentWith({ security })).security).toEqual([
      [
        { action: "read", resource: "vault", segments: ["vault"] },
        { action: "read", resource: "asset", segments: ["asset"] },
      ],
      [
        { action: "write", resource: "vault", segments: ["vault"] },
        { action: "admin", resource: "vault/#/balance", segments: ["vault", "#", "balance"] },
      ],
    ]);
  });

  test("the document's security holds for operations without their own, and for no others", () => {
    const root = { security: [{ key: ["asset:admin"] }] };
    const admin = { action: "admin", resource: "asset", segments: ["asset"] };
    const read = { action: "read", resource: "vault", segments: ["vault"] };
    expect(onlyOperation(documentWith({ security: undefined }, "/v1/x", root)).security).toEqual([[admin]]);
    expect(onlyOperation(documentWith({}, "/v1/x", root)).security).toEqual([[read]]);
  });

  test("an operation goes by its operationId, or else by method and path", () => {
    expect(onlyOperation(documentWith({ operationId: "getVault" })).id).toBe("getVault");
    expect(onlyOperation(documentWith({})).id).toBe("GET /v1/vaults/{vaultId}");
  });

  test("extensions of other tools are left alone", () => {
    const get = { security: READ, "x-codegen": 1 };
    const document = documentOf({ "x-note": "text", "/a": { "x-note": 1, get } }, { "x-note": [] });
    expect(compilePolicy(document).operations).toHaveLength(1);
  });
});

describe("deprecation headers", () => {
  const deprecated = (more: Members, root: Members = {}) =>
    onlyOperation(
      documentWith({ deprecated: true, "x-portcullis-deprecation": "2026-01-01", ...more }, "/v1/x", root),
    ).deprecation;

  test("carry the dates as Unix seconds and as an IMF-fixdate", () => {
    expect(deprecated({ "x-portcullis-sunset": "2026-12-06" })).toEqual({
      deprecation: "@1767225600",
      sunset: "Sun, 06 Dec 2026 00:00:00 GMT",
      link: null,
    });
    expect(
      deprecated({
        "x-portcullis-deprecation": "2026-01-01T01:30:00.9+01:30",
        "x-portcullis-sunset": "2026-12-06T23:59:59-01:00",
      }),
    ).toEqual({ deprecation: "@1767225600", sunset: "Mon, 07 Dec 2026 00:59:59 GMT", link: null });
  });

  test("need no sunset", () => {
    expect(deprecated({})).toEqual({ deprecation: "@1767225600", sunset: null, link: null });
  });

  test("are those of deprecated operations only", () => {
    expect(onlyOperation(documentWith({ deprecated: false })).deprecation).toBeNull();
  });

  const own = { "x-portcullis-deprecation-link": "https://a.example/own" };
  const ownDocs = { externalDocs: { url: "https://a.example/docs" } };
  const shared = { "x-portcullis-deprecation-link": "https://a.example/all" };
  const sharedDocs = { externalDocs: { url: "https://a.example/api" } };
  test.each([
    [{ ...own, ...ownDocs }, { ...shared, ...sharedDocs }, "https://a.example/own"],
    [ownDocs, { ...shared, ...sharedDocs }, "https://a.example/all"],
    [ownDocs, sharedDocs, "https://a.example/docs"],
    [{}, sharedDocs, "https://a.example/api"],
  ])("link to the explanation: %j, %j", (operation, root, url) => {
    expect(deprecated(operation, root)?.link).toBe(`<${url}>; rel="deprecation"`);
    expect(deprecated({ ...operation, "x-portcullis-sunset": "2027-01-01" }, root)?.link).toBe(
      `<${url}>; rel="deprecation", <${url}>; rel="sunset"`,
    );
  });

  test("cannot be split by a link", () => {
    const url = 'https://a.example/?">;x=\r\ny';
    const link = deprecated({ "x-portcullis-deprecation-link": url })?.link;
    expect(link).toBe('<https://a.example/?%22%3E;x=y>; rel="deprecation"');
  });
});

describe("matching", () => {
  const operation = { security: READ };
  const policy = compilePolicy(
    documentOf({
      "/": { get: operation },
      "/v1/vaults": { get: operation, post: operation },
      "/v1/vaults/{vaultId}": { get: operation, delete: operation },
      "/v1/vaults/search": { get: operation },
      "/v1/vaults/{vaultId}/balances": { get: operation, head: operation },
      "/v1/vaults/search/{term}": { post: operation },
      "/v2/{__proto__}/{constructor}/{toString}": { get: operation },
      "/v1/caf%C3%A9": { get: operation },
    }),
  );

  test.each([
    ["GET", "/", "GET /", {}],
    ["GET", "/v1/vaults", "GET /v1/vaults", {}],
    ["POST", "/v1/vaults", "POST /v1/vaults", {}],
    ["GET", "/v1/vaults/vault_1", "GET /v1/vaults/{vaultId}", { vaultId: "vault_1" }],
    ["DELETE", "/v1/vaults/search", "DELETE /v1/vaults/{vaultId}", { vaultId: "search" }],
    ["GET", "/v1/vaults/search", "GET /v1/vaults/search", {}],
    ["GET", "/v1/vaults/search/balances", "GET /v1/vaults/{vaultId}/balances", { vaultId: "search" }],
    ["POST", "/v1/vaults/search/balances", "POST /v1/vaults/search/{term}", { term: "balances" }],
    ["HEAD", "/v1/vaults/vault_1", "GET /v1/vaults/{vaultId}", { vaultId: "vault_1" }],
    ["HEAD", "/v1/vaults/vault_1/balances", "HEAD /v1/vaults/{vaultId}/balances", { vaultId: "vault_1" }],
    ["GET", "/v1/caf%C3%A9", "GET /v1/caf%C3%A9", {}],
    ["GET", "/v1/vaults/%C3%A9", "GET /v1/vaults/{vaultId}", { vaultId: "%C3%A9" }],
    ["GET", "/v1/vaults/__proto__", "GET /v1/vaults/{vaultId}", { vaultId: "__proto__" }],
  ])("%s %s is %s", (method, path, id, params) => {
    const match = matchOf(policy, method, path);
    expect(match?.operation.id).toBe(id);
    expect({ ...match?.params }).toEqual(params);
  });

  test("parameters may have any name, and those of objects are not taken for values", () => {
    const params = matchOf(policy, "GET", "/v2/a/b/c")?.params;
    expect(Object.entries(params ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["toString", "c"],
    ]);
    expect(matchOf(policy, "GET", "/v1/vaults/vault_1")?.params["toString"]).toBeUndefined();
  });

  test.each([
    ["GET", "/v1"],
    ["GET", "/v3/vaults"],
    ["GET", "/V1/vaults"],
    ["GET", "/v1/Vaults"],
    ["GET", "/v1/vaults/"],
    ["GET", "/v1/vaults//balances"],
    ["GET", "/v1/vaults/vault_1/balances/x"],
    ["GET", "/v1/caf%c3%a9"],
    ["GET", "/v1/caf\u00e9"],
    ["GET", "/constructor"],
    ["GET", "/__proto__"],
    ["get", "/v1/vaults"],
    ["PUT", "/v1/vaults"],
    ["HEAD", "/v1/vaults/search/x"],
    ["OPTIONS", "/v1/vaults"],
    ["constructor", "/v1/vaults"],
  ])("%s %s is no operation", (method, path) => {
    expect(matchOf(policy, method, path)).toBeNull();
  });
});

describe("a scope is possible when its types and values are declared", () => {
  const policy = compilePolicy(documentWith({}));
  const check = (resource: string, action: Action = "read") => policy.checkScope({ action, resource });

  test.each([
    "*",
    "vault",
    "vault/vault_1",
    "vault/#",
    "vault/#/balance",
    "vault/vault_1/#",
    "vault/#/#",
    "asset/__proto__",
    "constructor",
  ])("%s", (resource) => {
    expect(check(resource)).toBeNull();
    expect(check(resource, "*")).toBeNull();
  });

  test.each([
    ["", "no empty segments"],
    ["vault/", "no empty segments"],
    ["/vault", "no empty segments"],
    ["vault//balance", "no empty segments"],
    ["wallet", "wallet is not a resource type"],
    ["VAULT", "VAULT is not a resource type"],
    ["__proto__", "__proto__ is not a resource type"],
    ["toString", "toString is not a resource type"],
    ["#", "# is not a resource type"],
    ["#/vault_1", "# is not a resource type"],
    ["vault/*", "stands alone"],
    ["*/vault_1", "stands alone"],
    ["vault/vault_1/balance/x", "Too many segments"],
    ["vault/#/#/#", "Too many segments"],
    ["constructor/x", "Too many segments"],
    ["vault/vault_1/owner", "owner is not a view of vault; there are: balance, address"],
    ["vault/vault_1/Balance", "Balance is not a view"],
    ["vault/vault_1/length", "length is not a view"],
    ["vault/vault 1", "letters, digits"],
    ["vault/%41", "letters, digits"],
    ["vault/vault_1\n", "letters, digits"],
    ["vault/vault_#", "letters, digits"],
  ])("%j is not: %s", (resource, problem) => {
    expect(check(resource)).toContain(problem);
  });
});

describe("the sample API", () => {
  const policy = compilePolicy(sample);

  test("is the seven read operations, each for vault:read and none deprecated", () => {
    const names = policy.operations.map(({ method, template }) => `${method} ${template}`);
    expect(names).toEqual([
      "GET /v1/vaults",
      "GET /v1/vaults/{vaultId}",
      "GET /v1/vaults/{vaultId}/balances",
      "GET /v1/vaults/{vaultId}/transactions",
      "GET /v1/vaults/{vaultId}/addresses",
      "GET /v1/networks",
      "GET /v1/assets",
    ]);
    for (const { security, deprecation } of policy.operations) {
      expect(security).toEqual([[{ action: "read", resource: "vault", segments: ["vault"] }]]);
      expect(deprecation).toBeNull();
    }
  });

  test("guards what is in a vault by its view, and filters the list of vaults", () => {
    const vault = [{ literal: "vault" }, { parameter: "vaultId" }];
    expect(policy.operations.map(({ resource }) => resource)).toEqual([
      null,
      vault,
      [...vault, { literal: "balance" }],
      [...vault, { literal: "transaction" }],
      [...vault, { literal: "address" }],
      null,
      null,
    ]);
    const lists = policy.operations.map(({ list }) => list);
    expect(lists.filter((list) => list !== null)).toEqual([
      {
        items: ["data"],
        id: ["id"],
        total: null,
        resource: [{ literal: "vault" }, { parameter: "id" }],
      },
    ]);
    expect(lists[0]).not.toBeNull();
  });
});
