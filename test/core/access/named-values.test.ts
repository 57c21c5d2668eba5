import { describe, expect, test } from "vitest";
import { namedValues } from "../../../src/core/access/named-values.ts";
import { filterSegments } from "../../../src/core/policy/scope.ts";
import { compilePolicy } from "../../support/policy.ts";

const TYPES = Object.fromEntries(
  ["vault", "outgoing", "incoming", "one", "two"].map((type) => [
    type,
    { segments: ["a", "b", "c"].map((name) => ({ name })) },
  ]),
);

/** An operation on a path, which needs these scopes, is about a resource or nothing, and may be a list of items. */
interface Form {
  readonly path: string;
  readonly scopes?: readonly string[];
  readonly resource?: string | null;
  readonly items?: string;
  readonly many?: readonly string[];
}

function operationOf({ path, scopes, resource, items, many = [] }: Form) {
  const { operations } = compilePolicy({
    openapi: "3.1.0",
    "x-portcullis-resources": TYPES,
    paths: {
      [path]: {
        parameters: many.map((name) => ({ name, in: "path", "x-portcullis-many-segments": true })),
        get: {
          ...(scopes !== undefined && { "x-portcullis-scopes": scopes }),
          ...(resource !== undefined && { "x-portcullis-resource": resource }),
          ...(items !== undefined && {
            "x-portcullis-list": { items: "data", id: "id", resource: items },
          }),
        },
      },
    },
  });
  const [operation] = operations;
  if (operation === undefined) throw new Error(`${path} is no operation`);
  return operation;
}

function valuesOf(form: Form, filters: readonly string[], vaults: readonly string[] = [], most = 100) {
  return namedValues(operationOf(form), filters.map(filterSegments), vaults, most);
}

function inOrder(values: readonly (readonly string[])[]): string[] {
  return values.map((each) => each.join(" ")).toSorted();
}

const ORDER = { path: "/vault/{vault}/orders/{order}" };
const USER = { path: "/users/{user}" };
/** Two resources that share a parameter. */
const MOVE = {
  path: "/moves/{from}/{to}/{day}",
  scopes: ["outgoing/{from}/{to}:read", "incoming/{from}/{day}:read"],
  resource: null,
};
const FILE = { path: "/files/{path}/versions/{version}", many: ["path"] };

describe("the values on which access depends are", () => {
  test.each<[string, Form, readonly string[], readonly string[], readonly string[][]]>([
    ["any, without filters", ORDER, [], [], [["", ""]]],
    ["any, of a filter that names none", ORDER, ["vault", "vault/#/orders"], [], [["", ""]]],
    [
      "any last, whichever filter comes first",
      USER,
      ["users", "users/ann", "*", "users/bob"],
      [],
      [["ann"], ["bob"], [""]],
    ],
    [
      "of filters that name one and not the other",
      ORDER,
      ["vault/#/orders/o1"],
      [],
      [
        ["", "o1"],
        ["", ""],
      ],
    ],
    ["none of a filter of another type", USER, ["vault/ann", "people/ann"], [], [[""]]],
    ["none of a filter that ends elsewhere", ORDER, ["vault/v1/drafts/o1"], [], [["", ""]]],
    [
      "of a filter with any text in the place of one",
      ORDER,
      ["vault/v1/#/o1"],
      [],
      [
        ["v1", "o1"],
        ["", ""],
      ],
    ],
    ["each once, if several filters name it", USER, ["users/ann", "users/ann/mail"], [], [["ann"], [""]]],
    [
      "the vaults, with what the filters name beside them",
      ORDER,
      ["vault/#/orders/o1", "vault/v2/orders/o2"],
      ["v1", "v2"],
      [
        ["v1", "o1"],
        ["v2", "o1"],
        ["v1", ""],
        ["v2", ""],
        ["", "o1"],
        ["v2", "o2"],
        ["", ""],
      ],
    ],
    ["no vault, where the first id is none of a vault", USER, [], ["v1", "v2"], [[""]]],
    ["no vault that the items of a list have", { ...USER, items: "vault/{id}" }, [], ["v1"], [[]]],
    ["no vault, where none is named at all", { path: "/vault" }, [], ["v1"], [[]]],
    ["no vault, where a vault is not named by a parameter", { path: "/vault/main/{x}" }, [], ["v1"], [[""]]],
  ])("%s", (_, form, filters, vaults, values) => {
    const found = valuesOf(form, filters, vaults);
    expect(inOrder(found)).toEqual(inOrder(values));
    expect(found.at(-1)).toEqual(values.at(-1));
  });

  test("of two resources together where they agree, else of each alone", () => {
    const filters = ["outgoing/a/x", "incoming/a/monday", "incoming/b/sunday", "incoming/#/friday"];
    expect(inOrder(valuesOf(MOVE, filters))).toEqual(
      inOrder([
        ["a", "x", "monday"],
        ["a", "x", "friday"],
        ["a", "x", ""],
        ["a", "", "monday"],
        ["b", "", "sunday"],
        ["", "", "friday"],
        ["", "", ""],
      ]),
    );
  });

  test("each once, in whatever order resources name their parameters", () => {
    const form = { path: "/pairs/{a}/{b}", scopes: ["one/{a}/{b}:read", "two/{b}/{a}:read"], resource: null };
    expect(valuesOf(form, ["one/x/y", "two/y/x"])).toEqual([
      ["x", "y"],
      ["", ""],
    ]);
  });

  test("of many segments, every length that a filter leaves open", () => {
    expect(inOrder(valuesOf(FILE, ["files/a/b/versions/3", "files/a/versions/3"]))).toEqual(
      inOrder([
        ["a", "3"],
        ["a/versions/3", ""],
        ["a/b", "3"],
        ["a/b/versions/3", ""],
        ["", ""],
      ]),
    );
  });
});

test.each([1, 2, 3, 4])("there are no more than %i of them when no more are wanted", (most) => {
  const all = valuesOf(USER, ["users/ann", "users/bob", "users/eve"]);
  expect(all).toEqual([["ann"], ["bob"], ["eve"], [""]]);
  expect(valuesOf(USER, ["users/ann", "users/bob", "users/eve"], [], most)).toEqual(all.slice(0, most));
});
