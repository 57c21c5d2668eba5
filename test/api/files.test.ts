import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { compileFiles } from "../../src/api/compile-files.ts";
import { SAMPLE_DOCUMENT } from "../../src/api/read-files.ts";
import { prefixLines } from "../../src/api/report.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = mkdtempSync(join(tmpdir(), "portcullis-api-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

let count = 0;

/** Writes files into a folder of their own; the first is the document. */
function write(files: Readonly<Record<string, string>>): string {
  const folder = join(FOLDER, `${count++}`);
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(folder, Object.keys(files)[0] ?? "");
}

async function compiled(files: Readonly<Record<string, string>>, variables: Record<string, string> = {}) {
  const { table, findings } = await compileFiles({ API_DOCUMENT: write(files), ...variables });
  return {
    operations: table.operations.map(({ method, path }) => `${method} ${path}`),
    table,
    mistakes: findings.mistakes.map(({ where, problem }) => `${where}: ${problem}`),
    warnings: findings.warnings.map(({ where, problem }) => `${where}: ${problem}`),
  };
}

const YAML = `openapi: 3.0.3
info: { title: A, version: "1" }
paths:
  /a:
    get: &shared
      responses: { 200: { description: Fine } }
    put:
      <<: *shared
`;

describe("a document may be", () => {
  test.each([
    ["JSON", { "api.json": '{"openapi":"3.1.0","paths":{"/a":{"get":{},"put":{}}}}' }],
    [
      "JSON with a byte order mark",
      { "api.json": '\uFEFF{"openapi":"3.1.0","paths":{"/a":{"get":{},"put":{}}}}' },
    ],
    ["YAML with anchors and merge keys", { "api.yaml": YAML }],
    [
      "YAML that begins with a brace",
      { "api.yaml": "{ openapi: 3.1.0, paths: { /a: { get: {}, put: {} } } }" },
    ],
  ])("%s", async (_, files) => {
    const { operations, mistakes } = await compiled(files);
    expect([operations, mistakes]).toEqual([["GET /a", "PUT /a"], []]);
  });

  test("several files, of which each refers to others from where it is", async () => {
    const { table, operations, mistakes } = await compiled({
      "api.yaml":
        "openapi: 3.1.0\npaths:\n  /a: { $ref: paths/a.yaml }\n  /b:\n    get: { $ref: 'paths/shared.json#/read' }\n",
      "paths/a.yaml":
        "get: { $ref: 'shared.json#/read' }\nput: { parameters: [{ $ref: ../parameters.yaml#/p }] }\n",
      "paths/shared.json": '{"read":{"security":[]}}',
      "parameters.yaml": "p: { name: p, in: query }\n",
    });
    expect([operations, mistakes]).toEqual([["GET /a", "PUT /a", "GET /b"], []]);
    expect(table.operations.map((operation) => operation.public)).toEqual([true, undefined, true]);
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  [
    "broken YAML",
    { "api.yaml": "openapi: 3.1.0\npaths:\n\t/a: {" },
    /api\.yaml: is neither JSON nor YAML: .*line 3/,
  ],
  [
    "a key twice",
    { "api.yaml": "openapi: 3.1.0\npaths: {}\npaths: {}\n" },
    /api\.yaml: is neither JSON nor YAML: Map keys must be unique/,
  ],
  ["nothing", { "api.yaml": "" }, /api\.yaml: is no OpenAPI document/],
  ["a list", { "api.json": "[]" }, /api\.json: is no OpenAPI document/],
  [
    "a file that is missing",
    { "api.yaml": "openapi: 3.1.0\npaths: { /a: { $ref: a.yaml } }" },
    /^\/a: the \$ref "a\.yaml" leads nowhere/,
  ],
  [
    "an operation that is missing",
    { "api.yaml": "openapi: 3.1.0\npaths: { /a: { get: { $ref: 'b.yaml#/x' } } }", "b.yaml": "y: {}" },
    /^GET \/a: the \$ref "b\.yaml#\/x" leads nowhere/,
  ],
  [
    "something on the network",
    { "api.yaml": "openapi: 3.1.0\npaths: { /a: { $ref: 'https://a.example/a.yaml' } }" },
    /^\/a: the \$ref "https:/,
  ],
])("%s is told by name", async (_, files, message) => {
  const { mistakes } = await compiled(files);
  expect(mistakes).toEqual([expect.stringMatching(message)]);
});

test.each([
  ["that is not there", "/nowhere/api.yaml", "there is no such file"],
  ["that is a directory", ROOT, "is a directory: name the file in it that has the paths"],
  [
    "at a URL",
    "https://a.example/api.yaml",
    "is a URL, and only files are read: fetch it first",
    "curl -fL -o openapi.yaml 'https://a.example/api.yaml'",
  ],
])("a document %s is told by name", async (_, name, problem, line?: string) => {
  const { findings } = await compileFiles({ API_DOCUMENT: name });
  expect(findings.mistakes).toEqual([{ where: name, problem, ...(line !== undefined && { write: line }) }]);
});

const BOMB = Array.from(
  "bcdefgh",
  (name, i) => `${name}: &${name} [${`*${"abcdefg"[i]}, `.repeat(10)}]`,
).join("\n");

test.each([
  ["a list that holds itself", "x: &a [*a]", /holds itself/],
  ["an object that holds itself", "paths: { /a: { get: &a { x: *a } } }", /holds itself/],
  ["20,000 levels of YAML", `x: ${"[".repeat(20_000)}${"]".repeat(20_000)}`, /nested more than/],
  ["aliases that stand for too much", `a: &a [x]\n${BOMB}`, /aliases stand for too much/],
])("a document with %s is a mistake that names the file", async (_, text, message) => {
  const { mistakes, operations } = await compiled({ "api.yaml": `openapi: 3.1.0\n${text}\n` });
  expect(operations).toEqual([]);
  expect(mistakes).toEqual([expect.stringMatching(/api\.yaml: /)]);
  expect(mistakes).toEqual([expect.stringMatching(message)]);
});

test("20,000 levels of JSON are a mistake that names the file", async () => {
  const text = `{"openapi":"3.1.0","x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
  const { mistakes } = await compiled({ "api.json": text });
  expect(mistakes).toEqual([expect.stringMatching(/api\.json: is nested more than/)]);
});

describe("an overlay", () => {
  const document = "openapi: 3.1.0\npaths:\n  /a: { get: { tags: [x] }, put: {} }\n  /b: { $ref: b.yaml }\n";
  const overlayOf = (...actions: string[]) =>
    `overlay: 1.0.0\ninfo: { title: A, version: "1" }\nactions:\n${actions.map((action) => `  - ${action}\n`).join("")}`;
  const withOverlay = (overlay: string) =>
    compiled({ "api.yaml": document, "overlay.yaml": overlay, "b.yaml": "get: { operationId: b }" });

  test.each<[string, string[], object]>([
    [
      "updates an object",
      ["{ target: \"$.paths['/a'].get\", update: { x-portcullis-limits: { cost: 3 } } }"],
      { "GET /a": { cost: 3 } },
    ],
    [
      "updates what is in another file",
      ["{ target: \"$.paths['/b'].get\", update: { security: [] } }"],
      { "GET /b": { public: true } },
    ],
    [
      "updates the whole document",
      ["{ target: $, update: { paths: { /a: { get: { x-portcullis-resource: null } } } } }"],
      { "GET /a": { security: [["a:read"]] } },
    ],
    [
      "updates many places",
      ["{ target: $.paths.*.get, update: { x-portcullis-limits: { cost: 0 } } }"],
      { "GET /a": { cost: 0 }, "GET /b": { cost: 0 } },
    ],
    [
      "adds to a list",
      ["{ target: $, update: { servers: [] } }", "{ target: $.servers, update: { url: /v1 } }"],
      { "GET /v1/a": {} },
    ],
    [
      "carries actions out in their order",
      [
        "{ target: \"$.paths['/a'].put\", remove: true }",
        "{ target: \"$.paths['/a']\", update: { put: { security: [] } } }",
      ],
      { "PUT /a": { public: true } },
    ],
  ])("%s", async (_, actions, expected) => {
    const { table, mistakes } = await withOverlay(overlayOf(...actions));
    expect(mistakes).toEqual([]);
    const found = Object.fromEntries(
      table.operations.map((entry) => [`${entry.method} ${entry.path}`, entry]),
    );
    expect(found).toMatchObject(expected);
  });

  test("removes what it says", async () => {
    const { operations } = await withOverlay(overlayOf("{ target: $.paths.*.get, remove: true }"));
    expect(operations).toEqual(["PUT /a"]);
  });

  test.each([
    [
      "that names one place which is not there",
      overlayOf("{ target: \"$.paths['/c'].get\", update: {} }"),
      /^overlay: action 1 \(\$\.paths\['\/c'\]\.get\): matches nothing/,
    ],
    [
      "that removes one place which is not there",
      overlayOf("{ target: \"$.paths['/c'].get\", remove: true }"),
      /^overlay: action 1 \(\$\.paths\['\/c'\]\.get\): matches nothing/,
    ],
    ["that removes everything", overlayOf("{ target: $, remove: true }"), /cannot remove the whole document/],
    [
      "whose target is no JSONPath",
      overlayOf("{ target: 'paths./a', update: {} }"),
      /^overlay: action 1 .*JSONPath/,
    ],
    [
      "of another version",
      "overlay: 2.0.0\ninfo: { title: A, version: '1' }\nactions: [{ target: $, update: {} }]",
      /^overlay: overlay: must be a 1\.0 version/,
    ],
    ["without actions", "overlay: 1.0.0\ninfo: { title: A, version: '1' }\n", /^overlay: actions/],
    [
      "for a plain value",
      overlayOf("{ target: $.openapi, update: 3.1.1 }"),
      /^overlay: action 1 .*not plain values/,
    ],
  ])("%s is a mistake", async (_, overlay, message) => {
    const { mistakes } = await withOverlay(overlay);
    expect(mistakes).toEqual([expect.stringMatching(message)]);
  });

  const SHARED = `openapi: 3.1.0
paths:
  /status: { $ref: "#/components/pathItems/P" }
  /accounts: { $ref: "#/components/pathItems/P" }
  /alias: &item { get: &operation { tags: [x] }, put: *operation }
  /same: *item
  /up: { put: { $ref: "#/components/x-operations/o" }, post: { $ref: "#/components/x-operations/o" } }
components:
  pathItems: { P: { get: { parameters: [{ $ref: "#/components/parameters/p" }] } } }
  parameters: { p: { in: query, name: p } }
  x-operations: { o: { tags: [y] } }
`;
  test.each([
    ["a path item by reference", "/status", "get", "GET /status"],
    ["a path item by alias", "/same", "get", "GET /same"],
    ["an operation by alias", "/alias", "put", "PUT /alias"],
    ["an operation by reference", "/up", "post", "POST /up"],
  ])("changes no other place that shares %s", async (_, path, method, name) => {
    const target = `$.paths['${path}'].${method}`;
    const overlay = overlayOf(`{ target: "${target}", update: { security: [] } }`);
    const { table, mistakes } = await compiled({ "api.yaml": SHARED, "overlay.yaml": overlay });
    expect(mistakes).toEqual([]);
    expect(table.operations.length).toBe(8);
    const open = table.operations.filter((entry) => entry.public === true);
    expect(open.map((entry) => `${entry.method} ${entry.path}`)).toEqual([name]);
  });

  test("puts a copy of what it adds to each place", async () => {
    const overlay = overlayOf(
      "{ target: \"$.paths['/status','/same'].get\", update: { security: [] } }",
      "{ target: $.paths.*.get.security, update: { k: [] } }",
      "{ target: \"$.paths['/status'].get.security[0]\", update: { k: ['*:admin'] } }",
    );
    const { table } = await compiled({ "api.yaml": SHARED, "overlay.yaml": overlay });
    const found = Object.fromEntries(
      table.operations.map((each) => [`${each.method} ${each.path}`, each.security]),
    );
    expect(found).toMatchObject({ "GET /status": [["*:admin"]], "GET /same": [["same:read"]] });
  });

  test.each([
    ["$.components.pathItems.P.get", "update: { x-portcullis-scopes: ['a:admin'] }"],
    ["$.components.pathItems.*", "update: { get: { security: [] } }"],
    ["$.components.pathItems", "update: { P: { get: { security: [] } } }"],
    ["$.components", "update: { parameters: { p: { x-portcullis-many-segments: true } } }"],
    ["$.components.parameters.p", "update: { x-portcullis-many-segments: true }"],
    ["$.components.pathItems.P.get", "remove: true"],
  ])("of %s is a mistake, as it would have no effect: %s", async (target, change) => {
    const overlay = overlayOf(`{ target: "${target}", ${change} }`);
    const { mistakes } = await compiled({ "api.yaml": SHARED, "overlay.yaml": overlay });
    expect(mistakes).toEqual([
      expect.stringContaining("no effect: the target must be where it is used, under $.paths"),
    ]);
  });

  test("may add a path item that it uses, and change what other components there are", async () => {
    const overlay = overlayOf(
      "{ target: $.components, update: { schemas: { s: {} }, pathItems: { Q: { get: { tags: [q] } } } } }",
      "{ target: $.paths, update: { /q: { $ref: '#/components/pathItems/Q' } } }",
    );
    const { operations, mistakes } = await compiled({ "api.yaml": SHARED, "overlay.yaml": overlay });
    expect([mistakes, operations.includes("GET /q")]).toEqual([[], true]);
  });

  test.each([
    ["[2,1]", [["a:admin"]]],
    ["[1,2]", [["a:admin"]]],
    ["[1,1]", [["a:admin"], ["a:read"]]],
    ["[0,-1,2]", [["a:write"]]],
    ["[?@.a]", undefined],
  ])("removes the items %s and no other", async (items, security) => {
    const text =
      "openapi: 3.1.0\nx-portcullis-resources: { a: { segments: [] } }\npaths: { /a: { get: { security: [{ a: ['a:admin'] }, { a: ['a:write'] }, { a: ['a:read'] }] } } }";
    const overlay = overlayOf(`{ target: "$.paths['/a'].get.security${items}", remove: true }`);
    const { table, mistakes } = await compiled({ "api.yaml": text, "overlay.yaml": overlay });
    expect(mistakes).toEqual([]);
    expect(table.operations[0]?.security).toEqual(security);
  });

  test.each(["#createUser", "#", "#createUser/x"])("a reference to %s leads nowhere", async (reference) => {
    const text = `openapi: 3.1.0\nsecurity: []\npaths: { /a: { post: { $ref: "${reference}" } } }`;
    const { mistakes } = await compiled({ "api.yaml": text });
    expect(mistakes).toEqual([`POST /a: the $ref "${reference}" leads nowhere`]);
  });

  test("that looks for places and finds none is a warning", async () => {
    for (const change of ["update: {}", "remove: true"]) {
      const { mistakes, warnings } = await withOverlay(overlayOf(`{ target: $.paths.*.delete, ${change} }`));
      expect([mistakes, warnings]).toEqual([[], [expect.stringContaining("matches nothing")]]);
    }
  });

  test("can be anywhere", async () => {
    const overlay = write({ "mine.yaml": overlayOf("{ target: \"$.paths['/a'].put\", remove: true }") });
    const { operations } = await compiled(
      { "api.yaml": "openapi: 3.1.0\npaths: { /a: { get: {}, put: {} } }" },
      { API_OVERLAY: overlay },
    );
    expect(operations).toEqual(["GET /a"]);
  });
});

describe("an origin of its own that ORIGINS does not map", () => {
  const document = {
    "api.yaml":
      "openapi: 3.1.0\nservers: [{ url: https://a.example }]\npaths: { /a: { get: { servers: [{ url: https://up.example }] }, put: { x-portcullis-origin: uploads } } }",
  };
  test.each([
    [
      undefined,
      [
        "GET /a: not served: ORIGINS names none of https://up.example",
        "PUT /a: not served: ORIGINS names none of uploads",
      ],
    ],
    ['{"uploads":"https://x.example"}', ["GET /a: not served: ORIGINS names none of https://up.example"]],
    ['{"uploads":"https://x.example","https://up.example//":"https://x.example"}', []],
    ['{"uploads":"https://x.example","https://up.example/":"https://y.example"}', []],
  ])("is told: %s", async (origins, expected) => {
    const { warnings } = await compiled(document, origins === undefined ? {} : { ORIGINS: origins });
    expect(warnings).toEqual(expected);
  });
});

describe("npm run check", () => {
  const check = (environment: Record<string, string>, ...flags: string[]) =>
    promisify(execFile)(process.execPath, ["src/check.ts", ...flags], {
      cwd: ROOT,
      env: { ...process.env, API_OVERLAY: "", ...environment },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  test("prints what a key needs for each operation of the sample, which has no mistake", async () => {
    const { code, stdout, stderr } = await check({ API_DOCUMENT: SAMPLE_DOCUMENT });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").map((line) => line.trim().replaceAll(/ {2,}/g, " | "))).toEqual([
      "7 operations",
      "GET | /v1/vaults | vault:read | list of vault/{id}",
      "GET | /v1/vaults/{vaultId} | vault:read | on vault/{vaultId}",
      "GET | /v1/vaults/{vaultId}/balances | vault:read | on vault/{vaultId}/balance",
      "GET | /v1/vaults/{vaultId}/transactions | vault:read | on vault/{vaultId}/transaction",
      "GET | /v1/vaults/{vaultId}/addresses | vault:read | on vault/{vaultId}/address",
      "GET | /v1/networks | vault:read",
      "GET | /v1/assets | vault:read",
      "",
    ]);
  });

  test("prints every mistake with the line to write, then the operations, and exits 1", async () => {
    const file = write({
      "api.yaml":
        "openapi: 3.1.0\npaths: { /a: { get: { x-portcullis-lists: {} }, put: { x-portcullis-limits: { cost: -1 } } } }",
    });
    const { code, stdout, stderr } = await check({ API_DOCUMENT: file });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /2 mistakes\n {2}GET \/a: x-portcullis-lists means nothing here\n {4}write: x-portcullis-list: .*\n {2}PUT \/a: x-portcullis-limits: cost: .*\n {4}write: /,
    );
    expect(stdout).toContain("2 operations");
  });

  test("says what keys begin with, and asks for the former prefix where one was chosen", async () => {
    const { code, stdout } = await check({ API_DOCUMENT: SAMPLE_DOCUMENT, KEY_PREFIX: "acme" });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /keys begin with acme_; no former prefix is accepted\n.*\(fkc_ [^]*KEY_PREFIXES_ACCEPTED = "fkc"/,
    );
    const told = (own?: string, accepted?: string) =>
      prefixLines({ KEY_PREFIX: own, KEY_PREFIXES_ACCEPTED: accepted });
    expect([told(), told("fkc", "fkc")]).toEqual([[], []]);
    expect(told("acme", " fkc,old, acme")).toEqual(["", "keys begin with acme_; accepted, too: fkc_, old_"]);
    expect(told("fkc", "old")).toEqual(["", "keys begin with fkc_; accepted, too: old_"]);
  });

  test.each([
    ["GET /v1/vaults/x", 0, ["getVault", "vaultId = x", "needs vault:read, covering vault/x"]],
    ["POST /v1/vaults/x", 1, ["405 method_not_allowed, Allow: GET, HEAD"]],
    ["GET /v1/nothing", 1, ["404 not_found"]],
    ["GET /v1//vaults", 1, ["400 invalid_path"]],
  ])("--operation '%s' tells what it needs", async (request, expected, told) => {
    const { code, stdout } = await check({ API_DOCUMENT: SAMPLE_DOCUMENT }, "--operation", request);
    expect(code).toBe(expected);
    for (const part of told) expect(stdout).toContain(part);
  });
});
