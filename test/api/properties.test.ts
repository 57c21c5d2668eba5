import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileAccess } from "../../src/core/access/access.ts";
import { isCanonicalPath, plainSpelling } from "../../src/core/policy/canonical-path.ts";
import { pathPart } from "../../src/core/policy/path-template.ts";
import type { Operation } from "../../src/core/policy/route-policy.ts";
import { fillTemplate } from "../../src/core/policy/resource-types.ts";
import { PLAIN_SEGMENT } from "../../src/core/policy/scope.ts";
import { runs } from "../support/fuzz.ts";
import { compile } from "../support/policy.ts";

/** Few names, so that templates overlap. */
const NAME = fc.constantFrom("a", "b", "ab", "a.b");
const SEGMENT = fc.oneof(
  { weight: 4, arbitrary: NAME },
  { weight: 4, arbitrary: fc.constant("{*}") },
  { weight: 2, arbitrary: fc.constantFrom("{*}.b", "a{*}", "{*}.{*}", "{*}{*}", "a.{*}", "{*}:a") },
  { weight: 1, arbitrary: fc.constant("{+*}") },
);

/** A template whose parameters have names of their own, at most one of them for many segments. */
const TEMPLATE = fc
  .tuple(fc.array(SEGMENT, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([segments, slash]) => {
    let count = 0;
    let many = false;
    const named = segments.map((segment) => {
      const once = segment === "{+*}" && many ? "{*}" : segment;
      many ||= segment === "{+*}";
      return once.replaceAll("*", () => `p${count++}`);
    });
    return `/${named.join("/")}${slash ? "/" : ""}`;
  });
const METHOD = fc.constantFrom("get", "put");
const DOCUMENT = fc.array(fc.tuple(METHOD, TEMPLATE), { minLength: 1, maxLength: 8 });
const PATH = fc
  .tuple(
    fc.array(fc.oneof(NAME, fc.constantFrom("a.b.b", "aa", "x", "b:a", "a.x", "x.b")), {
      minLength: 1,
      maxLength: 6,
    }),
    fc.boolean(),
  )
  .map(([segments, slash]) => `/${segments.join("/")}${slash ? "/" : ""}`);

function documentOf(operations: readonly (readonly [string, string])[]) {
  const paths: Record<string, Record<string, object>> = {};
  for (const [method, path] of operations) (paths[path] ??= {})[method] = {};
  return { openapi: "3.1.0", paths };
}

/** A slow, obvious matcher: a template as a regular expression, each parameter with one byte at least. */
function fits(template: string, path: string): boolean {
  const pattern = template
    .split(/(\{[^{}]*\})/)
    .map((part) => {
      if (part.startsWith("{+")) return "[^/]+(?:/[^/]+)*";
      return part.startsWith("{") ? "[^/]+" : part.replaceAll(/[.+*?^$()[\]\\|]/g, String.raw`\$&`);
    })
    .join("");
  return new RegExp(`^${pattern}$`).test(path);
}

/** 0 for text, 1 for a parameter within a segment, 2 for one segment, 3 for many. */
function rankOf(segment: string): number {
  if (!segment.includes("{")) return 0;
  if (/^\{[^{}]*\}$/.test(segment)) return segment.startsWith("{+") ? 3 : 2;
  return 1;
}

/** Whether a template is surely more specific than another: text where the other has a parameter, from the left. */
function surelyBefore(a: string, b: string): boolean {
  const [one, two] = [a.split("/"), b.split("/")];
  for (const [i, segment] of one.entries()) {
    const [x, y] = [rankOf(segment), rankOf(two[i] ?? "")];
    if (x === 3 || y === 3 || two[i] === undefined) return false;
    if (x === 0 && y > 0) return true;
    if (x === 1 && y === 2) return true;
    if (x !== y || x === 1) return false;
  }
  return false;
}

describe("whatever the document and the path are", () => {
  test("what is matched fits, and nothing that fits and is more specific is passed over", () => {
    fc.assert(
      fc.property(DOCUMENT, METHOD, PATH, (operations, method, path) => {
        fc.pre(isCanonicalPath(path));
        const { policy } = compile(documentOf(operations));
        const match = policy.match(method.toUpperCase(), path);
        const fitting = policy.operations.filter(({ template }) => fits(template, path));
        const withMethod = fitting.filter((operation) => operation.method === method.toUpperCase());
        if (match.kind === "not_found") {
          expect(fitting).toEqual([]);
          return;
        }
        if (match.kind === "invalid_path") {
          expect([path, ...fitting.map(({ template }) => template)].join(" ")).toContain("%");
          return;
        }
        if (match.kind === "method_not_allowed") {
          expect(withMethod).toEqual([]);
          const methods = new Set(
            fitting.flatMap((each) => (each.method === "GET" ? ["GET", "HEAD"] : [each.method])),
          );
          expect(new Set(match.allow)).toEqual(methods);
          return;
        }
        const found = [match, ...match.also].map(({ operation }) => operation.template);
        const possible = withMethod.map(({ template }) => template);
        expect(possible).toEqual(expect.arrayContaining(found));
        const before = possible.filter(
          (template) => !possible.some((other) => surelyBefore(other, template)),
        );
        expect(before).toEqual(expect.arrayContaining(found));
      }),
      runs(1000),
    );
  });

  test("values are bytes of the path: put back into the template, they make it", () => {
    fc.assert(
      fc.property(DOCUMENT, PATH, (operations, path) => {
        const { policy } = compile(documentOf(operations));
        const match = policy.match("GET", path);
        if (match.kind !== "operation") return;
        for (const { operation, params } of [match, ...match.also]) {
          const values = Object.values(params);
          if (values.includes("")) continue;
          const again = operation.template.replaceAll(
            /\{\+?([^{}]*)\}/g,
            (_, name: string) => params[name] ?? "",
          );
          expect(again).toBe(path);
        }
      }),
      runs(500),
    );
  });
});

/** All that a path can be about as an operation: taken apart in every way, as it is sent and as it is decoded. */
function resourcesOf({ template, resource }: Operation, path: string): string[][] {
  return [pathPart(template), plainSpelling(pathPart(template))].flatMap((text, i) => {
    const parts = text.split(/(\{[^{}]*\})/);
    return waysThrough(parts, i === 0 ? path : plainSpelling(path)).map((values) => {
      const left = values.values();
      return (resource ?? []).flatMap((segment) =>
        "literal" in segment ? segment.literal : (left.next().value ?? "").split("/"),
      );
    });
  });
}

/** The values of the parameters for each way in which a text is these parts one after another. */
function waysThrough([part, ...parts]: readonly string[], text: string): string[][] {
  if (part === undefined) return text === "" ? [[]] : [];
  if (!part.startsWith("{")) return text.startsWith(part) ? waysThrough(parts, text.slice(part.length)) : [];
  const longest = part.startsWith("{+") ? text.length : /^[^/]*/.exec(text)?.[0].length;
  return Array.from({ length: longest ?? 0 }, (_, i) => text.slice(0, i + 1))
    .filter((value) => !/^\/|\/$/.test(value))
    .flatMap((value) => waysThrough(parts, text.slice(value.length)).map((values) => [value, ...values]));
}

/** Templates of which every one names its resource by its path alone: no affixes that two share. */
const PLAIN_TEMPLATE = fc
  .array(fc.oneof(NAME, fc.constant("{*}")), { minLength: 2, maxLength: 5 })
  .map((segments) => {
    let count = 0;
    return `/${["r", ...segments].join("/").replaceAll("*", () => `p${count++}`)}`;
  });

describe("a narrowed key", () => {
  test("never reaches anything that is not below what it is narrowed to, by any template", () => {
    const values = fc.constantFrom("a", "b", "ab", "x");
    const path = fc.array(values, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(PLAIN_TEMPLATE, { minLength: 1, maxLength: 8 }),
        path,
        path,
        (templates, held, asked) => {
          const { policy } = compile(documentOf(templates.map((template) => ["get", template] as const)));
          const match = policy.match("GET", `/r/${asked.join("/")}`);
          if (match.kind !== "operation") return;
          const scopes = [{ action: "read" as const, resource: `r/${held.join("/")}` }];
          const access = compileAccess({ scopes, vaults: "*", ownerVaults: "*" });
          const allowed = [match, ...match.also].every(
            ({ operation, params }) => !("code" in access.decide(operation, params)),
          );
          const below = held.length <= asked.length && held.every((segment, i) => segment === asked[i]);
          expect(allowed).toBe(below);
        },
      ),
      runs(1000),
    );
  });

  const KINDS = ["a", "b", "{*}", "{*}.b", "a-{*}", "{*}.{*}", "{*}{*}", "{*}:a", "@{*}", "{*}%3Aa", "{+*}"];
  const TAILS = ["", "/", "?x=1", "/#f", "{?q}"];
  const anyTemplate = fc
    .tuple(fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 4 }), fc.constantFrom(...TAILS))
    .map(([segments, tail]) => {
      let count = 0;
      const single = segments.filter((segment, i) => segment !== "{+*}" || segments.indexOf(segment) === i);
      return `/r/${single.join("/").replaceAll("*", () => `p${count++}`)}${tail}`;
    });
  const texts = ["a", "b", "a.b", "b:a", "a-b", "@b", "a.a.b", "a%3Aa", "%40b", "x"];
  const asked = fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 4 });

  test("never reaches what any server could take for something else, however it takes the path apart", () => {
    fc.assert(
      fc.property(
        fc.array(anyTemplate, { minLength: 1, maxLength: 6 }),
        asked,
        fc.boolean(),
        fc.nat(3),
        (templates, segments, slash, length) => {
          const path = `/r/${segments.join("/")}${slash ? "/" : ""}`;
          const { policy } = compile(documentOf(templates.map((template) => ["get", template] as const)));
          const match = policy.match("GET", path);
          if (match.kind !== "operation") return;
          const held = fillTemplate(match.operation.resource ?? [], match.params).slice(0, length + 1);
          if (held.some((value) => !PLAIN_SEGMENT.test(value))) return;
          const scopes = [{ action: "read" as const, resource: held.join("/") }];
          const access = compileAccess({ scopes, vaults: "*", ownerVaults: "*" });
          const found = [match, ...match.also];
          if (found.some(({ operation, params }) => "code" in access.decide(operation, params))) return;
          for (const { operation } of found) {
            for (const named of resourcesOf(operation, path)) {
              expect([operation.template, named.slice(0, held.length)]).toEqual([operation.template, held]);
            }
          }
        },
      ),
      runs(2000),
    );
  });

  test.each<[string, readonly string[], string, string, boolean]>([
    [
      "its own",
      ["/v1/repos/{owner}/{repo}/secrets"],
      "repos/octocat/hello",
      "/v1/repos/octocat/hello/secrets",
      true,
    ],
    [
      "another's",
      ["/v1/repos/{owner}/{repo}/secrets"],
      "repos/octocat/hello",
      "/v1/repos/evil/other/secrets",
      false,
    ],
    ["a list of all", ["/v1/repos"], "repos/octocat/hello", "/v1/repos", false],
    [
      "text in the place of its parameter",
      ["/repos/{owner}/{repo}", "/repos/all/secrets"],
      "repos/octocat",
      "/repos/all/secrets",
      false,
    ],
    ["another that a template of one shape names differently", ["/a/{x}", "/a/{y}"], "a/1", "/a/2", false],
    [
      "another of what is taken apart in two ways",
      ["/c/{base}...{head}"],
      "c/main",
      "/c/main...evil...x",
      false,
    ],
    ["its own of what is taken apart in one way", ["/c/{base}...{head}"], "c/main", "/c/main...x", true],
    ["another of two adjacent values", ["/c/{a}{b}"], "c/x", "/c/xyz", false],
    ["a file of its own", ["/f/{repo}/{+path}"], "f/mine/docs", "/f/mine/docs/a/b", true],
    ["a file of another folder", ["/f/{repo}/{+path}"], "f/mine/docs", "/f/mine/src/docs", false],
    ["a tenant of another", ["/{tenant}/v1/users/{id}"], "root/mine", "/theirs/v1/users/1", false],
    ["its own value with an extension", ["/a/{id}.json"], "a/1", "/a/1.json", true],
    ["another value with an extension", ["/a/{id}.json"], "a/1", "/a/2.json", false],
    [
      "what two templates could be, of which one is another's",
      ["/a/{x}.json", "/a/r-{y}"],
      "a/1",
      "/a/r-1.json",
      false,
    ],
  ])("reaches %s: %s", (_, templates, held, path, expected) => {
    const { policy } = compile(documentOf(templates.map((template) => ["get", template] as const)));
    const match = policy.match("GET", path);
    if (match.kind !== "operation") throw new Error(match.kind);
    const access = compileAccess({
      scopes: [{ action: "read", resource: held }],
      vaults: "*",
      ownerVaults: "*",
    });
    const allowed = [match, ...match.also].every(
      ({ operation, params }) => !("code" in access.decide(operation, params)),
    );
    expect(allowed).toBe(expected);
  });

  test("needs for scopes of another type than the resource the whole of it", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      "x-portcullis-resources": { vault: { segments: [{ name: "vaultId" }] } },
      paths: { "/v1/vaults/{id}": { get: { security: [{ key: ["vault:read"] }] } } },
    });
    const match = policy.match("GET", "/v1/vaults/vault_2");
    if (match.kind !== "operation") throw new Error(match.kind);
    const decide = (resource: string) =>
      "code" in
      compileAccess({ scopes: [{ action: "read", resource }], vaults: "*", ownerVaults: "*" }).decide(
        match.operation,
        match.params,
      );
    expect([decide("vault/vault_1"), decide("vault"), decide("*")]).toEqual([true, false, false]);
  });

  test("needs for a scope that names parameters what it says", () => {
    const { policy } = compile({
      openapi: "3.1.0",
      paths: {
        "/repos/{owner}/{repo}/hooks/{id}": {
          delete: { "x-portcullis-scopes": ["repos/{owner}/{repo}:admin"] },
        },
      },
    });
    const match = policy.match("DELETE", "/repos/octocat/hello/hooks/7");
    if (match.kind !== "operation") throw new Error(match.kind);
    const outcome = (action: "admin" | "write", resource: string) => {
      const decision = compileAccess({
        scopes: [{ action, resource }],
        vaults: "*",
        ownerVaults: "*",
      }).decide(match.operation, match.params);
      return "code" in decision ? decision.code : "allowed";
    };
    expect(outcome("admin", "repos/octocat/hello")).toBe("allowed");
    expect(outcome("admin", "repos")).toBe("allowed");
    expect(outcome("admin", "repos/octocat/other")).toBe("not_found");
    expect(outcome("admin", "repos/octocat/hello/hooks/7")).toBe("not_found");
    expect(outcome("write", "repos/octocat/hello")).toBe("insufficient_scope");
  });
});
