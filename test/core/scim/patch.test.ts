import { expect, test } from "vitest";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { readWhatOperationsCanBe } from "../../../src/core/scim/patch.ts";
import type { ScimObject } from "../../../src/core/scim/object.ts";
import {
  defined,
  ENTERPRISE,
  GROUP,
  HOME,
  manyTexts,
  named,
  patch,
  USER,
  WORK,
  type PatchRow,
} from "../../support/scim-patch.ts";

const USER_ROWS: readonly PatchRow[] = [
  {
    name: "Okta's deactivation, without a path",
    operations: [{ op: "replace", value: { active: false } }],
    changes: { active: false },
  },
  {
    name: "Entra's deactivation, with a capital and a boolean as text",
    operations: [{ op: "Replace", path: "active", value: "False" }],
    changes: { active: false },
  },
  {
    name: "active by the name that it would have in the extension",
    operations: [
      { op: "replace", path: "active", value: false },
      { op: "replace", path: `${ENTERPRISE}:active`, value: "True" },
    ],
    changes: { active: true },
  },
  {
    name: "a path in another letter case",
    operations: [{ op: "replace", path: "USERNAME", value: "babs" }],
    changes: { userName: "babs" },
  },
  {
    name: "a path with the schema before it",
    operations: [
      { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:userName", value: "babs" },
    ],
    changes: { userName: "babs" },
  },
  {
    name: "a path with the schema and a dot before it",
    operations: [
      { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User.userName", value: "babs" },
    ],
    changes: { userName: "babs" },
  },
  {
    name: "one part of a name",
    operations: [{ op: "Replace", path: "name.familyName", value: "Smith" }],
    changes: { name: { givenName: "Barbara", familyName: "Smith" } },
  },
  {
    name: "a name replaced in part",
    operations: [{ op: "replace", path: "name", value: { familyName: "Smith" } }],
    changes: { name: { givenName: "Barbara", familyName: "Smith" } },
  },
  {
    name: "a part removed",
    operations: [{ op: "remove", path: "name.givenName" }],
    changes: { name: { familyName: "Jensen" } },
  },
  {
    name: "a part removed of what was never set",
    operations: [{ op: "remove", path: 'phoneNumbers[type eq "work"].value' }],
    changes: {},
  },
  {
    name: "the one part of a value removed",
    operations: [
      { op: "replace", path: "ims", value: [{ value: "a" }, { value: "b", type: "x" }] },
      { op: "remove", path: "ims.value" },
    ],
    changes: { ims: [{ type: "x" }] },
  },
  {
    name: "an attribute removed",
    operations: [{ op: "remove", path: "name" }],
    changes: { name: undefined },
  },
  {
    name: "an attribute set to null",
    operations: [{ op: "replace", path: "name", value: null }],
    changes: { name: undefined },
  },
  {
    name: "keys of a value that are paths, as Entra writes them",
    operations: [
      { op: "replace", value: { "name.givenName": "B", 'emails[type eq "home"].value': "new@example.com" } },
    ],
    changes: {
      name: { givenName: "B", familyName: "Jensen" },
      emails: [WORK, { value: "new@example.com", type: "home" }],
    },
  },
  {
    name: "the value of one address",
    operations: [{ op: "Replace", path: 'emails[type eq "work"].value', value: "new@example.com" }],
    changes: { emails: [{ ...WORK, value: "new@example.com" }, HOME] },
  },
  {
    name: "an address added by a filter that none fits yet",
    operations: [{ op: "Add", path: 'emails[type eq "other"].value', value: "o@example.com" }],
    changes: { emails: [WORK, HOME, { type: "other", value: "o@example.com" }] },
  },
  {
    name: "an address replaced that none fits yet, as Entra replaces what it has never set",
    operations: [{ op: "Replace", path: 'emails[type eq "other"].value', value: "o@example.com" }],
    changes: { emails: [WORK, HOME, { type: "other", value: "o@example.com" }] },
  },
  {
    name: "a telephone number replaced where there is none",
    operations: [{ op: "Replace", path: 'phoneNumbers[type eq "work"].value', value: "1" }],
    changes: { phoneNumbers: [{ type: "work", value: "1" }] },
  },
  {
    name: "a part of a postal address replaced where there is none",
    operations: [{ op: "Replace", path: 'addresses[type eq "work"].postalCode', value: "1010" }],
    changes: { addresses: [{ type: "work", postalCode: "1010" }] },
  },
  {
    name: "a primary role replaced where there is none",
    operations: [{ op: "Replace", path: 'roles[primary eq "True"].value', value: "v1:developer" }],
    changes: { roles: [{ value: "admin" }, { primary: true, value: "v1:developer" }] },
  },
  {
    name: "an address removed by what else it is told by",
    operations: [{ op: "remove", path: "emails", value: [{ type: "home" }] }],
    changes: { emails: [WORK] },
  },
  {
    name: "a manager who is no more, as Entra writes it",
    operations: [
      { op: "Add", path: `${ENTERPRISE}:manager`, value: "26118915" },
      { op: "Add", path: `${ENTERPRISE}:manager`, value: "" },
    ],
    changes: {},
  },
  {
    name: "a manager replaced by none",
    operations: [
      { op: "Add", path: `${ENTERPRISE}:manager`, value: "26118915" },
      { op: "Replace", path: `${ENTERPRISE}:manager.value`, value: "" },
    ],
    changes: {},
  },
  {
    name: "a manager in an object replaced by none",
    operations: [
      { op: "Add", path: `${ENTERPRISE}:manager`, value: "26118915" },
      { op: "Replace", value: { [`${ENTERPRISE}:manager`]: { value: "" } } },
    ],
    changes: {},
  },
  {
    name: "a removal without a path that names what goes in its value",
    operations: [{ op: "remove", value: { roles: [{ value: "admin" }] } }],
    changes: { roles: undefined },
  },
  ...["ADMIN", [" admin "], { value: "Ａdmin" }, [{ value: '{"id":"1","value":"admin"}' }]].map((value) => ({
    name: `a role removed that is written as ${JSON.stringify(value)}`,
    operations: [{ op: "remove", path: "roles", value }],
    changes: { roles: undefined },
  })),
  {
    name: "an address added to none",
    operations: [
      { op: "remove", path: "emails" },
      { op: "add", path: 'emails[type eq "work"].value', value: "o@example.com" },
    ],
    changes: { emails: [{ type: "work", value: "o@example.com" }] },
  },
  {
    name: "an address added by object where a list is meant",
    operations: [{ op: "add", path: "emails", value: { value: "o@example.com" } }],
    changes: { emails: [WORK, HOME, { value: "o@example.com" }] },
  },
  {
    name: "an address added that is there",
    operations: [{ op: "add", path: "emails", value: [HOME] }],
    changes: {},
  },
  {
    name: "a new primary address, of which there is only one",
    operations: [{ op: "add", path: "emails", value: [{ value: "p@example.com", primary: "True" }] }],
    changes: { emails: [{ ...WORK, primary: false }, HOME, { value: "p@example.com", primary: true }] },
  },
  {
    name: "one address replaced as a whole",
    operations: [{ op: "replace", path: 'emails[type eq "home"]', value: { value: "x@example.com" } }],
    changes: { emails: [WORK, { value: "x@example.com" }] },
  },
  {
    name: "one address removed",
    operations: [{ op: "remove", path: 'emails[type eq "work"]' }],
    changes: { emails: [HOME] },
  },
  {
    name: "the last value of a list removed",
    operations: [{ op: "remove", path: 'roles[value eq "admin"]' }],
    changes: { roles: undefined },
  },
  {
    name: "a role in another spelling removed by a filter",
    operations: [
      { op: "replace", path: "roles", value: ["Ａdmin", '{"id":"1","value":"admin"}', "v1:developer"] },
      { op: "remove", path: 'roles[value eq "ADMIN"]' },
    ],
    changes: { roles: [{ value: "v1:developer" }] },
  },
  {
    name: "an address removed that is not there",
    operations: [{ op: "remove", path: 'emails[type eq "fax"]' }],
    changes: {},
  },
  {
    name: "roles replaced",
    operations: [{ op: "replace", path: "roles", value: [{ value: "v1:developer" }] }],
    changes: { roles: [{ value: "v1:developer" }] },
  },
  {
    name: "a role as a bare word",
    operations: [{ op: "add", path: "roles", value: "v1:developer" }],
    changes: { roles: [{ value: "admin" }, { value: "v1:developer" }] },
  },
  {
    name: "an attribute of an extension",
    operations: [{ op: "replace", path: `${ENTERPRISE}:department`, value: "Sales" }],
    changes: { [ENTERPRISE]: { department: "Sales" } },
  },
  {
    name: "an extension's manager as a bare id",
    operations: [{ op: "Add", path: `${ENTERPRISE}:manager`, value: "26118915" }],
    changes: { [ENTERPRISE]: { department: "Tours", manager: { value: "26118915" } } },
  },
  {
    name: "an extension without a path",
    operations: [{ op: "replace", value: { [ENTERPRISE]: { costCenter: "4130" } } }],
    changes: { [ENTERPRISE]: { department: "Tours", costCenter: "4130" } },
  },
  {
    name: "the last attribute of an extension removed",
    operations: [{ op: "remove", path: `${ENTERPRISE}:department` }],
    changes: { [ENTERPRISE]: undefined },
  },
  {
    name: "an unknown attribute",
    operations: [{ op: "add", value: { favouriteColour: "red" } }],
    changes: { favouriteColour: "red" },
  },
  {
    name: "what only the server may set, among others",
    operations: [{ op: "replace", value: { id: "x", meta: {}, groups: [], title: "Dr" } }],
    changes: { title: "Dr" },
  },
  {
    name: "a password, which is never kept",
    operations: [{ op: "replace", path: "password", value: "secret" }],
    changes: {},
  },
];

test.each(USER_ROWS)("a user's PATCH takes: $name", ({ operations, changes }) => {
  expect(patch("User", USER, operations)).toEqual({ resource: defined({ ...USER, ...changes }) });
});

test.each<[name: string, operation: unknown, problem: string]>([
  ["an operation that is none", "replace", "invalidSyntax"],
  ["an unknown op", { op: "move", path: "title", value: "x" }, "invalidSyntax"],
  ["no op", { path: "title", value: "x" }, "invalidSyntax"],
  ["a path that is none", { op: "replace", path: "emails[", value: "x" }, "invalidPath"],
  ["a path that is no text", { op: "replace", path: 7, value: "x" }, "invalidPath"],
  ["a remove without a path", { op: "remove" }, "noTarget"],
  ["a replace without a value", { op: "replace", path: "title" }, "invalidValue"],
  ["a bare value without a path", { op: "replace", value: "x" }, "invalidValue"],
  [
    "a value that no element has, and that the filter does not tell how to make",
    { op: "replace", path: 'emails[type sw "fax"].value', value: "x" },
    "noTarget",
  ],
  ["the server's id", { op: "replace", path: "id", value: "x" }, "mutability"],
  ["the groups of a user", { op: "add", path: "groups", value: [{ value: "g1" }] }, "mutability"],
  ["active taken away", { op: "remove", path: "active" }, "mutability"],
  ["active set to nothing", { op: "replace", path: "active", value: null }, "invalidValue"],
  ["active set to nothing among others", { op: "replace", value: { active: null } }, "invalidValue"],
  ["a required attribute removed", { op: "remove", path: "userName" }, "mutability"],
  ["nothing added to active", { op: "add", path: "active", value: null }, "invalidValue"],
  ["nothing added to a required attribute", { op: "Add", path: "userName", value: null }, "invalidValue"],
  ["a boolean that is none", { op: "replace", path: "active", value: "maybe" }, "invalidValue"],
  [
    "one that is none, in the extension",
    { op: "add", path: `${ENTERPRISE}:active`, value: "no" },
    "invalidValue",
  ],
  [
    "one that is none, in an object of the extension",
    { op: "replace", value: { [ENTERPRISE]: { Active: "off" } } },
    "invalidValue",
  ],
  ["active taken away in the extension", { op: "remove", path: `${ENTERPRISE}:active` }, "mutability"],
  ["a number where text is due", { op: "replace", path: "title", value: 7 }, "invalidValue"],
  ["text where an object is due", { op: "replace", path: "name", value: "Babs" }, "invalidValue"],
  [
    "a filter of what has one value",
    { op: "replace", path: 'name[familyName eq "Jensen"].givenName', value: "Babs" },
    "invalidPath",
  ],
  ["a filter of one value to remove", { op: "remove", path: 'externalId[value eq "x"]' }, "invalidPath"],
  ["a part of what has none", { op: "remove", path: "nickName.value" }, "invalidPath"],
  ["more attributes than a user has", { op: "add", value: manyAttributes(600) }, "invalidValue"],
  [
    "more attributes than an extension has",
    { op: "add", path: ENTERPRISE, value: manyAttributes(600) },
    "invalidValue",
  ],
  ["more values than a list has", { op: "add", path: "roles", value: manyTexts(1001) }, "invalidValue"],
  [
    "more values than a list of its own has",
    { op: "add", path: "badges", value: manyTexts(1001) },
    "invalidValue",
  ],
])("a PATCH is refused for %s", (_, operation, problem) => {
  expect(patch("User", USER, [operation as object])).toMatchObject({ problem });
});

test.each([
  { op: "remove", path: 'badge[type eq "b"]' },
  { op: "replace", path: 'badge[type eq "b"].value', value: "2" },
  { op: "remove", path: 'tags[value eq "x"]' },
  { op: "replace", path: "tags.value", value: "z" },
  { op: "remove", path: "tag.value" },
])("an attribute of no schema stays as it is where it has no such parts: $op $path", (operation) => {
  const user = { ...USER, badge: { type: "a" }, tags: ["x"], tag: "x" };
  expect(patch("User", user, [operation])).toMatchObject({ problem: "invalidPath" });
});

const NAMES_NOTHING = named([
  ["a list of none", []],
  ["a list of an empty list", [[]]],
  ["a list of an empty object", [{}]],
  ["a list of an empty text", [""]],
  ["an object with no members", { members: [] }],
  ["an object with no roles", { roles: [] }],
  ["an empty value", { value: [] }],
  ["a value of nothing", [{ value: null }]],
  ["no members within values", [{ value: { value: [] } }]],
  ["an empty list as text", "[]"],
  ["an empty object as text", "{}"],
  ["an empty text", ""],
  ["an empty object", {}],
  ["lists within lists without end, as text", `${"[".repeat(5000)}${"]".repeat(5000)}`],
]);

test.each(NAMES_NOTHING)("a removal that names nothing is refused: %s", (_, value) => {
  for (const [type, resource, path] of [
    ["Group", GROUP, "members"],
    ["User", USER, "roles"],
    ["User", USER, "emails"],
    ["User", USER, "ims"],
    ["User", { ...USER, badges: ["a"] }, "badges"],
  ] as const) {
    expect(patch(type, resource, [{ op: "remove", path, value }])).toMatchObject({ problem: "invalidValue" });
    const all = { op: "remove", value: { [path]: value } };
    expect(patch(type, resource, [all])).toMatchObject({ problem: "invalidValue" });
  }
});

test.each([
  ["no value", undefined],
  ["null", null],
  ["a value", { value: "admin" }],
  ["values in a list in a value", { value: ["admin"] }],
  ["the attribute within the value", { roles: [{ value: "Admin" }] }],
  ["a list as text", '["admin"]'],
  ["a list of objects as text", '[{"value":"admin"}]'],
  ["an object as text", ['{"id":"1","value":"admin"}']],
  ["a value and what is not told", [{ value: "admin", display: null }]],
])("a removal takes a role away, named by %s", (_, value) => {
  expect(patch("User", USER, [{ op: "remove", path: "roles", value }])).toEqual({
    resource: defined({ ...USER, roles: undefined }),
  });
});

test.each([
  { op: "remove", path: "role" },
  { op: "remove", path: "role", value: [{ value: "admin" }] },
  { op: "remove", path: 'role[value eq "admin"]' },
  { op: "remove", path: "role.value" },
  { op: "remove", value: { role: ["admin"] } },
  { op: "replace", path: "role", value: [] },
  { op: "replace", path: "role", value: null },
  { op: "replace", value: { role: "" } },
  { op: "replace", path: "urn:x:2.0:User:roles", value: [] },
  { op: "remove", path: "urn:x:2.0:User:roles" },
  { op: "remove", path: "urn:x:2.0:User" },
  { op: "remove", path: `${ENTERPRISE}:departement` },
  { op: "remove", path: 'roles[vlaue eq "admin"]' },
  { op: "replace", path: 'roles[vlaue eq "admin"].value', value: "v1:developer" },
  { op: "remove", path: 'roles[type pr and not (vlaue eq "x")]' },
  { op: "remove", path: "roles.vlaue" },
  { op: "remove", path: "name.givename" },
  { op: "remove", path: "roles", value: [{ name: "admin" }] },
  { op: "remove", path: "roles", value: [{ display: "admin" }] },
  { op: "remove", path: 'roles[display eq "admin"]' },
  { op: "remove", path: 'roles[primary eq "True"].value' },
  { op: "remove", path: 'roles[type eq "x" and value eq "admin"]' },
  { op: "remove", value: { groups: [{ value: "g1" }] } },
  { op: "remove", value: {} },
  { op: "add", value: {} },
  { op: "replace", value: {} },
  { op: "replace", path: ENTERPRISE, value: {} },
])("a change that would do nothing to what is meant is refused: $op $path $value", (operation) => {
  expect(patch("User", USER, [operation])).toMatchObject({
    problem: expect.stringMatching(/^(?:noTarget|invalidPath|invalidValue|mutability)$/),
  });
});

test("an attribute of no schema that is there can be set, emptied and removed", () => {
  const operations = [
    { op: "add", path: "badge", value: "b1" },
    { op: "replace", path: "badge", value: "" },
    { op: "remove", path: "badge" },
    { op: "add", path: "urn:x:2.0:User:tag", value: "t" },
    { op: "remove", path: "urn:x:2.0:User" },
  ];
  expect(patch("User", USER, operations)).toEqual({ resource: USER });
  const description = [
    { op: "replace", value: { description: "Those who decide", "urn:x:2.0:Group:tag": 7 } },
  ];
  expect(patch("Group", GROUP, description)).toMatchObject({
    resource: { ...GROUP, description: "Those who decide" },
  });
});

test("a PATCH of which one operation is refused changes nothing", () => {
  const operations = [
    { op: "replace", path: "title", value: "Dr" },
    { op: "replace", path: "id", value: "x" },
  ];
  expect(patch("User", USER, operations)).toMatchObject({ problem: "mutability" });
});

test("a PATCH of more operations than clients send is refused, and deactivates all the same", () => {
  const operations = Array.from({ length: 1001 }, () => ({ op: "replace", path: "title", value: "Dr" }));
  expect(patch("User", USER, operations)).toMatchObject({ problem: "invalidValue" });
  const read = readWhatOperationsCanBe({ Operations: operations });
  expect([read.operations.length, read.unread.length]).toEqual([1000, 1]);
});

test.each([5, 400_000])(
  "what a client has written is answered and logged in short, of %i letters too",
  (length) => {
    const problem = patch("User", USER, [{ op: "replace", value: { [`a${"?".repeat(length)}`]: 1 } }]);
    expect(problem).toMatchObject({ problem: "invalidPath" });
    expect(JSON.stringify(problem).length).toBeLessThan(1000);
  },
);

test("a key in what a client has written is answered and logged without its secret", () => {
  const { key, keyPrefix } = generateKey("fkc");
  const problem = patch("User", USER, [{ op: "replace", value: { [`${key}?`]: 1 } }]);
  expect(problem).toMatchObject({ detail: `${keyPrefix}…? is not a path` });
});

function manyAttributes(length: number): ScimObject {
  return Object.fromEntries(Array.from({ length }, (_, i) => [`attribute${i}`, "x"]));
}
