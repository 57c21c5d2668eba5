import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/core/refusal.ts";
import { applyPatch, readOperations } from "../../../src/core/scim/patch.ts";
import { readResource, readWhatCanBe } from "../../../src/core/scim/resource.ts";
import type { ResourceType } from "../../../src/core/scim/schemas.ts";

/** What tells who somebody is, or what they may do, holds nothing that cannot be seen; no text is broken. */

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BROKEN = ["\ud800", "an\u0000n", "\u001b[31m"];
const HIDDEN = ["\u200b", "ann\u200b", "\u202enna", "an\u00adn"];

const TELLING: readonly (readonly [where: string, type: ResourceType, resource: (text: string) => object])[] =
  [
    ["a user's name", "User", (text) => ({ userName: text })],
    ["a user's external id", "User", (text) => ({ externalId: text })],
    ["an address", "User", (text) => ({ emails: [{ value: "ann@acme.example" }, { value: text }] })],
    ["a role", "User", (text) => ({ roles: [text] })],
    ["the name of one", "User", (text) => ({ [text]: "a" })],
    ["the name of a part", "User", (text) => ({ name: { [text]: "a" } })],
    ["a group's name", "Group", (text) => ({ displayName: text })],
  ];

const OTHERS: typeof TELLING = [
  ["a part of a name", "User", (text) => ({ name: { givenName: text } })],
  ["a name that is shown", "User", (text) => ({ displayName: text })],
  ["an attribute that no schema knows", "User", (text) => ({ shoeSize: { european: [text] } })],
  ["an extension", "User", (text) => ({ [ENTERPRISE]: { department: text } })],
  ["an extension that nobody knows", "User", (text) => ({ "urn:acme:User": { department: text } })],
];

describe.each([...TELLING, ...OTHERS])("in %s", (where, type, resource) => {
  const tells = TELLING.some(([place]) => place === where);

  test.each([...BROKEN, ...(tells ? HIDDEN : [])])("%j is refused, by POST, PUT and PATCH", (text) => {
    const refused = readResource(type, { ...resource(text) });
    expect(isRefusal(refused) && refused.problem).toBe("invalidValue");
    for (const op of ["add", "replace"]) {
      const read = readOperations({ Operations: [{ op, value: resource(text) }] });
      const patched = isRefusal(read) ? read : applyPatch(type, { userName: "bob" }, read.operations);
      expect(isRefusal(patched) && patched.problem).toMatch(/^invalid(Value|Path)$/);
    }
  });

  test.each(["Zoë 👩‍💻 می‌خواهم", ...(tells ? [] : HIDDEN)])("%j is taken", (text) => {
    expect(isRefusal(readResource(type, { ...resource(text) }))).toBe(false);
  });
});

test.each<[string, ResourceType, (text: string) => object]>([
  ["a user's name", "User", (text) => ({ userName: text })],
  ["an address", "User", (text) => ({ emails: [{ value: text }] })],
  ["a role", "User", (text) => ({ roles: [text] })],
  ["a group's name", "Group", (text) => ({ displayName: text })],
])("%s is no longer than an address", (_, type, resource) => {
  expect(isRefusal(readResource(type, { ...resource("a".repeat(320)) }))).toBe(false);
  expect(readResource(type, { ...resource("a".repeat(321)) })).toMatchObject({ problem: "invalidValue" });
});

test("a filter of a path makes no value of it", () => {
  const path = 'emails[type eq "wo\u200brk"].value';
  const read = readOperations({ Operations: [{ op: "replace", path, value: "ann@acme.example" }] });
  const patched = isRefusal(read) ? read : applyPatch("User", { userName: "bob" }, read.operations);
  expect(isRefusal(patched) && patched.problem).toBe("invalidValue");
});

test("what is never kept may hold anything: a password, and what only the server sets", () => {
  const sent = { userName: "ann", password: "\u200b\ud800", groups: [{ display: "\u200b" }], id: "\u200b" };
  expect(readResource("User", sent)).toEqual({ resource: { userName: "ann" } });
  const members = { displayName: "staff", members: [{ value: "u1", display: "\u200b" }] };
  expect(isRefusal(readResource("Group", members))).toBe(false);
});

test("what was kept before there was the rule can be taken away", () => {
  const before = { userName: "bob", roles: [{ value: "ad\u200bmin" }, { value: "staff" }] };
  for (const operation of [
    { op: "remove", path: "roles", value: [{ value: "ad\u200bmin" }] },
    { op: "remove", path: 'roles[value eq "ad\u200bmin"]' },
    { op: "remove", path: 'roles[value eq "admin"]' },
  ]) {
    const read = readOperations({ Operations: [operation] });
    const patched = isRefusal(read) ? read : applyPatch("User", before, read.operations);
    expect(patched).toMatchObject({ resource: { roles: [{ value: "staff" }] } });
  }
});

test("a deactivation leaves it out and takes the rest", () => {
  const { resource, unread } = readWhatCanBe("User", { userName: "ann\u200b", title: "Dr", active: false });
  expect(resource).toEqual({ title: "Dr", active: false });
  expect(unread.map(({ name }) => name)).toEqual(["userName"]);
});
