import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/api/problem.ts";
import { formatScope } from "../../src/core/policy/scope.ts";
import { compile, compilePolicy, matchOf } from "../support/policy.ts";

/** The policy of an API whose operations are written like `GET /v1/vaults`. */
function policyOf(operations: readonly string[]) {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const [method = "", path = ""] = operation.split(" ");
    (paths[path] ??= {})[method.toLowerCase()] = {};
  }
  return compilePolicy({ openapi: "3.1.0", paths });
}

describe("matching", () => {
  const policy = policyOf([
    "GET /",
    "GET /v1/vaults",
    "POST /v1/vaults",
    "GET /v1/vaults/{vaultId}",
    "DELETE /v1/vaults/{vaultId}",
    "GET /v1/vaults/search",
    "GET /v1/vaults/{vaultId}/balances",
    "HEAD /v1/vaults/{vaultId}/balances",
    "POST /v1/vaults/search/{term}",
    "GET /v2/{__proto__}/{constructor}/{toString}",
    "GET /v1/caf%C3%A9",
    "GET /v1/thé",
  ]);

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
    ["GET", "/v1/th%C3%A9", "GET /v1/thé", {}],
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
    ["GET", "/constructor"],
    ["GET", "/__proto__"],
  ])("%s %s is no operation", (method, path) => {
    expect(policy.match(method, path)).toEqual({ kind: "not_found" });
  });

  test.each([
    ["get", "/v1/vaults", "GET HEAD POST"],
    ["PUT", "/v1/vaults", "GET HEAD POST"],
    ["HEAD", "/v1/vaults/search/x", "POST"],
    ["OPTIONS", "/v1/vaults", "GET HEAD POST"],
    ["constructor", "/v1/vaults", "GET HEAD POST"],
    ["PUT", "/v1/vaults/search", "GET HEAD DELETE"],
    ["PUT", "/v1/vaults/search/balances", "GET HEAD POST"],
  ])("%s %s is not allowed, but %s is", (method, path, allow) => {
    expect(policy.match(method, path)).toEqual({ kind: "method_not_allowed", allow: allow.split(" ") });
  });
});

/** The ids of all operations that a request must be allowed as, and the values of the parameters of each. */
function told(operations: readonly string[], request: string) {
  const [method = "", path = ""] = request.split(" ");
  const match = policyOf(operations).match(method, path);
  if (match.kind !== "operation") return match.kind;
  return Object.fromEntries(
    [match, ...match.also].map(({ operation, params }) => [operation.template, { ...params }]),
  );
}

describe("templates as documents have them", () => {
  test.each<[string, readonly string[], string, unknown]>([
    ["an extension", ["GET /a/{id}.json"], "GET /a/7.json", { "/a/{id}.json": { id: "7" } }],
    ["an extension without a value", ["GET /a/{id}.json"], "GET /a/.json", "not_found"],
    ["another extension", ["GET /a/{id}.json"], "GET /a/7.jsonx", "not_found"],
    ["a verb", ["POST /a/{id}:cancel"], "POST /a/7:cancel", { "/a/{id}:cancel": { id: "7" } }],
    [
      "two in a segment",
      ["GET /c/{base}...{head}"],
      "GET /c/a...b",
      { "/c/{base}...{head}": { base: "a", head: "b" } },
    ],
    [
      "two that could be others",
      ["GET /c/{base}...{head}"],
      "GET /c/a...b...c",
      { "/c/{base}...{head}": { base: "", head: "" } },
    ],
    ["two without their separator", ["GET /c/{base}...{head}"], "GET /c/a..b", "not_found"],
    ["two without a separator", ["GET /c/{a}{b}"], "GET /c/xy", { "/c/{a}{b}": { a: "x", b: "y" } }],
    ["three without a separator", ["GET /c/{a}{b}"], "GET /c/xyz", { "/c/{a}{b}": { a: "", b: "" } }],
    ["a key in parentheses", ["GET /a/x(id={id})"], "GET /a/x(id=7)", { "/a/x(id={id})": { id: "7" } }],
    ["a slash at the end", ["GET /d/"], "GET /d/", { "/d/": {} }],
    ["a slash at the end that is missing", ["GET /d/"], "GET /d", "not_found"],
    ["a slash at the end that is too much", ["GET /d/{x}"], "GET /d/", "not_found"],
    ["a slash after a parameter", ["GET /d/{x}/"], "GET /d/1/", { "/d/{x}/": { x: "1" } }],
    ["many segments", ["GET /f/{+path}"], "GET /f/a/b/c", { "/f/{+path}": { path: "a/b/c" } }],
    ["one of many segments", ["GET /f/{+path}"], "GET /f/a", { "/f/{+path}": { path: "a" } }],
    ["no segment of many", ["GET /f/{+path}"], "GET /f/", "not_found"],
    ["many segments and a slash at the end", ["GET /f/{+path}"], "GET /f/a/", "not_found"],
    [
      "many segments in the middle",
      ["GET /f/{+path}/x"],
      "GET /f/a/b/x",
      { "/f/{+path}/x": { path: "a/b" } },
    ],
    [
      "many segments and a verb",
      ["POST /{+name}:cancel"],
      "POST /a/b:cancel",
      { "/{+name}:cancel": { name: "a/b" } },
    ],
    [
      "many segments that could end twice",
      ["GET /f/{+p}/x/{y}"],
      "GET /f/a/x/b",
      { "/f/{+p}/x/{y}": { p: "a", y: "b" } },
    ],
    ["what follows as a query", ["GET /a{?page,limit}"], "GET /a", { "/a{?page,limit}": {} }],
    ["a query written out", ["GET /a/{x}?op={op}/b"], "GET /a/1", { "/a/{x}?op={op}/b": { x: "1" } }],
    ["a fragment", ["GET /#Action=Run"], "GET /", { "/#Action=Run": {} }],
    [
      "all of one path, whatever their queries and fragments",
      ["GET /{b}/{k}", "GET /{b}/{k}#acl", "GET /{b}/{k}?tagging", "PUT /{b}/{k}#acl"],
      "GET /x/y",
      {
        "/{b}/{k}": { b: "x", k: "y" },
        "/{b}/{k}#acl": { b: "x", k: "y" },
        "/{b}/{k}?tagging": { b: "x", k: "y" },
      },
    ],
    ["a name with a question mark", ["GET /a/{id?}"], "GET /a/1", { "/a/{id?}": { "id?": "1" } }],

    [
      "text before a parameter, from the left",
      ["GET /i/{n}/c", "GET /i/c/{id}"],
      "GET /i/c/c",
      { "/i/c/{id}": { id: "c" } },
    ],
    [
      "and the other where text differs",
      ["GET /i/{n}/c", "GET /i/c/{id}"],
      "GET /i/5/c",
      { "/i/{n}/c": { n: "5" } },
    ],
    [
      "text in a segment before none",
      ["GET /a/{id}", "GET /a/{id}.json"],
      "GET /a/7.json",
      { "/a/{id}.json": { id: "7" } },
    ],
    [
      "more text before less",
      ["GET /a/{n}.json", "GET /a/{n}.min.json"],
      "GET /a/7.min.json",
      { "/a/{n}.min.json": { n: "7" } },
    ],
    ["one segment before many", ["GET /a/{+p}", "GET /a/{id}"], "GET /a/7", { "/a/{id}": { id: "7" } }],
    ["many where one does not do", ["GET /a/{+p}", "GET /a/{id}"], "GET /a/7/8", { "/a/{+p}": { p: "7/8" } }],
    ["a template that has the method", ["POST /a/b", "GET /a/{id}"], "GET /a/b", { "/a/{id}": { id: "b" } }],

    [
      "both of one shape",
      ["GET /a/{x}", "GET /a/{y}"],
      "GET /a/7",
      { "/a/{x}": { x: "7" }, "/a/{y}": { y: "7" } },
    ],
    [
      "both of which neither has more text",
      ["GET /a/{x}.json", "GET /a/report-{y}"],
      "GET /a/report-7.json",
      { "/a/{x}.json": { x: "report-7" }, "/a/report-{y}": { y: "7.json" } },
    ],
    [
      "both of which one is longer and one has text",
      ["POST /a/{+n}:run", "POST /a/{id}"],
      "POST /a/7:run",
      { "/a/{+n}:run": { n: "7" }, "/a/{id}": { id: "7:run" } },
    ],
  ])("%s", (_, operations, request, expected) => {
    expect(told(operations, request)).toEqual(expected);
  });

  test("a value that many segments share with text is left open where it could end in several places", () => {
    expect(told(["GET /f/{+p}/x/{y}/{z}", "GET /f/{+p}/x/{y}"], "GET /f/a/x/x/b")).toEqual({
      "/f/{+p}/x/{y}/{z}": { p: "a", y: "x", z: "b" },
      "/f/{+p}/x/{y}": { p: "a/x", y: "b" },
    });
    expect(told(["GET /f/{+p}/{y}{z}"], "GET /f/a/b/cd")).toEqual({
      "/f/{+p}/{y}{z}": { p: "a/b", y: "c", z: "d" },
    });
  });

  test("a parameter can be declared to take many segments, for one operation or for all of a path", () => {
    const path = { name: "path", in: "path", "x-portcullis-many-segments": true };
    const { policy } = compile({
      openapi: "3.0.3",
      paths: {
        "/one/{path}": { get: { parameters: [path] }, put: {} },
        "/all/{path}": { parameters: [{ $ref: "#/components/parameters/path" }], get: {} },
      },
      components: { parameters: { path } },
    });
    expect(matchOf(policy, "GET", "/one/a/b")?.params["path"]).toBe("a/b");
    expect(policy.match("PUT", "/one/a/b")).toEqual({ kind: "method_not_allowed", allow: ["GET", "HEAD"] });
    expect(matchOf(policy, "GET", "/all/a/b")?.params["path"]).toBe("a/b");
  });

  test("a request to paths that differ in their queries must be allowed as each of them", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      paths: {
        "/jobs?op=list": { get: { security: [] } },
        "/jobs?op=stop": { get: { "x-portcullis-scopes": ["jobs:admin"] } },
        "/jobs": { get: { deprecated: true, "x-portcullis-deprecation": "2026-01-01" } },
      },
    });
    const match = policy.match("GET", "/jobs");
    if (match.kind !== "operation") throw new Error(match.kind);
    const needs = [match, ...match.also].map(({ operation }) => operation.security.flat().map(formatScope));
    expect([match.operation.public, match.operation.deprecation]).toEqual([false, null]);
    expect(needs.flat().toSorted()).toEqual(["jobs:admin", "jobs:read"]);
  });

  test("of several operations the strictest values hold", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      paths: {
        "/a/{x}": { get: { security: [], "x-portcullis-limits": { cost: 5, maxBodyBytes: 10 } } },
        "/a/{y}": { get: { "x-portcullis-limits": { timeoutMs: 7 } } },
      },
    });
    const match = policy.match("GET", "/a/1");
    expect(match).toMatchObject({
      operation: { id: "GET /a/{y}", public: false, cost: 5, maxBodyBytes: 10, timeoutMs: 7 },
      also: [],
    });
  });

  test.each<[string, JsonObject, JsonObject, JsonObject]>([
    [
      "both say one",
      { timeoutMs: 7 },
      { timeoutMs: 9 },
      { timeoutMs: 7, boundedBySetting: ["maxBodyBytes"] },
    ],
    [
      "one says none",
      { timeoutMs: 7 },
      {},
      { timeoutMs: 7, boundedBySetting: ["maxBodyBytes", "timeoutMs"] },
    ],
    [
      "each says another",
      { timeoutMs: 7 },
      { maxBodyBytes: 9 },
      { timeoutMs: 7, maxBodyBytes: 9, boundedBySetting: ["maxBodyBytes", "timeoutMs"] },
    ],
    [
      "both say both",
      { timeoutMs: 7, maxBodyBytes: 9 },
      { timeoutMs: 8, maxBodyBytes: 1 },
      { timeoutMs: 7, maxBodyBytes: 1, boundedBySetting: [] },
    ],
  ])(
    "where templates say limits, and %s, the gateway's setting holds for what says none",
    (_, one, other, expected) => {
      const of = (limits: JsonObject) => ({ post: { "x-portcullis-limits": limits } });
      const policy = compilePolicy({
        openapi: "3.1.0",
        paths: { "/a/{x}.json": of(one), "/a/r-{y}": of(other) },
      });
      expect(policy.match("POST", "/a/r-1.json")).toMatchObject({ operation: expected });
      expect(policy.match("POST", "/a/1.json")).toMatchObject({
        operation: { ...one, boundedBySetting: [] },
      });
    },
  );
});

describe("an escape of what may stand plainly", () => {
  const ITEMS = ["GET /items/{id}", "GET /items/{id}:secrets"];
  test.each<[string, readonly string[], string]>([
    ["a verb", ITEMS, "GET /items/7%3Asecrets"],
    ["a verb in lower case", ITEMS, "GET /items/7%3asecrets"],
    ["a verb, by HEAD", ITEMS, "HEAD /items/7%3Asecrets"],
    ["a name", ["GET /users/{id}", "GET /users/@me"], "GET /users/%40me"],
    ["parentheses", ["GET /x/{id}", "GET /x/a({id})"], "GET /x/a%28b%29"],
    ["a sign among many segments", ["GET /f/{+path}", "GET /f/{a}/$meta"], "GET /f/a/%24meta"],
    ["a letter beyond ASCII in lower case", ["GET /x/{id}", "GET /x/café"], "GET /x/caf%c3%a9"],
    ["what the template escapes, sent plainly", ["GET /x/{id}", "GET /x/a%3Ab"], "GET /x/a:b"],
    ["a second template that fits", ["GET /x/{a}.json", "GET /x/{b}:r.{c}"], "GET /x/1%3Ar.json"],
  ])("makes no other operation of %s", (_, operations, request) => {
    expect(told(operations, request)).toBe("invalid_path");
  });

  test.each<[string, readonly string[], string, unknown]>([
    ["a value", ITEMS, "GET /items/a%3Ab", { "/items/{id}": { id: "a%3Ab" } }],
    ["a value of a verb", ITEMS, "GET /items/%40a:secrets", { "/items/{id}:secrets": { id: "%40a" } }],
    ["a value in lower case", ITEMS, "GET /items/%c3%a9", { "/items/{id}": { id: "%c3%a9" } }],
    ["a path that is written so", ["GET /x/{id}", "GET /x/a%3Ab"], "GET /x/a%3Ab", { "/x/a%3Ab": {} }],
    ["text that is written so", ["GET /x/{id}%3Ab"], "GET /x/1%3Ab", { "/x/{id}%3Ab": { id: "1" } }],
    [
      "an escape that must stay",
      ["GET /x/{id}", "GET /x/{a}-{b}"],
      "GET /x/%20",
      { "/x/{id}": { id: "%20" } },
    ],
  ])("may stand in %s", (_, operations, request, expected) => {
    expect(told(operations, request)).toEqual(expected);
  });

  test("leaves open what a server could take apart in another way", () => {
    expect(told(["GET /c/{a}:{b}"], "GET /c/x%3Ay:z")).toEqual({ "/c/{a}:{b}": { a: "", b: "" } });
    expect(told(["GET /c/{a}:{b}"], "GET /c/x%40y:z")).toEqual({ "/c/{a}:{b}": { a: "x%40y", b: "z" } });
  });
});
