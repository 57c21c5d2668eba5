import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/core/refusal.ts";
import { patchesActive } from "../../../src/core/scim/deactivation.ts";
import { readOperations, readWhatOperationsCanBe } from "../../../src/core/scim/patch.ts";
import type { ScimObject } from "../../../src/core/scim/object.ts";
import { misplacedAnew } from "../../../src/core/scim/misplaced.ts";
import { readReplacement, readResource, readWhatCanBe } from "../../../src/core/scim/resource.ts";
import { ENTERPRISE, GROUP, patch, STRANGER, USER } from "../../support/scim-patch.ts";

const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";
const OTHER = "urn:ietf:params:scim:schemas:extension:acme:2.0:User";
const OF_GROUPS = "urn:ietf:params:scim:schemas:extension:acme:2.0:Group";

/** What says that somebody is out where it decides nothing. */
const SAYS_OUT: readonly object[] = [
  { isActive: false },
  { is_active: "False" },
  { enabled: 0 },
  { accountEnabled: "false" },
  { IsEnabled: [false] },
  { disabled: true },
  { accountDisabled: "True" },
  { suspended: 1 },
  { isSuspended: { value: true } },
  { deactivated: "true" },
  { softDeleted: true },
  { status: "inactive" },
  { status: false },
  { accountStatus: "SUSPENDED" },
  { state: "Deprovisioned" },
  { user: { active: false } },
  { profile: { account: [{ enabled: false }] } },
  { name: { active: false } },
  { attributes: [{ name: "active", value: "False" }] },
  { profile: { path: "accountEnabled", value: false } },
  { roles: [{ value: "admin", active: false }] },
  { [OTHER]: { active: false } },
  { [OTHER]: { isActive: "false" } },
  { [OTHER]: { account: { suspended: true } } },
  { [ENTERPRISE]: { enabled: false } },
];

/** Slips in the name of an attribute that decides, whatever their value. */
const SLIPS: readonly object[] = [
  { activ: true },
  { acitve: false },
  { actives: false },
  { аctive: false },
  { role: "viewer" },
  { role: [{ value: "v1:developer" }] },
  { roels: [] },
  { "ro-les": ["viewer"] },
  { email: "ann@example.com" },
  { mail: "ann@example.com" },
  { emailAddress: "ann@example.com" },
  { Emial: [{ value: "ann@example.com" }] },
  { user_name: "bob" },
  { usernmae: "bob" },
  { login: "bob" },
  { external_id: "7" },
  { extrenalId: "7" },
  { [ENTERPRISE]: { roles: [] } },
  { [ENTERPRISE]: { role: "viewer" } },
  { [CORE]: { roles: [{ value: "viewer" }] } },
];

const GROUP_SLIPS: readonly object[] = [
  { member: [{ value: "u1" }] },
  { member: [] },
  { memebrs: [{ value: "u1" }] },
  { Membres: "u1" },
  { users: [{ value: "u1" }] },
  { users: [] },
  { userNames: ["ann"] },
  { more: { deep: [`https://gateway.example/v2/Users/${STRANGER}`] } },
  { more: `["${STRANGER}"]` },
  { users: STRANGER },
  { people: { value: "u1" } },
  { [OF_GROUPS]: { members: [{ value: "u1" }] } },
  { display_name: "Staff" },
  { displayNames: "Staff" },
  { name: "Staff" },
  { groupName: "Staff" },
];

/** What clients send beside, which is kept or passed over. */
const TAKEN: readonly object[] = [
  { active: true, favouriteColour: "red" },
  { Active: "True", nickName: "Ann", locale: "en-US", userType: "Employee", title: "Ms" },
  { isActive: true },
  { enabled: "true", disabled: false, suspended: null, status: "active", state: "Vienna" },
  { email: null, role: null },
  { groups: [], meta: { resourceType: "User" }, id: "1", password: "x" },
  { phoneNumbers: [{ value: "1", active: false }], addresses: [{ country: "AT", status: "disabled" }] },
  { [OTHER]: { role: "Engineer", email: "ann@example.com", active: true, nested: { a: [1] } } },
  { "urn:okta:acme:1.0:user:custom": { costCentre: "7", manager: { value: "x" } } },
  { [ENTERPRISE]: { department: "Tours", manager: { value: "26118915" }, active: true, rank: 3 } },
  // The same as what decides, beside it.
  {
    email: "Ann@example.com",
    emails: [{ value: "ann@example.com", primary: true }, { value: "a@b.example" }],
  },
  { mail: "ann" },
  { login: " Ann" },
  { user_name: "ann", external_id: "7", externalId: "7" },
  { role: "admin", roles: [{ value: "admin" }] },
  { role: ["a", "b"], roles: [{ value: "b" }, { value: "a" }] },
  // A client's own schema, beside what it says of `active`; anything, of somebody who is out.
  { active: true, [OTHER]: { status: "inactive", active: false, account: { suspended: true } } },
  { active: "False", status: "inactive", accountEnabled: false, name: { active: false } },
];

/** Further values of names that are taken for those that decide, beside what says otherwise. */
const DIFFERENT: readonly object[] = [
  { email: "ann@example.com", emails: [{ value: "bob@example.com" }] },
  { email: ["ann@example.com", "bob@example.com"], emails: [{ value: "bob@example.com" }] },
  { login: "bob" },
  { external_id: "7", externalId: "8" },
  { role: "viewer", roles: [{ value: "viewer" }, { value: "admin" }] },
  { role: ["viewer", "admin"], roles: [{ value: "viewer" }] },
  { role: [], roles: [{ value: "admin" }] },
  { active: true, status: "inactive" },
  { active: true, [ENTERPRISE]: { enabled: false } },
];

describe.each([...SAYS_OUT, ...SLIPS])("in a user %j", (wrong) => {
  test("is refused in a POST and a PUT", () => {
    expect(readResource("User", { userName: "ann", ...wrong })).toHaveProperty("problem", "invalidPath");
  });

  test("is refused in a PATCH, with a path and without", () => {
    // A PATCH takes the part of a name for what it says, and the extension's `active` for the user's.
    const [[path, value] = ["", ""]] = Object.entries(wrong);
    for (const operation of [
      { op: "replace", value: wrong },
      { op: "add", path, value },
    ]) {
      const read = patch("User", USER, [operation]);
      expect(isRefusal(read)).toBe(true);
    }
  });

  test("is left out of a request that deactivates, and said", () => {
    const { resource, unread } = readWhatCanBe("User", { title: "Dr", ...wrong });
    expect(resource).toEqual({ title: "Dr" });
    expect(unread).toHaveLength(1);
  });
});

test.each(GROUP_SLIPS)("in a group %j is refused", (wrong) => {
  expect(readResource("Group", { ...GROUP, ...wrong })).toHaveProperty("problem", "invalidPath");
  expect(isRefusal(patch("Group", GROUP, [{ op: "replace", value: wrong }]))).toBe(true);
});

test.each(DIFFERENT)("%j contradicts itself", (more) => {
  expect(readResource("User", { userName: "ann", ...more })).toHaveProperty("problem", "invalidPath");
  expect(isRefusal(patch("User", { userName: "ann" }, [{ op: "replace", value: more }]))).toBe(true);
});

test.each(TAKEN)("%j is taken in a user", (more) => {
  expect(readResource("User", { userName: "ann", ...more })).toHaveProperty("resource.userName", "ann");
});

test.each<object>([
  { description: "Those who decide", externalId: "7", meta: {}, schemas: [], id: "g1" },
  { [OF_GROUPS]: { description: "x", level: 7 } },
  { mailNickname: "admins", securityEnabled: true },
  { description: "[old] Those who decide", attributes: { floor: ["2"] }, labels: ["a"] },
  { owners: [{ value: STRANGER }], roles: [{ value: "x" }], objectId: STRANGER },
  { name: "Admin", users: GROUP.members },
  { "urn:sap:cloud:scim:schemas:extension:custom:2.0:Group": { name: "admin", additionalId: STRANGER } },
  { [OF_GROUPS]: { owners: [{ value: STRANGER }] } },
])("%j is taken in a group", (more) => {
  expect(readResource("Group", { ...GROUP, ...more })).toHaveProperty("resource.displayName", "admin");
});

test.each(["role", "email", "user_name"])("nobody is told that %s has been removed", (path) => {
  const stored = { ...USER, [path]: "kept by an earlier version" };
  expect(patch("User", stored, [{ op: "remove", path }])).toHaveProperty("problem", "invalidPath");
});

test.each<object>([{ active: true }, { members: [] }, { roles: [] }, { Role: "x" }, { disabled: true }])(
  "%j beside the operations of a PATCH is not passed over",
  (beside) => {
    const body = { Operations: [{ op: "replace", path: "title", value: "Dr" }], ...beside };
    expect(readOperations(body)).toHaveProperty("problem", "invalidSyntax");
    expect(readWhatOperationsCanBe(body)).toMatchObject({ operations: [{ op: "replace" }], unread: [{}] });
    expect(patchesActive({ ...body, active: false })).toBe(true);
  },
);

test("names with blanks around them are taken by a PATCH, and refused elsewhere", () => {
  expect(patch("Group", GROUP, [{ op: "replace", value: { " members": [] } }])).toEqual({
    resource: { displayName: "admin" },
  });
  expect(readResource("Group", { ...GROUP, " members": [] })).toHaveProperty("problem", "invalidPath");
  expect(readResource("User", { userName: "ann", "active ": true })).toHaveProperty("problem", "invalidPath");
});

test.each(["User", "Group"] as const)("a %s has no operations", (type) => {
  const sent = { userName: "ann", displayName: "admin", operations: [{ op: "remove", path: "roles" }] };
  expect(readResource(type, sent)).toHaveProperty("problem", "invalidPath");
});

test("a PATCH that names only what the server sets is refused", () => {
  const operations = [{ op: "replace", value: { groups: [], id: "x" } }];
  expect(patch("User", USER, operations)).toHaveProperty("problem", "mutability");
});

describe("a PUT of what is on record", () => {
  const replaced = (stored: ScimObject, sent: ScimObject) => {
    const read = readReplacement("User", sent);
    return isRefusal(read) ? read : misplacedAnew("User", read.doubtful, read.resource, stored);
  };
  const stored = {
    userName: "ann",
    email: "old@example.com",
    status: "inactive",
    [OTHER]: { active: false, costCentre: "7", account: { suspended: true, since: 1 } },
  };

  test("may hold what was kept before there was the rule", () => {
    expect(replaced(stored, stored)).toBeNull();
    const changed = { ...stored, title: "Dr", [OTHER]: { ...stored[OTHER], costCentre: "8" } };
    expect(replaced(stored, changed)).toBeNull();
    const turned = { ...stored, [OTHER]: { ...stored[OTHER], account: { since: 1, suspended: true } } };
    expect(replaced(stored, turned)).toBeNull();
    expect(readReplacement("User", changed)).toMatchObject({ resource: changed });
  });

  test.each<ScimObject>([
    { ...stored, email: "new@example.com" },
    { ...stored, status: "disabled" },
    { ...stored, [OTHER]: { ...stored[OTHER], enabled: false } },
    { ...stored, role: "viewer" },
  ])("holds nothing more of the kind: %j", (sent) => {
    expect(replaced(stored, sent)).toHaveProperty("problem", "invalidPath");
  });

  test("is refused where something cannot be read at all", () => {
    expect(replaced(stored, { ...stored, title: 7 })).toHaveProperty("problem", "invalidValue");
  });
});

test("a PATCH may say that somebody is out who is, and not of somebody who is not", () => {
  const operations = [{ op: "add", path: `${OTHER}:accountStatus`, value: "inactive" }];
  expect(patch("User", { ...USER, active: false }, operations)).toHaveProperty("resource");
  expect(patch("User", USER, operations)).toHaveProperty("problem", "invalidPath");
});

test("a PATCH without a path is one whole: a name may stand before what it repeats", () => {
  const value = {
    email: "new@example.com",
    emails: [{ value: "new@example.com" }],
    [OTHER]: { status: "inactive" },
  };
  expect(patch("User", USER, [{ op: "replace", value: { ...value, active: true } }])).toHaveProperty(
    "resource",
  );
  expect(patch("User", USER, [{ op: "replace", value }])).toHaveProperty("problem", "invalidPath");
});
