import { expect, test } from "vitest";
import { applyPatch, readOperations } from "../../../src/core/scim/patch.ts";
import type { ScimObject } from "../../../src/core/scim/resource.ts";
import type { ResourceType } from "../../../src/core/scim/schemas.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const WORK = { value: "w@example.com", type: "work", primary: true };
const HOME = { value: "h@example.com", type: "home" };
const USER = {
  userName: "bjensen",
  name: { givenName: "Barbara", familyName: "Jensen" },
  active: true,
  emails: [WORK, HOME],
  roles: [{ value: "admin" }],
  [ENTERPRISE]: { department: "Tours" },
};
const GROUP = { displayName: "admin", members: [{ value: "u1" }, { value: "u2" }, { value: "u3" }] };

function patch(type: ResourceType, resource: ScimObject, operations: readonly object[]) {
  const read = readOperations({ Operations: operations });
  return "problem" in read ? read : applyPatch(type, resource, read.operations);
}

interface Row {
  readonly name: string;
  readonly operations: readonly object[];
  /** What is different afterwards; `undefined` for what is gone. */
  readonly changes: ScimObject;
}

const USER_ROWS: readonly Row[] = [
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

const GROUP_ROWS: readonly Row[] = [
  {
    name: "Okta's members, one out and one in",
    operations: [
      { op: "remove", path: 'members[value eq "u1"]' },
      { op: "add", path: "members", value: [{ value: "u4", display: "Dan" }] },
    ],
    changes: { members: [{ value: "u2" }, { value: "u3" }, { value: "u4" }] },
  },
  {
    name: "Okta's members, all replaced",
    operations: [{ op: "replace", path: "members", value: [{ value: "u9", display: "Eve" }] }],
    changes: { members: [{ value: "u9" }] },
  },
  {
    name: "Okta's new name, with the id next to it",
    operations: [{ op: "replace", value: { id: "g1", displayName: "staff" } }],
    changes: { displayName: "staff" },
  },
  {
    name: "Entra's members added",
    operations: [{ op: "Add", path: "members", value: [{ $ref: null, value: "u4" }] }],
    changes: { members: [...GROUP.members, { value: "u4" }] },
  },
  {
    name: "Entra's members removed by a list of values",
    operations: [
      {
        op: "Remove",
        path: "members",
        value: [{ $ref: null, value: "u1" }, { value: "u3" }, { value: "u9" }],
      },
    ],
    changes: { members: [{ value: "u2" }] },
  },
  {
    name: "all members removed",
    operations: [{ op: "remove", path: "members" }],
    changes: { members: undefined },
  },
];

test.each(USER_ROWS)("a user's PATCH takes: $name", ({ operations, changes }) => {
  expect(patch("User", USER, operations)).toEqual({ resource: defined({ ...USER, ...changes }) });
});

test.each(GROUP_ROWS)("a group's PATCH takes: $name", ({ operations, changes }) => {
  expect(patch("Group", GROUP, operations)).toEqual({ resource: defined({ ...GROUP, ...changes }) });
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
    "a value that no element has",
    { op: "replace", path: 'emails[type eq "fax"].value', value: "x" },
    "noTarget",
  ],
  ["the server's id", { op: "replace", path: "id", value: "x" }, "mutability"],
  ["the groups of a user", { op: "add", path: "groups", value: [{ value: "g1" }] }, "mutability"],
  ["a required attribute removed", { op: "remove", path: "userName" }, "mutability"],
  ["a boolean that is none", { op: "replace", path: "active", value: "maybe" }, "invalidValue"],
  ["a number where text is due", { op: "replace", path: "title", value: 7 }, "invalidValue"],
  ["text where an object is due", { op: "replace", path: "name", value: "Babs" }, "invalidValue"],
])("a PATCH is refused for %s", (_, operation, problem) => {
  expect(patch("User", USER, [operation as object])).toMatchObject({ problem });
});

test("a PATCH of which one operation is refused changes nothing", () => {
  const operations = [
    { op: "replace", path: "title", value: "Dr" },
    { op: "replace", path: "id", value: "x" },
  ];
  expect(patch("User", USER, operations)).toMatchObject({ problem: "mutability" });
});

function defined(object: ScimObject): ScimObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
