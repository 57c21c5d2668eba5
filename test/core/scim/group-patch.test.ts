import { expect, test, vi } from "vitest";
import {
  defined,
  ENTERPRISE,
  GROUP,
  manyTexts,
  named,
  patch,
  STRANGER,
  type PatchRow,
} from "../../support/scim-patch.ts";

const GROUP_ROWS: readonly PatchRow[] = [
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
        value: [{ $ref: null, value: "u1" }, { value: "u3" }, { value: STRANGER }],
      },
    ],
    changes: { members: [{ value: "u2" }] },
  },
  ...named([
    ["a list of references", [{ $ref: "https://scim.example/v2/Users/u1" }, { $ref: "../Users/u3" }]],
    ["an object with a list of members", { members: [{ value: "u1" }, { $ref: "/Users/u3" }] }],
    ["JSON as text", JSON.stringify([{ value: "u1" }, { value: "u3" }])],
    [
      "members that are JSON as text",
      [JSON.stringify({ value: "u1" }), JSON.stringify({ $ref: "Users/u3" })],
    ],
    ["references with a query", [{ $ref: "/Users/u1?a=b" }, { $ref: "https://scim.example/Users/u3/#x" }]],
    ["values within values", [{ value: { value: "u1" } }, { value: { members: [{ value: "u3" }] } }]],
    ["bare ids", ["u1", "u3"]],
    [
      "ids with references that say nothing",
      [
        { value: "u1", $ref: null },
        { value: "u3", $ref: "" },
      ],
    ],
    ["names in other letters", [{ Value: "u1" }, { $REF: "/users/u3" }]],
  ]).map(([name, value]): PatchRow => ({
    name: `members removed by ${name}`,
    operations: [{ op: "remove", path: "members", value }],
    changes: { members: [{ value: "u2" }] },
  })),
  ...named([
    ["a reference", { $ref: "https://scim.example/v2/Users/u4" }],
    ["one object", { value: "u4" }],
    ["a list of members", { members: [{ value: "u4" }] }],
    ["a bare id", "u4"],
  ]).map(([name, value]): PatchRow => ({
    name: `a member added by ${name}`,
    operations: [{ op: "add", path: "members", value }],
    changes: { members: [...GROUP.members, { value: "u4" }] },
  })),
  {
    name: "members replaced by references",
    operations: [{ op: "replace", value: { members: [{ $ref: "/v2/Users/u7" }] } }],
    changes: { members: [{ value: "u7" }] },
  },
  {
    name: "members removed without a path",
    operations: [{ op: "remove", value: { members: [{ value: "u1" }, { value: "u3" }] } }],
    changes: { members: [{ value: "u2" }] },
  },
  {
    name: "a member removed by a filter of its reference",
    operations: [{ op: "remove", path: 'members[$ref eq "https://scim.example/v2/Users/u1"]' }],
    changes: { members: [{ value: "u2" }, { value: "u3" }] },
  },
  {
    name: "members removed by a filter of two",
    operations: [{ op: "remove", path: 'members[value eq "u1" or value eq "u3"]' }],
    changes: { members: [{ value: "u2" }] },
  },
  {
    name: "a member added by a filter",
    operations: [{ op: "add", path: 'members[value eq "u4"]', value: [] }],
    changes: { members: [...GROUP.members, { value: "u4" }] },
  },
  {
    name: "a member replaced by none",
    operations: [{ op: "replace", path: 'members[value eq "u1"]', value: [] }],
    changes: { members: [{ value: "u2" }, { value: "u3" }] },
  },
  {
    name: "somebody removed who is no member, or is no user any more",
    operations: [
      { op: "remove", path: "members", value: [{ value: STRANGER }] },
      { op: "remove", path: `members[value eq "${STRANGER.toUpperCase()}"]` },
    ],
    changes: {},
  },
  {
    name: "what a group never had, removed",
    operations: [{ op: "remove", path: "externalId" }],
    changes: {},
  },
  {
    name: "all members removed",
    operations: [{ op: "remove", path: "members" }],
    changes: { members: undefined },
  },
];

test.each(GROUP_ROWS)("a group's PATCH takes: $name", ({ operations, changes }) => {
  expect(patch("Group", GROUP, operations)).toEqual({ resource: defined({ ...GROUP, ...changes }) });
});

test.each([
  ['value eq "u1" or value eq "u2"', ["u3"]],
  ['type eq "User" and value eq "u1"', ["u2", "u3"]],
  ['type eq "User"', []],
  ['type eq "Group" or value eq "u2"', ["u1", "u3"]],
])("members that %s are removed, and no others", (filter, left) => {
  const operation = { op: "remove", path: `members[${filter}]` };
  const members = left.length === 0 ? undefined : left.map((value) => ({ value }));
  expect(patch("Group", GROUP, [operation])).toEqual({ resource: defined({ ...GROUP, members }) });
});

test("a filter is asked about the members that it names, however many others there are", () => {
  const members = Array.from({ length: 5000 }, (_, i) => ({ value: `m${i}` }));
  const filter = Array.from({ length: 50 }, (_, i) => `value eq "m${i}"`).join(" or ");
  const folded = vi.spyOn(String.prototype, "toLowerCase");
  try {
    patch("Group", { ...GROUP, members }, [{ op: "remove", path: `members[${filter}]` }]);
    expect(folded.mock.calls.length).toBeLessThan(20 * members.length);
  } finally {
    folded.mockRestore();
  }
});

test.each<[name: string, operation: object, problem: string]>([
  ["a member without an id", { op: "remove", path: "members", value: [{ display: "Ann" }] }, "invalidValue"],
  [
    "a reference to no user",
    { op: "remove", path: "members", value: [{ $ref: "/Groups/g1" }] },
    "invalidValue",
  ],
  ["an empty id", { op: "add", path: "members", value: [{ value: "" }] }, "invalidValue"],
  ["a member that is a number", { op: "add", path: "members", value: [7] }, "invalidValue"],
  ["a member that is nothing", { op: "remove", path: "members", value: [null] }, "invalidValue"],
  [
    "values within too many values",
    { op: "remove", path: "members", value: JSON.parse(`${"[".repeat(10)}"u1"${"]".repeat(10)}`) },
    "invalidValue",
  ],
  ["a part of every member", { op: "replace", path: "members.value", value: "u1" }, "invalidPath"],
  ["a filter of what is not kept", { op: "remove", path: 'members[display eq "Ann"]' }, "invalidFilter"],
  ["a filter that excludes", { op: "remove", path: 'members[value ne "u1"]' }, "invalidFilter"],
  [
    "somebody's name in place of an id",
    { op: "remove", path: "members", value: [{ value: "ann" }] },
    "invalidValue",
  ],
  [
    "a name beside a reference",
    { op: "remove", path: "members", value: [{ value: "ann", $ref: "../Users/u1" }] },
    "invalidValue",
  ],
  ["a filter by a name", { op: "remove", path: 'members[value eq "ann@example.com"]' }, "invalidValue"],
  [
    "a filter by an id and a name",
    { op: "remove", path: 'members[value eq "u1" or value eq "ann"]' },
    "invalidValue",
  ],
  [
    "a member to be deleted as it is added",
    { op: "add", path: "members", value: [{ value: "u1", operation: "delete" }] },
    "invalidValue",
  ],
  ["text that begins like JSON", { op: "remove", path: "members", value: '[{"value": "u1"' }, "invalidValue"],
  ["members by another name", { op: "remove", path: "users", value: [{ value: "u1" }] }, "noTarget"],
  [
    "members by another name, without a path",
    { op: "remove", value: { member: [{ value: "u1" }] } },
    "noTarget",
  ],
])("a group's PATCH is refused for %s", (_, operation, problem) => {
  expect(patch("Group", GROUP, [operation])).toMatchObject({ problem });
});

test.each(["2819C223-7F76-453A-919D-413861904646", `urn:uuid:${STRANGER}`, `{${STRANGER}}`])(
  "a member is the same by %s",
  (value) => {
    const group = { displayName: "admin", members: [{ value: STRANGER }] };
    const operation = { op: "remove", path: "members", value: [{ value }] };
    expect(patch("Group", group, [operation])).toEqual({ resource: { displayName: "admin" } });
  },
);

test.each<object>([
  { op: "replace", path: "member", value: [] },
  { op: "replace", path: "member", value: [{ value: "u1" }] },
  { op: "add", path: "member", value: STRANGER },
  { op: "add", path: "user", value: `../Users/${STRANGER}` },
  { op: "add", path: "users", value: '[{"value":"u1"}]' },
  { op: "replace", value: { member: [] } },
  { op: "add", value: { Users: { value: "u1" } } },
  { op: "replace", value: { "urn:x:2.0:Group:members": [] } },
  { op: "replace", value: { "urn:x:2.0:Group": { members: [{ value: "u1" }] } } },
  { op: "remove", path: "urn:x:2.0:Group:members" },
  { op: "replace", path: `${ENTERPRISE}:members`, value: [] },
])("a group takes no members by another name: %j", (operation) => {
  expect(patch("Group", GROUP, [operation])).toMatchObject({
    problem: expect.stringMatching(/^(?:noTarget|invalidPath)$/),
  });
});

test("a group takes as many members as one body holds", () => {
  const value = [manyTexts(150_000)];
  const patched = patch("Group", GROUP, [{ op: "replace", path: "members", value }]);
  expect(patched).toHaveProperty("resource.members.length", 150_000);
});
