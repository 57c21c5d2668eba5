import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/core/refusal.ts";
import { patchesActive, replacesActive } from "../../../src/core/scim/deactivation.ts";
import { readResource } from "../../../src/core/scim/resource.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const of = (...Operations: readonly unknown[]) => ({ Operations });

/** `false` as clients write it. */
const FALSE: readonly unknown[] = [
  false,
  "False",
  "false",
  " FALSE ",
  0,
  "0",
  [false],
  ["False"],
  [{ value: "False" }],
  [{ $ref: null, value: "False" }],
  { value: false },
  { active: false },
];
const NOT_FALSE: readonly unknown[] = [
  true,
  "True",
  "yes",
  "",
  null,
  1,
  [],
  [true],
  [false, true],
  {},
  { value: true },
];

describe.each(FALSE.map((value) => [JSON.stringify(value), value]))("%s is false", (_, value) => {
  test.each<[string, unknown]>([
    ["at a path", of({ op: "replace", path: "active", value })],
    ["at a path, added", of({ op: "Add", path: "active", value })],
    ["at a path in other letters", of({ op: "replace", path: " ACTIVE ", value })],
    ["at a path with its schema", of({ op: "replace", path: `${USER}:active`, value })],
    ["at a path with its schema and a dot", of({ op: "replace", path: `${USER}.active`, value })],
    ["at a path in the extension", of({ op: "replace", path: `${ENTERPRISE}:active`, value })],
    ["in an object under the extension", of({ op: "replace", value: { [ENTERPRISE]: { active: value } } })],
    ["in an object", of({ op: "replace", value: { displayName: "x", Active: value } })],
    ["in an object at an empty path", of({ op: "replace", path: "", value: { active: value } })],
    ["in an object at the schema", of({ op: "replace", path: USER, value: { active: value } })],
    ["in an object under the schema", of({ op: "replace", value: { [USER]: { active: value } } })],
    ["in an object with its schema", of({ op: "replace", value: { [`${USER}:active`]: value } })],
    ["in an object in a list", of({ op: "replace", value: [{ active: value }] })],
    [
      "in one of several objects in a list",
      of({ op: "replace", value: [{ title: "x" }, { active: value }] }),
    ],
    ["at a path as JSON Patch writes it", [{ op: "replace", path: "/active", value }]],
    ["in an object written as text", of({ op: "replace", value: JSON.stringify({ active: value }) })],
    [
      "after what is no operation",
      of(null, 7, "x", { op: "nonsense" }, { op: "replace", path: "active", value }),
    ],
    [
      "before one that says otherwise",
      of({ op: "replace", path: "active", value }, { op: "replace", path: "active", value: true }),
    ],
    ["by an unknown operation", of({ op: "set", path: "active", value })],
    ["by no operation", of({ path: "active", value })],
    ["in operations that are no list", { operations: { op: "replace", path: "active", value } }],
    ["in a list of operations alone", [{ op: "replace", path: "active", value }]],
    ["in an operation alone", { op: "replace", path: "active", value }],
    ["in a body without operations", { active: value }],
  ])("%s", (__, body) => {
    expect(patchesActive(body)).toBe(true);
  });

  test("in a PUT", () => {
    expect(replacesActive({ userName: "ann", active: value })).toBe(true);
    expect(replacesActive({ [USER]: { ACTIVE: value } })).toBe(true);
  });
});

test.each(NOT_FALSE.map((value) => [JSON.stringify(value), value]))("%s is not false", (_, value) => {
  expect(
    patchesActive(of({ op: "replace", path: "active", value }, { op: "replace", value: { active: value } })),
  ).toBe(false);
  expect(replacesActive({ active: value })).toBe(false);
});

/** A value in lists, or in complex values, one in another. */
const inLists = (count: number, value: unknown): unknown =>
  count === 0 ? value : [inLists(count - 1, value)];
const inValues = (count: number, value: unknown): unknown =>
  count === 0 ? value : { value: inValues(count - 1, value) };

test.each<[string, (wrappings: number) => unknown, number]>([
  ["the value in lists", (lists) => ({ op: "replace", path: "active", value: inLists(lists, false) }), 4],
  ["the value in values", (values) => ({ op: "replace", path: "active", value: inValues(values, false) }), 4],
  ["an object in lists", (lists) => ({ op: "replace", value: inLists(lists, { active: false }) }), 4],
  [
    "an object in lists at the schema, which counts as one more,",
    (lists) => ({ op: "replace", path: USER, value: inLists(lists, { active: false }) }),
    3,
  ],
  [
    "an object in lists under the schema, which counts as one more,",
    (lists) => ({ op: "replace", value: { [USER]: inLists(lists, { active: false }) } }),
    3,
  ],
])("%s is found however often it is wrapped, up to a limit", (_, operation, most) => {
  expect(patchesActive(of(operation(most)))).toBe(true);
  expect(patchesActive(of(operation(most + 1)))).toBe(false);
});

test.each<[string, unknown]>([
  ["another attribute", of({ op: "replace", path: "displayName", value: false })],
  ["a part of another attribute", of({ op: "replace", path: "name", value: { active: false } })],
  ["an attribute of an extension", of({ op: "replace", path: "urn:x:2.0:User:active", value: false })],
  ["a removal", of({ op: "remove", path: "active", value: false })],
  ["a path that is none", of({ op: "replace", path: "active[", value: false })],
  ["nothing", undefined],
  ["text", "active"],
  ["deep objects", JSON.parse(`{"${USER}":`.repeat(50_000) + "1" + "}".repeat(50_000))],
  ["deep lists", JSON.parse("[".repeat(10_000) + "]".repeat(10_000))],
])("%s does not deactivate", (_, body) => {
  expect(patchesActive(body)).toBe(false);
});

test.each([USER, ENTERPRISE])("what stands for active under %s and is none is refused", (schema) => {
  const read = readResource("User", { userName: "ann", [schema]: { active: "no" } });
  expect(isRefusal(read) && read.detail).toBe("active must be of type boolean");
});
