import { expect, test } from "vitest";
import { project, readProjection } from "../../../src/core/scim/projection.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ALWAYS = { schemas: ["s"], id: "1" };
const NAME = { givenName: "Barbara", familyName: "Jensen" };
const EMAILS = [{ value: "w@example.com", type: "work" }, { value: "h@example.com" }];
const USER = {
  ...ALWAYS,
  userName: "bjensen",
  name: NAME,
  emails: EMAILS,
  [ENTERPRISE]: { department: "Tours", costCenter: "1" },
};

test.each<[attributes: string, shown: object]>([
  ["userName", { userName: "bjensen" }],
  ["USERNAME, name.givenName", { userName: "bjensen", name: { givenName: "Barbara" } }],
  ["name,name.givenName", { name: NAME }],
  ["name.givenName,name.familyName", { name: NAME }],
  ["emails.value", { emails: [{ value: "w@example.com" }, { value: "h@example.com" }] }],
  [`${ENTERPRISE}:department`, { [ENTERPRISE]: { department: "Tours" } }],
  [ENTERPRISE, { [ENTERPRISE]: USER[ENTERPRISE] }],
  ["urn:ietf:params:scim:schemas:core:2.0:User:userName", { userName: "bjensen" }],
  [`${ENTERPRISE},${ENTERPRISE}:department`, { [ENTERPRISE]: USER[ENTERPRISE] }],
  [`${ENTERPRISE}:userName`, { [ENTERPRISE]: {} }],
  ["nickName", {}],
  ['emails[type eq "work"]', { emails: EMAILS }],
  [
    'userName,emails[value eq "w@example.com"].value',
    { userName: "bjensen", emails: [{ value: "w@example.com" }, { value: "h@example.com" }] },
  ],
])("attributes=%s shows that, the schemas and the id", (attributes, shown) => {
  const projection = readProjection(attributes, undefined);
  expect(projection && project(USER, projection)).toEqual({ ...ALWAYS, ...shown });
});

test.each<[excluded: string, changed: object]>([
  ["name", { name: undefined }],
  ["id,schemas", {}],
  ["name.givenName", { name: { familyName: "Jensen" } }],
  ["userName.first", {}],
  ["emails.type", { emails: [{ value: "w@example.com" }, { value: "h@example.com" }] }],
  [`${ENTERPRISE}:department`, { [ENTERPRISE]: { costCenter: "1" } }],
  [ENTERPRISE, { [ENTERPRISE]: undefined }],
])("excludedAttributes=%s shows all but that", (excluded, changed) => {
  const projection = readProjection(undefined, excluded);
  const shown = Object.entries({ ...USER, ...changed }).filter(([, value]) => value !== undefined);
  expect(projection && project(USER, projection)).toEqual(Object.fromEntries(shown));
});

test("without either list all is shown", () => {
  const projection = readProjection(undefined, undefined);
  expect(projection).toEqual({ kind: "all", paths: [] });
  expect(projection && project(USER, projection)).toBe(USER);
  expect(readProjection("", "")).toEqual(projection);
  expect(readProjection("userName", "")?.kind).toBe("only");
  expect(readProjection("", "userName")?.kind).toBe("without");
});

test("both lists at once, and what is no name, are refused", () => {
  expect(readProjection("userName", "emails")).toBeNull();
  expect(readProjection("emails[", undefined)).toBeNull();
  expect(readProjection(undefined, 'emails[type eq "work"]')).toBeNull();
});
