import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/core/refusal.ts";
import { patchesActive, replacesActive } from "../../../src/core/scim/deactivation.ts";
import { parseFilter, parsePath } from "../../../src/core/scim/filter-parser.ts";
import { matches } from "../../../src/core/scim/filter.ts";
import { idsOf, readMembers } from "../../../src/core/scim/members.ts";
import { applyPatch, readOperations, readWhatOperationsCanBe } from "../../../src/core/scim/patch.ts";
import { readResource, readWhatCanBe } from "../../../src/core/scim/resource.ts";
import { grantsOf } from "../../../src/core/scim/roles.ts";
import { isObject } from "../../../src/core/scim/object.ts";
import { always, jsonWith, longTexts, textWith } from "../../support/fuzz.ts";

const NAMES = [
  "userName",
  "active",
  "emails",
  "members",
  "value",
  "type",
  "roles",
  "displayName",
  "Operations",
  "op",
  "path",
];
const TEXTS = [
  "add",
  "Replace",
  "remove",
  "active",
  "members",
  'emails[type eq "work"].value',
  "u1",
  "admin",
  "True",
];
const FILTER = textWith(
  "userName",
  " eq ",
  '"a"',
  "(",
  ")",
  "not ",
  " and ",
  " or ",
  "emails",
  "[",
  "]",
  ".value",
  " pr",
  "\\u00",
);
const JSON_VALUE = jsonWith(NAMES, TEXTS);
const RESOURCE = JSON_VALUE.filter(isObject);
const OPERATION = fc.record(
  {
    op: fc.constantFrom("add", "Replace", "remove", "move"),
    path: fc.oneof(
      fc.constantFrom(...NAMES, 'emails[type eq "work"].value', "name.givenName", "roles"),
      FILTER,
    ),
    value: JSON_VALUE,
  },
  { requiredKeys: ["op"] },
);

describe("filters and paths", () => {
  test.each<[string, (text: string) => unknown]>([
    ["a filter", parseFilter],
    ["a path", parsePath],
    ["a role's name", (text) => grantsOf([text])],
  ])("%s may be any text, and a long one is read in time", (_, read) => {
    always(FILTER, read);
    const pieces = ["(", "not (", "a[", 'a eq "b" and ', "a pr or ", '"', "\\", ".", "a.", ":", " ", "a"];
    for (const text of longTexts(...pieces)) read(text);
  });

  test("a filter that was read is decided for any resource, and its contrary is the contrary", () => {
    always(fc.tuple(FILTER, RESOURCE), ([text, resource]) => {
      const filter = parseFilter(text);
      if (filter === null) return;
      expect(matches({ kind: "not", filter }, resource)).toBe(!matches(filter, resource));
    });
  });
});

describe("bodies", () => {
  test.each<[string, (body: unknown) => unknown]>([
    ["a user", (body) => isObject(body) && readResource("User", body)],
    ["a group", (body) => isObject(body) && readResource("Group", body)],
    ["as much of a user as can be read", (body) => isObject(body) && readWhatCanBe("User", body)],
    ["operations", readOperations],
    ["as many operations as can be read", readWhatOperationsCanBe],
    ["members", readMembers],
    ["ids of members", idsOf],
    ["whether a PUT deactivates", replacesActive],
    ["whether a PATCH deactivates", patchesActive],
  ])("%s may be any JSON", (_, read) => {
    always(JSON_VALUE, read);
  });

  test.each(["User", "Group"] as const)("any operations on any %s end in one, or in a problem", (type) => {
    always(
      fc.tuple(RESOURCE, fc.array(OPERATION, { minLength: 1, maxLength: 4 })),
      ([resource, Operations]) => {
        const before = JSON.stringify(resource);
        const read = readOperations({ Operations });
        if (isRefusal(read)) return;
        const patched = applyPatch(type, resource, read.operations);
        if (!isRefusal(patched)) expect(isObject(patched.resource)).toBe(true);
        expect(JSON.stringify(resource)).toBe(before);
      },
    );
  });

  test("a PATCH that sets active to false is found, whatever its other operations are", () => {
    always(fc.tuple(fc.array(OPERATION, { maxLength: 3 }), fc.nat(3)), ([others, at]) => {
      const own = { op: "Replace", path: "active", value: false } as const;
      const Operations = others
        .filter(({ path, value }) => !`${path} ${JSON.stringify(value)}`.toLowerCase().includes("active"))
        .toSpliced(at, 0, own);
      expect(patchesActive({ Operations })).toBe(true);
    });
  });
});
