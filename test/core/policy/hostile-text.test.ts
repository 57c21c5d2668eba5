import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileAccess } from "../../../src/core/access/access.ts";
import type { VaultSet } from "../../../src/core/key/key-record.ts";
import { holdsScope, narrowed } from "../../../src/core/key/narrowing.ts";
import { canonicalPath, isCanonicalPath, plainSpelling } from "../../../src/core/policy/canonical-path.ts";
import { ANY_VALUE, parseTemplate, valuesIn } from "../../../src/core/policy/path-template.ts";
import {
  covers,
  filterProblem,
  filterSegments,
  filtersOverlap,
  formatScope,
  parseScope,
  type Scope,
} from "../../../src/core/policy/scope.ts";
import { always, longTexts, textWith } from "../../support/fuzz.ts";

describe("paths and templates", () => {
  const TEXT = textWith(
    "/",
    "//",
    ".",
    "..",
    "%2f",
    "%2e",
    "%41",
    "%",
    "\\",
    ";",
    "v1",
    "{a}",
    "{+b}",
    "{",
    "}",
    "?",
    "#",
    "é",
  );
  const URL_TEXT = TEXT.map((text) => `https://gateway.test/${text}`);

  test.each<[string, (text: string) => unknown]>([
    ["canonicalPath", canonicalPath],
    ["isCanonicalPath", isCanonicalPath],
    ["plainSpelling", plainSpelling],
  ])("%s reads any text, and long ones in time", (_, read) => {
    always(fc.oneof(TEXT, URL_TEXT), read);
    for (const text of longTexts("/", "/a", "/.", "%41", "%", "{a}", "/{a}", "{", "a")) {
      read(`/${text}`);
      read(`https://gateway.test/${text}`);
    }
  });

  test("a template may be any text", () => {
    always(TEXT, (text) => parseTemplate(text));
  });

  test("a canonical path means the same however often it is resolved or decoded", () => {
    always(URL_TEXT, (url) => {
      const found = canonicalPath(url);
      if (found === null) return;
      expect(new URL(url).pathname).toBe(found.path);
      expect(found.path).not.toMatch(/\/\/|\/\.\.?(?:\/|$)|[\\;]|%(?:2[ef]|5c|25|3b)/i);
      expect(plainSpelling(found.path).split("/")).toHaveLength(found.path.split("/").length);
    });
  });

  test("values that are found in a segment make up the segment, and none is empty", () => {
    const PATTERN = fc.array(fc.constantFrom("a", "b", ".", "-"), { minLength: 2, maxLength: 4 });
    always(fc.tuple(PATTERN, fc.stringMatching(/^[ab.-]{0,14}$/)), ([texts, segment]) => {
      const parameters = texts.slice(1).map((_, i) => `p${i}`);
      const values = valuesIn({ texts, parameters, many: false }, segment);
      // Where a text can be taken apart in several ways, there is no value.
      if (values === null || values.every((value) => value === ANY_VALUE)) return;
      expect(values.every((value) => value !== "")).toBe(true);
      expect(texts.map((text, i) => text + (values[i] ?? "")).join("")).toBe(segment);
    });
  });
});

describe("scopes and filters", () => {
  const FILTER = fc.array(fc.constantFrom("vault", "vault_1", "balance", "#"), {
    minLength: 1,
    maxLength: 4,
  });
  const SCOPE = fc.record({
    action: fc.constantFrom<Scope["action"]>("read", "write", "admin", "*"),
    resource: fc.oneof(
      { weight: 4, arbitrary: FILTER.map((segments) => segments.join("/")) },
      { weight: 1, arbitrary: fc.constant("*") },
    ),
  });
  const RESOURCE = fc
    .array(fc.constantFrom("vault", "vault_1", "balance", "x"), { minLength: 1, maxLength: 4 })
    .map((segments) => segments.join("/"));
  const GRANT = fc.record({
    scopes: fc.array(SCOPE, { maxLength: 3 }),
    vaults: fc.oneof(fc.constant("*" as const), fc.subarray(["vault_1", "vault_2", "vault_3"])),
  });

  test.each<[string, (text: string) => unknown]>([
    ["parseScope", parseScope],
    ["filterProblem", filterProblem],
    ["filterSegments", filterSegments],
  ])("%s reads any text, and long ones in time", (_, read) => {
    always(textWith("vault", "/", ":", "#", "*", "read", "admin", "%", " "), read);
    for (const text of longTexts("/", ":", "a/", "#/", "*", "a")) read(text);
  });

  test("a scope is read back from how it is written", () => {
    always(SCOPE, (scope) => {
      expect(parseScope(formatScope(scope))).toEqual(scope);
    });
  });

  test("filters that cover one resource overlap", () => {
    always(fc.tuple(SCOPE, SCOPE, RESOURCE), ([a, b, resource]) => {
      if (!covers(a.resource, resource) || !covers(b.resource, resource)) return;
      expect(filtersOverlap(filterSegments(a.resource), filterSegments(b.resource))).toBe(true);
    });
  });

  test("what two grants have in common allows what both allow, and nothing else", () => {
    const allows = (scopes: readonly Scope[], action: Scope["action"], resource: string) =>
      scopes.some((scope) => [action, "*"].includes(scope.action) && covers(scope.resource, resource));
    always(
      fc.tuple(GRANT, GRANT, RESOURCE, fc.constantFrom("read", "write", "admin")),
      ([a, b, resource, action]) => {
        const common = narrowed(a, b);
        const both = allows(a.scopes, action, resource) && allows(b.scopes, action, resource);
        expect(allows(common.scopes, action, resource)).toBe(both);
        for (const vault of ["vault_1", "vault_2", "vault_3"]) {
          const has = ({ vaults }: { readonly vaults: VaultSet }) => vaults === "*" || vaults.includes(vault);
          expect(has(common)).toBe(has(a) && has(b));
        }
      },
    );
  });

  test("whoever holds a scope is allowed all that it allows", () => {
    always(fc.tuple(fc.array(SCOPE, { maxLength: 3 }), SCOPE, RESOURCE), ([held, scope, resource]) => {
      if (!holdsScope(held, scope) || !covers(scope.resource, resource)) return;
      expect(held.some((each) => covers(each.resource, resource))).toBe(true);
    });
  });

  test("no credential reaches a vault that its owner, or its own list, does not have", () => {
    always(fc.tuple(GRANT, GRANT), ([grant, { vaults: ownerVaults }]) => {
      const reached = compileAccess({ ...grant, ownerVaults }).effectiveVaults;
      for (const vaults of [grant.vaults, ownerVaults]) {
        if (vaults !== "*")
          expect(reached !== "*" && reached.every((vault) => vaults.includes(vault))).toBe(true);
      }
    });
  });
});
