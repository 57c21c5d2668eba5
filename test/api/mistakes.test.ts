import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/api/problem.ts";
import { compile } from "../support/policy.ts";

const READ = [{ key: ["vault:read"] }];
const RESOURCES = {
  vault: { segments: [{ name: "vaultId" }, { name: "view", values: ["balance", "address"] }] },
  asset: { segments: [{ name: "assetId" }] },
  constructor: { segments: [] },
};
const PATH = "/v1/vaults/{vaultId}";
const RESOURCE = "x-portcullis-resource";
const SCOPES = "x-portcullis-scopes";
const LIST = "x-portcullis-list";
const LIMITS = "x-portcullis-limits";

function documentOf(paths: unknown, root: JsonObject = {}): JsonObject {
  return { openapi: "3.1.0", "x-portcullis-resources": RESOURCES, paths, ...root };
}

/** A document with the one operation `GET <path>`. */
function documentWith(operation: JsonObject, path = PATH, root: JsonObject = {}): JsonObject {
  const named = { security: READ, [RESOURCE]: null, ...operation };
  return documentOf({ [path]: { get: named } }, root);
}

/** An object in an object, and so on. */
function deep(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 0; level < levels; level++) value = { value };
  return value;
}

const date = "2026-01-01";
const list = { items: "data", id: "id", resource: "vault/{id}" };
const dated = { deprecated: true, "x-portcullis-deprecation": date };

describe("a mistake is named together with its operation", () => {
  test.each<[string, JsonObject, string, string?]>([
    ["security that is no list", { security: { key: ["vault:read"] } }, "security must be a list"],
    ["security that is null", { security: [null] }, "security must be a list"],
    ["a scope of ours without action", { security: [{ key: ["vault"] }] }, "scope vault: "],
    ["a scope of ours with an unknown action", { security: [{ key: ["vault:see"] }] }, "scope vault:see: "],
    ["a slip beside a scope of ours", { security: [{ key: ["vault:read", "valut:read"] }] }, "valut is not"],
    [
      "an inherited type beside it",
      { security: [{ key: ["vault:read", "toString:read"] }] },
      "toString is not",
    ],
    ["a scope that is too deep", { security: [{ key: ["vault/#/balance/x:read"] }] }, "Too many segments"],
    ["a scope outside the values", { security: [{ key: ["vault/#/owner:read"] }] }, "owner is not a view"],

    ["own scopes of an unknown type", { [SCOPES]: ["wallet:read"] }, "wallet is not a resource type"],
    ["own scopes without action", { [SCOPES]: ["vault"] }, "x-portcullis-scopes: vault: a scope is"],
    [
      "own scopes with an unknown parameter",
      { [SCOPES]: ["vault/{id}:read"] },
      "{id}, which is not in the path",
    ],
    ["own scopes that are too deep", { [SCOPES]: ["vault/{vaultId}/x/y:read"] }, "Too many segments"],
    ["no own scope", { [SCOPES]: [] }, "x-portcullis-scopes: "],
    ["own scopes that are no list", { [SCOPES]: "vault:read" }, "x-portcullis-scopes: "],

    ["a resource of an undeclared type", { [RESOURCE]: "wallet/{vaultId}" }, "wallet is not"],
    ["a type that is a parameter", { [RESOURCE]: "{vaultId}/x" }, "must begin with a type"],
    ["an unknown parameter", { [RESOURCE]: "vault/{id}" }, "{id}, which is not in the path"],
    ["a resource that is too deep", { [RESOURCE]: "vault/{vaultId}/balance/x" }, "Too many"],
    ["a resource outside the values", { [RESOURCE]: "vault/{vaultId}/owner" }, "not a view"],
    ["a wildcard resource", { [RESOURCE]: "vault/#" }, "without wildcards"],
    ["everything as resource", { [RESOURCE]: "*" }, "without wildcards"],
    ["an empty segment in a resource", { [RESOURCE]: "vault/" }, "no empty segments"],
    ["half a segment as parameter", { [RESOURCE]: "vault/v{vaultId}" }, "segment of a resource"],
    ["a resource that is no text", { [RESOURCE]: ["vault"] }, "x-portcullis-resource"],
    [
      "a resource of a type that no scope is for",
      { [RESOURCE]: "asset/{vaultId}" },
      "must name a scope of type asset",
    ],
    [
      "a public list",
      { security: [], [LIST]: list, [RESOURCE]: undefined },
      "is public, so x-portcullis-list",
    ],
    [
      "a list that is also public",
      { security: [{}, ...READ], [LIST]: list },
      "is public, so x-portcullis-list",
    ],
    [
      "a public resource with a name",
      { security: [], [RESOURCE]: "vault/{vaultId}" },
      "is public, so x-portcullis-resource",
    ],
    ["security that is left blank", { security: null }, "security must be a list"],
    ["a member in capitals", { "X-Portcullis-Scopes": ["vault:admin"] }, "X-Portcullis-Scopes means nothing"],
    ["a member with an underscore", { "x-portcullis_scopes": ["vault:admin"] }, "x-portcullis_scopes means"],
    ["a misspelled member", { "x-portcullis-resourse": "vault/{vaultId}" }, "x-portcullis-resourse"],

    ["a list without items", { [LIST]: { ...list, items: undefined } }, "list: items"],
    ["a list without a resource", { [LIST]: { ...list, resource: undefined } }, "list: resource"],
    ["a list with more", { [LIST]: { ...list, item: "x" } }, "x-portcullis-list"],
    ["a broken path to the items", { [LIST]: { ...list, items: "a..b" } }, "list: items: a..b is neither"],
    [
      "a broken pointer to the items",
      { [LIST]: { ...list, items: "/a/~2" } },
      "list: items: /a/~2 is neither",
    ],
    [
      "a pointer behind the last item",
      { [LIST]: { ...list, items: "/a/-" } },
      "list: items: /a/- is neither",
    ],
    ["a broken path to the id", { [LIST]: { ...list, id: ".id" } }, "list: id: .id is neither"],
    [
      "a total within the items",
      { [LIST]: { ...list, total: "data.length" } },
      "total: data.length cannot be",
    ],
    ["a total of a bare array", { [LIST]: { ...list, items: "", total: "count" } }, "total: count cannot be"],
    [
      "a list of one thing",
      { [LIST]: { ...list, resource: "vault/{vaultId}" } },
      "must have the parameter {id}",
    ],
    ["a list of an undeclared type", { [LIST]: { ...list, resource: "wallet/{id}" } }, "wallet is not"],
    ["a list of a type without scope", { [LIST]: { ...list, resource: "asset/{id}" } }, "of type asset"],
    ["two ids in a list", { [LIST]: list }, "x-portcullis-list: {id}", "/v1/vaults/{id}/x"],

    ["a cost below nothing", { [LIMITS]: { cost: -1 } }, "x-portcullis-limits: cost"],
    ["half a unit", { [LIMITS]: { cost: 0.5 } }, "x-portcullis-limits: cost"],
    ["no time at all", { [LIMITS]: { timeoutMs: 0 } }, "x-portcullis-limits: timeoutMs"],
    ["a limit of another name", { [LIMITS]: { maxBody: 1 } }, "x-portcullis-limits"],
    ["an origin without a name", { "x-portcullis-origin": "" }, "x-portcullis-origin"],
    ["servers that are no list", { servers: "https://a.example" }, "servers must be a list"],

    ["a date without deprecated", { "x-portcullis-deprecation": date }, "needs deprecated: true"],
    ["a sunset without deprecated", { "x-portcullis-sunset": date }, "needs deprecated: true"],
    ["no such day", { ...dated, "x-portcullis-deprecation": "2026-02-30" }, "RFC 3339"],
    ["another notation", { ...dated, "x-portcullis-deprecation": "1 Jan 2026" }, "RFC 3339"],
    ["no offset", { ...dated, "x-portcullis-deprecation": `${date}T00:00:00` }, "RFC 3339"],
    ["a sunset that is too early", { ...dated, "x-portcullis-sunset": "2025-12-31" }, "sunset is before"],
    ["a link to nowhere", { "x-portcullis-deprecation-link": "/docs" }, "x-portcullis-deprecation-link"],
    ["a script as link", { "x-portcullis-deprecation-link": "javascript:alert(1)" }, "deprecation-link"],

    ["a path without slash", {}, "starts with /", "v1/vaults"],
    [
      "a public query",
      { security: [], [RESOURCE]: undefined },
      "is public, and what follows ?",
      "/v1/vaults?op=list",
    ],
    [
      "a fragment that may be called without a credential",
      { security: [{}, ...READ] },
      "is public, and what follows ?",
      "/v1/vaults#list",
    ],
    ["a parameter without a name", {}, "no name", "/v1/{}"],
    ["a brace alone", {}, "without its other one", "/v1/{a"],
    ["a parameter twice", {}, "in it twice", "/v1/{a}/{a}"],
    ["an operator that is not supported", {}, "not supported", "/v1/{.ext}"],
    ["two parameters of many segments", {}, "not several", "/v1/{+a}/x/{+b}"],
    ["many segments beside another parameter", {}, "cannot share", "/v1/{+a}-{b}"],
  ])("%s", (_mistake, operation, message, path = PATH) => {
    const { mistakes } = compile(documentWith(operation, path));
    expect(mistakes).not.toEqual([]);
    for (const { where } of mistakes) expect(where).toMatch(`GET ${path}`);
    expect(mistakes.map(({ where, problem }) => `${where}: ${problem}`).join("\n")).toContain(message);
  });

  test("all of them at once, with the line to write", () => {
    const { mistakes } = compile(
      documentOf({
        "/a": {
          get: { "x-portcullis-scope": ["vault:read"] },
          put: { [LIMITS]: { cost: -1, maxBodyBytes: "1" } },
        },
        "/b": { get: { $ref: "#/nowhere" }, post: null },
      }),
    );
    expect(mistakes).toEqual([
      { where: "GET /b", problem: 'the $ref "#/nowhere" leads nowhere' },
      {
        where: "GET /a",
        problem: "x-portcullis-scope means nothing here",
        write: 'x-portcullis-scopes: ["vault:read"]',
      },
      {
        where: "PUT /a",
        problem: expect.stringMatching(/^x-portcullis-limits: maxBodyBytes: /),
        write: expect.any(String),
      },
      {
        where: "PUT /a",
        problem: expect.stringMatching(/^x-portcullis-limits: cost: /),
        write: expect.any(String),
      },
      { where: "POST /b", problem: "must be an object: an operation" },
    ]);
  });
});

describe("a mistake outside the operations is named with its place", () => {
  const valid = documentWith({});
  test.each<[string, JsonObject, string]>([
    ["Swagger 2.0", { swagger: "2.0", paths: {} }, "openapi: must be a 3.0 or 3.1 version, not Swagger 2.0"],
    ["another version", { ...valid, openapi: "4.0.0" }, 'openapi: must be a 3.0 or 3.1 version, not "4.0.0"'],
    ["no version", { asyncapi: "2.0.0" }, "openapi: is missing, so this is no OpenAPI document"],
    ["no paths", { ...valid, paths: undefined }, "paths: must be an object"],
    [
      "a misspelled member",
      { ...valid, [RESOURCE]: {} },
      "document: x-portcullis-resource means nothing here",
    ],
    [
      "a type named *",
      { ...valid, "x-portcullis-resources": { "*": { segments: [] } } },
      "x-portcullis-resources: *",
    ],
    ["a type without segments", { ...valid, "x-portcullis-resources": { vault: {} } }, "vault: segments"],
    [
      "values that no filter can name",
      { ...valid, "x-portcullis-resources": { vault: { segments: [{ name: "view", values: ["a b"] }] } } },
      "vault: segments: 0: values",
    ],
    [
      "a reference to nowhere",
      documentOf({ "/v1/x": { $ref: "#/x" } }),
      '/v1/x: the $ref "#/x" leads nowhere',
    ],
    ["references in a circle", documentOf({ "/v1/x": { $ref: "#/paths/~1v1~1x" } }), "or in a circle"],
    ["an inherited member", documentOf({ "/v1/x": { $ref: "#/paths/constructor" } }), "/v1/x: the $ref"],
    ["a misspelled method", documentOf({ "/v1/x": { GET: {} } }), "/v1/x: GET is no method in this spelling"],
    [
      "a guard on a path",
      documentOf({ "/v1/x": { [RESOURCE]: "vault" } }),
      "/v1/x: x-portcullis-resource means",
    ],
    [
      "a guard on an answer",
      documentOf({ "/x": { get: { responses: { [LIST]: list } } } }),
      "GET /x: responses: x-portcullis-list",
    ],
    [
      "a flag on a body",
      documentOf({ "/x": { get: { requestBody: { "x-portcullis-many-segments": true } } } }),
      "GET /x: requestBody",
    ],
    ["a path item that is no object", documentOf({ "/v1/x": [] }), "/v1/x: must be an object"],
    [
      "a server whose path has no value",
      { ...valid, servers: [{ url: "/{version}" }] },
      "servers: the path of the server",
    ],
    ...[String.raw`\\:x`, String.raw`\[`, "https://a.example/\\v1"].map(
      (url): [string, JsonObject, string] => [
        `the server ${url}`,
        { ...valid, servers: [{ url }] },
        "servers: the path of the server",
      ],
    ),
    [
      "blank security under a public document",
      { ...documentOf({ "/a": { get: { security: null } } }), security: [] },
      "GET /a: security must be a list",
    ],
    ["half a character in a path", documentOf({ "/a\ud800": { get: {} } }), "a path is Unicode text"],
    [
      "half a character beside a parameter",
      documentOf({ "/a/{b}\udc00": { get: {} } }),
      "a path is Unicode text",
    ],
    ["too many levels", { ...valid, "x-deep": deep(20_000) }, "document: is nested more than"],
    ["a server without a url", { ...valid, servers: [{}] }, "servers: servers must be a list"],
  ])("%s", (_mistake, document, message) => {
    const { mistakes } = compile(document);
    expect(mistakes.map(({ where, problem }) => `${where}: ${problem}`).join("\n")).toContain(message);
  });

  test.each([
    ["of one shape", "/a/{x}", "/a/{y}"],
    ["of which neither has more text", "/a/{x}.json", "/a/report-{y}"],
    ["of many segments", "/a/{+x}", "/a/{+x}/b/{y}"],
  ])("two paths %s that are filtered differently", (_, first, second) => {
    const of = (get: JsonObject) =>
      compile({ openapi: "3.1.0", paths: { [first]: { get }, [second]: { get: {} } } });
    expect(of({}).mistakes).toEqual([]);
    const { mistakes } = of({ [LIST]: { items: "", id: "id", resource: "a/{id}" } });
    expect(mistakes).toMatchObject([
      { where: `GET ${first}`, problem: expect.stringContaining(`GET ${second}`) },
    ]);
  });
});

test.each<[string, JsonObject, string]>([
  ["deprecated without a date", { "/a": { get: { deprecated: true } } }, "GET /a: deprecated without a date"],
  [
    "a scope of our form and a foreign type",
    { "/a": { get: { security: [{ key: ["user:read"] }] } } },
    "GET /a: scope user:read",
  ],
  ["TRACE", { "/a": { trace: {} } }, "TRACE /a: not served"],
  [
    "a query in a path",
    { "/v1/a?op={op}": { get: {} } },
    "GET /v1/a: what follows ? or # is not looked at, so every request",
  ],
  [
    "paths that differ in their fragments",
    { "/a#x": { get: {} }, "/a#y": { get: { security: [] } }, "/a": { put: {} } },
    "GET /a: 2 operations are told apart by what follows ? or #",
  ],
  [
    "public queries of a public path",
    { "/a": { get: { security: [] } }, "/a?x": { get: { security: [] } } },
    "GET /a: 2 operations are told apart",
  ],
  [
    "paths of one resource that differ before a parameter",
    { "/Users({id})": { get: {} }, "/Groups({id})": { get: {} }, "/Groups({id})/x": { get: {} } },
    "GET /Groups({id}): is about root/{id}, as GET /Users({id}) is",
  ],
  [
    "a header that is another gateway's to say",
    {
      "/a": { parameters: [{ in: "header", name: "X-Consumer-Id" }], get: {} },
      "/b": { put: { parameters: [{ in: "header", name: "X-Consumer-Id" }] } },
    },
    "/a and 1 more: the header X-Consumer-Id never reaches the API",
  ],
  [
    "a body with GET",
    { "/a": { get: { requestBody: {} } }, "/b": { head: { requestBody: {} }, post: { requestBody: {} } } },
    "GET /a and 1 more: with a body it is refused (400)",
  ],
  ["the gateway's own path", { "/-/healthz": { get: {} } }, "GET /-/healthz: not served"],
  [
    "the gateway's own metadata",
    { "/.well-known/jwks.json": { get: {} } },
    "GET /.well-known/jwks.json: not served",
  ],
  ["an empty segment", { "/a//b": { get: {} } }, "GET /a//b: not served"],
  ["a dot segment", { "/a/../b": { get: {} } }, "GET /a/../b: not served"],
  ["an escape of a letter", { "/a/%41": { get: {} } }, "GET /a/%41: not served"],
  ["a matrix parameter", { "/a;x={x}": { get: {} } }, "GET /a;x={x}: not served"],
  [
    "an operationId twice",
    { "/a": { get: { operationId: "x" } }, "/b": { get: { operationId: "x" } } },
    "GET /b: the operationId x is not unique",
  ],
  [
    "a path of many vaults and a resource of null",
    { "/a/{id}": { get: { security: READ, [RESOURCE]: null } } },
    "GET /a/{id}: x-portcullis-resource is null, or left blank",
  ],
  [
    "a resource of null and a scope that names one parameter of two",
    { "/a/{id}/{view}": { get: { [SCOPES]: ["vault/{id}:read"], [RESOURCE]: null } } },
    "for any {view}",
  ],
  [
    "scopes that say nothing of the path",
    { "/a/{id}": { get: { security: READ } } },
    "GET /a/{id}: needs a scope of type vault",
  ],
])("a document with %s passes with a warning", (_, paths, message) => {
  const { mistakes, warnings } = compile(documentOf(paths));
  expect(mistakes).toEqual([]);
  expect(warnings.map(({ where, problem }) => `${where}: ${problem}`).join("\n")).toContain(message);
});

test.each([
  ["/v1/$metadata", "$metadata", "metadata"],
  ["/foo bar/{id}", "foo%20bar", "foobar/{id}"],
  ["/$/{+rest}", "$", "root/{rest}"],
])("a path whose type no scope can name is given one that can be: %s", (path, type, named) => {
  const [warning, ...others] = compile({ openapi: "3.1.0", paths: { [path]: { get: {} } } }).warnings;
  expect([warning?.write, others]).toEqual([`x-portcullis-resource: ${named}`, []]);
  expect(warning?.problem).toContain(`a scope of the type ${type}, which no key can name`);
  const mended = compile({ openapi: "3.1.0", paths: { [path]: { get: { [RESOURCE]: named } } } });
  expect([...mended.mistakes, ...mended.warnings]).toEqual([]);
});

test("a path that shares its resource is given a name to write", () => {
  const paths = {
    "/v1/Users({id})": { get: {} },
    "/v1/Groups({id})": { get: {} },
    "/v1/f.get(a={a},b={b})/x": { get: {} },
    "/v1/f.put(a={a},b={b})/x": { get: {} },
  };
  const { warnings } = compile({ openapi: "3.1.0", paths });
  expect(warnings.map(({ write }) => write)).toEqual([
    "x-portcullis-resource: Groups/{id}",
    "x-portcullis-resource: f.put/{a}/{b}/x",
  ]);
});

test("formats and verbs of one resource are one, and so are paths with names of their own", () => {
  const paths = {
    "/a/{id}": { get: {}, put: {} },
    "/a/{id}.json": { get: {} },
    "/a/{id}:run": { post: {} },
    "/a/x-{id}": { get: { [RESOURCE]: null } },
  };
  const { warnings } = compile({ openapi: "3.1.0", paths });
  expect(warnings.filter(({ problem }) => problem.includes("so a key for the one"))).toEqual([]);
});

test("headers that pass, or that every client sends, are nothing to tell of", () => {
  const parameters = ["Authorization", "Content-Length", "If-Match", "X-Api-Version", "x-user-token"].map(
    (name) => ({ in: "header", name }),
  );
  const query = { in: "query", name: "X-Consumer-Id" };
  const { warnings } = compile(documentOf({ "/a": { put: { parameters: [...parameters, query] } } }));
  expect(warnings).toEqual([]);
});

test.each<[string, JsonObject]>([
  ["no parameter", { "/a": { get: { security: READ, [RESOURCE]: null } } }],
  [
    "a parameter that the scope names",
    { "/a/{id}": { get: { [SCOPES]: ["vault/{id}:read"], [RESOURCE]: null } } },
  ],
  ["a parameter, and public", { "/a/{id}": { get: { security: [], [RESOURCE]: null } } }],
])("a resource of null is right for a path with %s", (_, paths) => {
  expect(compile(documentOf(paths))).toMatchObject({ mistakes: [], warnings: [] });
});

test.each(["/a/{id}", "/a/{id}/b/{other}", "/a/{id}.json"])("null is not what to write for %s", (path) => {
  const { warnings } = compile(documentOf({ [path]: { get: { security: READ } } }));
  expect(warnings.map(({ write }) => write)).toEqual(["x-portcullis-resource: vault/{id}"]);
});
