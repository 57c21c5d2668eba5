import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyOverlay } from "../../src/api/overlay.ts";
import { Findings, isObject, type JsonObject } from "../../src/api/problem.ts";
import { inlinePaths } from "../../src/api/references.ts";
import { always, jsonWith, spoiled } from "../support/fuzz.ts";
import { compile } from "../support/policy.ts";

const PATHS = ["/v1/vaults", "/v1/vaults/{id}", "/v1/{a}.json", "/d/", "/f/{+path}", "/{x}...{y}", "/-/own"];
const METHODS = ["get", "put", "delete", "head"];
const SCOPE = fc.constantFrom("vault:read", "repos:write", "vault/{id}:admin", "nothing of ours");
const SECURITY = fc.array(fc.dictionary(fc.constantFrom("key", "oauth"), fc.array(SCOPE, { maxLength: 2 })), {
  maxLength: 2,
});
const LIST = fc.record({
  items: fc.constantFrom("data", "", "/a/b"),
  id: fc.constant("id"),
  resource: SCOPE,
});
const PARAMETER = fc.oneof(
  fc.record({ name: fc.constantFrom("id", "path"), in: fc.constant("path") }),
  fc.constant({ name: "id", in: "path", "x-portcullis-many-segments": true }),
  fc.constant({ $ref: "#/components/parameters/id" }),
);
const OPERATION = fc.record(
  {
    operationId: fc.constantFrom("one", "other"),
    security: SECURITY,
    parameters: fc.array(PARAMETER, { maxLength: 2 }),
    deprecated: fc.boolean(),
    servers: fc.constantFrom([{ url: "https://other.example.com" }], []),
    "x-portcullis-resource": fc.constantFrom("vault/{id}", "root/{x}", null),
    "x-portcullis-scopes": fc.array(SCOPE, { minLength: 1, maxLength: 2 }),
    "x-portcullis-list": LIST,
    "x-portcullis-limits": fc.constant({ cost: 2, timeoutMs: 5 }),
    "x-portcullis-sunset": fc.constant("2027-01-01"),
    "x-portcullis-origin": fc.constant("uploads"),
  },
  { requiredKeys: [] },
);
const ITEM = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...METHODS, "parameters"), OPERATION) },
  { weight: 1, arbitrary: fc.constant({ $ref: "#/components/pathItems/one" }) },
  { weight: 1, arbitrary: fc.constant({ $ref: "#/paths/~1d~1" }) },
);
const DOCUMENT = fc
  .record(
    {
      servers: fc.array(fc.record({ url: fc.constantFrom("/v2", "https://api.example.com/base", "{x}") })),
      security: SECURITY,
      components: fc.record({
        pathItems: fc.dictionary(fc.constant("one"), ITEM),
        parameters: fc.dictionary(fc.constant("id"), PARAMETER),
      }),
      "x-portcullis-resources": fc.constant({ vault: { segments: [{ name: "id" }] } }),
      paths: fc.dictionary(fc.constantFrom(...PATHS), ITEM, { minKeys: 1 }),
    },
    { requiredKeys: ["paths"] },
  )
  .map((rest): JsonObject => ({ openapi: "3.1.0", ...rest }));
const JUNK = jsonWith(
  ["$ref", "get", "paths", "url", "x-portcullis-scopes"],
  ["#/paths", "#", "{a}", "/", "vault:read"],
);
const SPOILED = spoiled(DOCUMENT, JUNK);

/** Enough to meet every kind of spoiled part. */
const RUNS = 200;

function pathsOf({ paths }: JsonObject): readonly string[] {
  return isObject(paths) ? Object.keys(paths) : [];
}

describe("a document of any kind", () => {
  test("is compiled or refused with a sentence, and its routes are those that it names", () => {
    always(
      SPOILED,
      (document) => {
        const before = JSON.stringify(document);
        const { policy, mistakes, warnings } = compile(document);
        expect(JSON.stringify(document)).toBe(before);
        for (const { where, problem } of [...mistakes, ...warnings]) {
          expect([typeof where, problem]).toEqual(["string", expect.stringMatching(/./)]);
        }
        const paths = pathsOf(document);
        for (const { template } of policy.operations) {
          expect(paths.some((path) => template.endsWith(path))).toBe(true);
        }
      },
      RUNS,
    );
  });

  test("opens nothing that does not say that it is public", () => {
    always(
      SPOILED,
      (document) => {
        const { policy, mistakes } = compile(document);
        if (mistakes.length > 0 || JSON.stringify(document).includes("[]")) return;
        if (/"security":\[[^\]]*\{\}/.test(JSON.stringify(document))) return;
        for (const operation of policy.operations) {
          expect(operation.public).toBe(false);
          expect(operation.security.length).toBeGreaterThan(0);
        }
      },
      RUNS,
    );
  });
});

describe("an overlay of any kind", () => {
  const TARGET = fc.constantFrom(
    "$",
    "$.paths",
    "$.paths.*",
    "$.paths.*.get",
    "$..parameters",
    "$..*",
    "$.paths['/d/']",
    "$.paths[?@.get]",
    "$.openapi",
    "$..[0]",
    "$[",
    "",
  );
  const ACTION = fc.record(
    { target: TARGET, update: fc.oneof(OPERATION, JUNK), remove: fc.boolean() },
    { requiredKeys: ["target"] },
  );
  const OVERLAY = fc.record({
    overlay: fc.constant("1.0.0"),
    info: fc.constant({ title: "t", version: "1" }),
    actions: fc.array(ACTION, { minLength: 1, maxLength: 3 }),
  });

  test("is applied or refused with a sentence, and leaves the document as it was", () => {
    always(
      fc.tuple(DOCUMENT, spoiled(OVERLAY, JUNK)),
      ([document, overlay]) => {
        const before = JSON.stringify([document, overlay]);
        const findings = new Findings();
        const changed = inlinePaths(
          applyOverlay(inlinePaths(document, findings), overlay, findings),
          findings,
        );
        expect(JSON.stringify([document, overlay])).toBe(before);
        compile(changed);
      },
      RUNS,
    );
  });

  test("changes the place that it names alone, though the files use one object twice", () => {
    const shared = { parameters: { name: "not a list" }, get: { tags: ["a"] } };
    const document = { openapi: "3.1.0", paths: { "/a": shared, "/b": shared } };
    const operation = { "x-portcullis-scopes": ["a:read"] };
    const overlay = {
      overlay: "1.0.0",
      info: { title: "t", version: "1" },
      actions: [
        { target: "$.paths['/b']", update: { get: operation, put: operation } },
        { target: "$.paths['/b'].put.x-portcullis-scopes", remove: true },
        { target: "$.paths['/b'].parameters.name", remove: true },
      ],
    };
    const findings = new Findings();
    const { paths } = applyOverlay(inlinePaths(document, findings), overlay, findings);
    expect([paths, findings.mistakes]).toEqual([
      {
        "/a": shared,
        "/b": { parameters: {}, get: { tags: ["a"], ...operation }, put: {} },
      },
      [],
    ]);
  });
});
