import { describe, expect, test } from "vitest";
import { compileDocument } from "../../src/api/compile.ts";
import { Findings, type JsonObject } from "../../src/api/problem.ts";
import { formatResource } from "../../src/core/policy/resource-types.ts";
import { formatScope } from "../../src/core/policy/scope.ts";
import { compile, matchOf } from "../support/policy.ts";

const VAULT = { vault: { segments: [{ name: "vaultId" }] } };

/** The one operation of a document without mistakes. */
function only(operation: JsonObject, path = "/v1/x/{id}", root: JsonObject = {}, method = "get") {
  const { policy, mistakes } = compile({
    openapi: "3.0.3",
    paths: { [path]: { [method]: operation } },
    ...root,
  });
  expect(mistakes).toEqual([]);
  const [found] = policy.operations;
  if (found === undefined) throw new Error("The document has no operation");
  return found;
}

/** Its alternatives of scopes, as they are written. */
function needs(operation: JsonObject, root: JsonObject = {}, method = "get") {
  const { security, public: isPublic } = only(operation, "/v1/x/{id}", root, method);
  const scopes = security.map((alternative) => alternative.map(formatScope).join(" "));
  return isPublic ? ["public", ...scopes] : scopes;
}

describe("what an operation needs", () => {
  const declared = { "x-portcullis-resources": VAULT };
  test.each<[string, JsonObject, JsonObject, readonly string[]]>([
    ["nothing said", {}, {}, ["x:read"]],
    ["an API key scheme", { security: [{ key: [] }] }, {}, ["x:read"]],
    [
      "scopes of another meaning",
      { security: [{ oauth: ["read:users", "repo", "user:email"] }] },
      {},
      ["x:read"],
    ],
    [
      "scopes of our form, but of no declared type",
      { security: [{ oauth: ["user:read"] }] },
      declared,
      ["x:read"],
    ],
    ["scopes of ours", { security: [{ key: ["vault:write"] }] }, declared, ["vault:write"]],
    [
      "scopes of ours among others",
      { security: [{ oauth: ["openid", "vault:write"] }] },
      declared,
      ["vault:write"],
    ],
    ["everything", { security: [{ key: ["*:admin"] }] }, {}, ["*:admin"]],
    [
      "alternatives, each with all of its scopes",
      { security: [{ a: ["vault:read", "vault/#:write"] }, { a: ["vault:admin"], b: ["vault:*"] }] },
      declared,
      ["vault:read vault/#:write", "vault:admin vault:*"],
    ],
    [
      "an alternative that names none of ours beside one that does",
      { security: [{ a: [] }, { b: ["vault:admin"] }] },
      declared,
      ["vault:admin"],
    ],
    ["public", { security: [] }, {}, ["public"]],
    ["public without a credential", { security: [{}, { key: [] }] }, {}, ["public", "x:read"]],
    ["public without a credential alone", { security: [{}] }, {}, ["public", "x:read"]],
    ["the document's security", {}, { ...declared, security: [{ key: ["vault:admin"] }] }, ["vault:admin"]],
    [
      "its own before the document's",
      { security: [{ key: ["vault:read"] }] },
      { ...declared, security: [{ key: ["vault:admin"] }] },
      ["vault:read"],
    ],
    ["its own before a public document", { security: [{ key: [] }] }, { security: [] }, ["x:read"]],
    [
      "scopes that say it otherwise",
      { "x-portcullis-scopes": ["x/{id}:admin", "x:read"] },
      {},
      ["x/#:admin x:read"],
    ],
    ["scopes on what would be public", { security: [], "x-portcullis-scopes": ["x:read"] }, {}, ["x:read"]],
  ])("%s", (_, operation, root, expected) => {
    expect(needs({ "x-portcullis-resource": null, ...operation }, root)).toEqual(expected);
  });

  test.each([
    ["get", "read"],
    ["head", "read"],
    ["post", "write"],
    ["put", "write"],
    ["patch", "write"],
    ["delete", "write"],
    ["options", "write"],
  ])("%s needs %s where nothing is said", (method, action) =>
    expect(needs({}, {}, method)).toEqual([`x:${action}`]),
  );
});

describe("what an operation is about", () => {
  test.each([
    ["/v1/repos/{owner}/{repo}/hooks/{id}", "repos/{owner}/{repo}/hooks/{id}"],
    ["/repos/{owner}", "repos/{owner}"],
    ["/v2.1/x", "x"],
    ["/2/x", "x"],
    ["/2010-04-01/Accounts/{Sid}.json", "Accounts/{Sid}"],
    ["/api/v1/x", "x"],
    ["/a/b/v1/x", "x"],
    ["/a/b/c/v1/x", "a/b/c/v1/x"],
    ["/{tenant}/v1/x", "root/{tenant}/v1/x"],
    ["/v1/{name}", "root/{name}"],
    ["/v1", "root"],
    ["/", "root"],
    ["/version/x", "version/x"],
    ["/d/{x}/", "d/{x}"],
    ["/c/{base}...{head}", "c/{base}/{head}"],
    ["/x/{id}:cancel", "x/{id}"],
  ])("%s is about %s", (path, expected) => {
    const { resource } = only({}, path);
    expect(resource && formatResource(resource)).toBe(expected);
  });

  test("the base path is no part of it", () => {
    const { resource, template } = only({}, "/x/{id}", { servers: [{ url: "https://a.example/api/v3/" }] });
    expect([template, resource && formatResource(resource)]).toEqual(["/api/v3/x/{id}", "x/{id}"]);
  });

  test("it can be named, and named as nothing in particular; a list has none", () => {
    const of = (operation: JsonObject) => only(operation).resource;
    expect(of({ "x-portcullis-resource": "y/{id}/z" })).toEqual([
      { literal: "y" },
      { parameter: "id" },
      { literal: "z" },
    ]);
    expect(of({ "x-portcullis-resource": null })).toBeNull();
    expect(
      only({ "x-portcullis-list": { items: "", id: "id", resource: "y/{id}" } }, "/v1/y").resource,
    ).toBeNull();
  });

  test("types that are not declared follow from the paths, as deep as they go", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      paths: {
        "/repos/{owner}": { get: {} },
        "/repos/{owner}/{repo}/hooks": { get: {} },
        "/files/{+path}": { get: {} },
      },
    });
    expect([...policy.resourceTypes.values()]).toEqual([
      {
        name: "repos",
        segments: ["owner", "repo", "part"].map((name) => ({ name, values: null })),
        open: false,
      },
      { name: "files", segments: [{ name: "path", values: null }], open: true },
    ]);
    const problem = (resource: string) => policy.checkScope({ action: "read", resource });
    expect(problem("repos/octocat/hello/hooks")).toBeNull();
    expect(problem("files/a/b/c/d")).toBeNull();
    expect(problem("repos/octocat/hello/hooks/7")).toContain("Too many segments");
    expect(problem("users")).toBe("users is not a resource type of this API");
  });

  test("what has nothing to narrow by still needs a scope that a key can hold", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      "x-portcullis-resources": VAULT,
      paths: { "/networks": { get: { "x-portcullis-resource": null } } },
    });
    expect(policy.operations[0]?.security.flat().map(formatScope)).toEqual(["networks:read"]);
    expect(policy.checkScope({ action: "read", resource: "networks" })).toBeNull();
  });
});

describe("lists", () => {
  test.each([
    [{ items: "data", id: "id" }, [["data"], ["id"], null]],
    [
      { items: "data.items", id: "metadata.name", total: "page.total" },
      [
        ["data", "items"],
        ["metadata", "name"],
        ["page", "total"],
      ],
    ],
    [{ items: "/data/a~1b/0", id: "/x.y" }, [["data", "a/b", "0"], ["x.y"], null]],
    [{ items: "", id: "" }, [[], [], null]],
  ])("%j", (list, expected) => {
    const found = only({ "x-portcullis-list": { ...list, resource: "x/{id}" } }, "/v1/x").list;
    expect([found?.items, found?.id, found?.total]).toEqual(expected);
    expect(found?.resource).toEqual([{ literal: "x" }, { parameter: "id" }]);
  });
});

describe("references", () => {
  const shared = { security: [], operationId: "shared" };
  test.each<[string, JsonObject]>([
    ["of a path", { "/a": { $ref: "#/components/pathItems/a" } }],
    ["of an operation", { "/a": { get: { $ref: "#/components/pathItems/a/get" } } }],
    [
      "of an operation of another path",
      { "/a": { get: { $ref: "#/paths/~1b/get" } }, "/b": { get: shared } },
    ],
    ["by way of another", { "/a": { $ref: "#/components/pathItems/b" } }],
  ])("%s keep the security of what they lead to", (_, paths) => {
    const pathItems = { a: { get: shared }, b: { $ref: "#/components/pathItems/a" } };
    const { policy, mistakes } = compile({
      openapi: "3.1.0",
      security: [{ key: ["x"] }],
      components: { pathItems },
      paths,
    });
    expect(mistakes).toEqual([]);
    expect(matchOf(policy, "GET", "/a")?.operation).toMatchObject({ public: true, security: [] });
  });
});

describe("where the API is", () => {
  const servers = (...urls: string[]) => ({ servers: urls.map((url) => ({ url })) });
  test.each<[string, JsonObject, JsonObject, string, readonly string[] | null]>([
    ["nothing said", {}, {}, "/x", null],
    ["a base path", servers("https://a.example/api"), {}, "/api/x", null],
    ["a relative base path", servers("/api/"), {}, "/api/x", null],
    [
      "a base path with a variable",
      { servers: [{ url: "https://{region}.a.example/{v}", variables: { v: { default: "v2" } } }] },
      {},
      "/v2/x",
      null,
    ],
    ["the first server", servers("https://a.example/one", "https://a.example/two"), {}, "/one/x", null],
    ["another origin by name", {}, { "x-portcullis-origin": "uploads" }, "/x", ["uploads"]],
    [
      "another origin by its servers",
      servers("https://a.example"),
      servers("https://up.example/files/"),
      "/files/x",
      ["https://up.example/files", "https://up.example"],
    ],
    [
      "servers of its own on the same origin",
      servers("https://a.example/v1"),
      servers("https://A.example:443/v2"),
      "/v2/x",
      null,
    ],
    [
      "servers of its own on the same host by another scheme",
      servers("//a.example:8443"),
      servers("http://a.example:8443/v2"),
      "/v2/x",
      null,
    ],
    [
      "servers of its own on the same host, each with its scheme's port",
      servers("https://a.example:443"),
      servers("http://a.example:80"),
      "/x",
      null,
    ],
    [
      "another port",
      servers("https://a.example"),
      servers("https://a.example:8443"),
      "/x",
      ["https://a.example:8443"],
    ],
    [
      "a server of its own at the API's origin before another one",
      servers("https://a.example/v1"),
      servers("https://up.example/upload/v1", "https://a.example/v2"),
      "/v2/x",
      null,
    ],
    [
      "other origins with one base path",
      servers("https://a.example"),
      servers("https://up.example/v1", "https://us.example/us", "https://eu.example/v1"),
      "/v1/x",
      ["https://up.example/v1", "https://up.example", "https://eu.example/v1", "https://eu.example"],
    ],
    ["relative servers of its own", servers("https://a.example/v1"), servers("/v2"), "/v2/x", null],
    [
      "the base path of the server that is named by its URL",
      servers("https://a.example/v1"),
      {
        ...servers("/v2", "https://up.example/upload/v1"),
        "x-portcullis-origin": "https://up.example/upload/v1",
      },
      "/upload/v1/x",
      ["https://up.example/upload/v1"],
    ],
    [
      "the base path of the server that is named by its origin",
      servers("https://a.example/v1"),
      { ...servers("/v2", "https://up.example/upload/v1"), "x-portcullis-origin": "https://up.example" },
      "/upload/v1/x",
      ["https://up.example"],
    ],
    [
      "a name before servers",
      {},
      { ...servers("https://up.example"), "x-portcullis-origin": "up" },
      "/x",
      ["up"],
    ],
  ])("%s", (_, root, operation, template, origin) => {
    expect(only(operation, "/x", root)).toMatchObject({ template, origin });
  });

  test("servers of a path are those of its operations", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      ...servers("https://a.example/v1"),
      paths: { "/x": { ...servers("https://up.example"), get: {}, put: servers("https://put.example") } },
    });
    expect(policy.basePath).toBe("/v1");
    expect(policy.operations.map(({ template, origin }) => [template, origin])).toEqual([
      ["/x", ["https://up.example"]],
      ["/x", ["https://put.example"]],
    ]);
  });
});

test("limits are read, and have their usual values where nothing is said", () => {
  const usual = { cost: 1, maxBodyBytes: null, timeoutMs: null };
  expect(only({})).toMatchObject(usual);
  expect(only({ "x-portcullis-limits": { cost: 0 } })).toMatchObject({ ...usual, cost: 0 });
  const limits = { cost: 5, maxBodyBytes: 0, timeoutMs: 60_000 };
  expect(only({ "x-portcullis-limits": limits })).toMatchObject(limits);
});

test("only what the gateway needs is kept of a document, a few bytes an operation", () => {
  const text = "Prose that nobody needs to decide anything. ".repeat(20);
  const operation = (id: number): JsonObject => ({
    operationId: `repos/operation-${id}`,
    summary: text,
    description: text,
    tags: [text],
    parameters: [{ name: "page", in: "query", description: text, schema: { enum: [text] } }],
    requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/text" } } } },
    responses: { 200: { description: text, content: { "application/json": { example: text } } } },
  });
  const count = 1190;
  const paths = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`/repos/{owner}/{repo}/part-${i}/{id}`, { put: operation(i) }]),
  );
  const document = {
    openapi: "3.1.0",
    info: { title: text, description: text },
    components: { schemas: { text: { description: text } } },
    paths,
  };
  const table = compileDocument(document, new Findings());
  const written = JSON.stringify(table);
  expect([table.operations.length, written.includes("Prose"), written.includes("schemas")]).toEqual([
    count,
    false,
    false,
  ]);
  expect(written.length).toBeLessThan(300 * 1024);
});

test("an operation goes by its operationId, or else by method and path", () => {
  expect(only({ operationId: "getX" }).id).toBe("getX");
  expect(only({}).id).toBe("GET /v1/x/{id}");
});

test("extensions of other tools are left alone", () => {
  const { policy, mistakes } = compile({
    openapi: "3.0.0",
    "x-note": [],
    paths: {
      "x-note": "text",
      "/a": { "x-note": 1, get: { "x-codegen": 1, externalDocs: { url: "docs/a" } } },
    },
  });
  expect([policy.operations.length, mistakes]).toEqual([1, []]);
});

describe("deprecation headers", () => {
  const deprecated = (more: JsonObject, root: JsonObject = {}) =>
    only({ deprecated: true, "x-portcullis-deprecation": "2026-01-01", ...more }, "/v1/x", root).deprecation;

  test("carry the dates as Unix seconds and as an IMF-fixdate", () => {
    expect(deprecated({ "x-portcullis-sunset": "2026-12-06" })).toEqual({
      deprecation: "@1767225600",
      sunset: "Sun, 06 Dec 2026 00:00:00 GMT",
      link: null,
    });
    const times = {
      "x-portcullis-deprecation": "2026-01-01T01:30:00.9+01:30",
      "x-portcullis-sunset": "2026-12-06T23:59:59-01:00",
    };
    expect(deprecated(times)).toEqual({
      deprecation: "@1767225600",
      sunset: "Mon, 07 Dec 2026 00:59:59 GMT",
      link: null,
    });
  });

  test("are those of deprecated operations with a date only", () => {
    expect(only({ deprecated: false }).deprecation).toBeNull();
    expect(only({ deprecated: true }).deprecation).toBeNull();
    const sunset = {
      deprecated: true,
      "x-portcullis-sunset": "2026-12-06",
      externalDocs: { url: "https://a.example/" },
    };
    expect(only(sunset).deprecation).toEqual({
      deprecation: null,
      sunset: "Sun, 06 Dec 2026 00:00:00 GMT",
      link: '<https://a.example/>; rel="sunset"',
    });
  });

  const own = { "x-portcullis-deprecation-link": "https://a.example/own" };
  const ownDocs = { externalDocs: { url: "https://a.example/docs" } };
  const shared = { "x-portcullis-deprecation-link": "https://a.example/all" };
  const sharedDocs = { externalDocs: { url: "https://a.example/api" } };
  test.each([
    [{ ...own, ...ownDocs }, { ...shared, ...sharedDocs }, "https://a.example/own"],
    [ownDocs, { ...shared, ...sharedDocs }, "https://a.example/all"],
    [ownDocs, sharedDocs, "https://a.example/docs"],
    [{ externalDocs: { url: "../docs" } }, sharedDocs, "https://a.example/api"],
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
