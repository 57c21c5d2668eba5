import { expect, test } from "vitest";
import { developerOn } from "../support/control.ts";
import { scimClient, tryToCreateKey, use } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

/**
 * The requests that Microsoft documents for Entra ID's provisioning, in its order and with its bodies: "Tutorial: Develop
 * and plan provisioning for a SCIM endpoint in Microsoft Entra ID" and, for the two ways of its PATCH, "Known issues and
 * resolutions with SCIM 2.0 protocol compliance of the Microsoft Entra user provisioning service" (Microsoft Learn).
 */

const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

const USER_NAME = "Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1";
const NEW_USER = {
  schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA],
  externalId: "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
  userName: USER_NAME,
  active: true,
  emails: [
    { primary: true, type: "work", value: "Test_User_fd0ea19b-0777-472c-9f96-4f70d2226f2e@testuser.com" },
  ],
  meta: { resourceType: "User" },
  name: { formatted: "givenName familyName", familyName: "familyName", givenName: "givenName" },
  roles: [],
};
const NEW_GROUP = {
  schemas: [GROUP_SCHEMA, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
  externalId: "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
  displayName: "displayName",
  meta: { resourceType: "Group" },
};

const control = await useControl();
const organization = await control.newOrganization();
const entra = await scimClient(control, organization);

const patch = (path: string, ...Operations: readonly object[]) =>
  entra.call("PATCH", path, { schemas: [PATCH_OP], Operations });

test("a user's life: created, read, found, updated, disabled, deleted", async () => {
  const person = organization.member(NEW_USER.externalId, developerOn("vault_1"));
  const key = await person.createKey();

  const created = await entra.call("POST", "/Users", NEW_USER);
  expect(created).toMatchObject({ status: 201, body: { schemas: [USER_SCHEMA], userName: USER_NAME } });
  const path = `/Users/${created.body.id}`;
  expect(await entra.call("GET", path)).toMatchObject({ status: 200, body: created.body });
  const found = await entra.call("GET", `/Users?filter=userName eq "${USER_NAME}"`);
  expect(found.body).toMatchObject({ totalResults: 1, startIndex: 1, Resources: [created.body] });
  const nobody = await entra.call("GET", '/Users?filter=userName eq "non-existent user"');
  expect(nobody).toMatchObject({ status: 200, body: { totalResults: 0, Resources: [] } });
  const byMail = `emails[type eq "work"].value eq "${NEW_USER.emails[0]?.value}"`;
  expect((await entra.call("GET", `/Users?filter=${encodeURIComponent(byMail)}`)).body.totalResults).toBe(1);

  const updated = await patch(
    path,
    { op: "Replace", path: 'emails[type eq "work"].value', value: "updatedEmail@microsoft.com" },
    { op: "Replace", path: "name.familyName", value: "updatedFamilyName" },
  );
  expect(updated).toMatchObject({
    status: 200,
    body: {
      name: { givenName: "givenName", familyName: "updatedFamilyName" },
      emails: [{ type: "work", value: "updatedEmail@microsoft.com" }],
    },
  });
  const renamed = await patch(path, {
    op: "Replace",
    path: "userName",
    value: "5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com",
  });
  expect(renamed.body["userName"]).toBe("5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com");
  const extended = await patch(
    path,
    { op: "Add", path: `${ENTERPRISE_SCHEMA}:department`, value: "Sales" },
    { op: "Add", path: `${ENTERPRISE_SCHEMA}:manager`, value: "2819c223" },
  );
  expect(extended.body).toMatchObject({
    schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA],
    [ENTERPRISE_SCHEMA]: { department: "Sales", manager: { value: "2819c223" } },
  });

  expect(await use(control, key)).toEqual([200]);
  expect(await patch(path, { op: "Replace", path: "active", value: "False" })).toMatchObject({
    status: 200,
    body: { active: false },
  });
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(person)).toEqual([403, "role_required"]);

  expect((await entra.call("DELETE", path)).status).toBe(204);
  expect((await entra.call("GET", path)).status).toBe(404);
  expect(await tryToCreateKey(person)).toEqual([403, "role_required"]);
});

/** Microsoft Learn, "Tutorial: Validate a SCIM endpoint", "Use Postman to test endpoints": its collection. */
test("a user's and a group's life as the collection for Postman has them, with names in capitals", async () => {
  for (const path of ["/users", "/Groups", "/ResourceTypes", "/ServiceProviderConfig", "/Schemas"]) {
    expect([path, (await entra.call("GET", path)).status]).toEqual([path, 200]);
  }
  const externalId = "22fbc523-6032-4c5f-939d-5d4850cf3e52";
  const ryan = organization.member(externalId, developerOn("vault_1"));
  const key = await ryan.createKey();
  const user = {
    UserName: "UserName222",
    Active: true,
    DisplayName: "BobIsAmazing",
    schemas: [ENTERPRISE_SCHEMA, USER_SCHEMA],
    externalId,
    name: { formatted: "Ryan Leenay", familyName: "Leenay", givenName: "Ryan", honorificPrefix: null },
    emails: [
      { Primary: true, type: "work", value: "emailName357" },
      { Primary: false, type: "home", value: "testinghome@bob.com" },
    ],
    phoneNumbers: [{ type: "mobile", primary: null, value: "312-320-1707" }],
    [ENTERPRISE_SCHEMA]: { Department: "bob", Manager: { Value: "SuzzyQ" } },
  };
  const created = await entra.call("POST", "/Users", user);
  expect(created).toMatchObject({
    status: 201,
    body: {
      userName: "UserName222",
      active: true,
      emails: [{ primary: true }, { primary: false }],
      [ENTERPRISE_SCHEMA]: { department: "bob", manager: { value: "SuzzyQ" } },
    },
  });
  const { id } = created.body;
  for (const attributes of ["userName,emails", 'emails[type eq "work"]', 'emails[value eq "emailName357"]']) {
    const query = new URLSearchParams({ attributes, filter: 'DisplayName eq "BobIsAmazing"' });
    expect((await entra.call("GET", `/Users?${query.toString()}`)).body.Resources).toMatchObject([
      { id, emails: [{ value: "emailName357" }, {}] },
    ]);
  }

  const group = await entra.create("/Groups", { displayName: "admin", members: [] });
  const at = `/Groups/${group}`;
  const add = {
    name: "addMember",
    op: "add",
    path: "members",
    value: [{ displayName: "new User", value: id }],
  };
  const isAdmin = async () => (await ryan.call("GET", "/-/people")).status === 200;
  for (const leave of [
    { op: "remove", path: `members[value eq "${id}"]` },
    { op: "remove", path: "members" },
  ]) {
    expect((await patch(at, add)).status).toBe(204);
    expect(await isAdmin()).toBe(true);
    expect((await patch(at, leave)).status).toBe(204);
    expect(await isAdmin()).toBe(false);
  }

  expect((await entra.call("POST", "/Users", user)).status).toBe(409);
  const { UserName: _, ...nameless } = user;
  expect((await entra.call("PUT", `/Users/${id}`, { ...nameless, userame: "OMalley" })).status).toBe(400);
  expect(await use(control, key)).toEqual([200]);
  expect((await entra.call("PUT", `/Users/${id}`, { ...user, id, Active: "False" })).status).toBe(200);
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  expect((await entra.call("DELETE", `/Users/${id}`)).status).toBe(204);
  expect(await tryToCreateKey(ryan)).toEqual([403, "role_required"]);
});

test("a group's life: created, read without members, found, renamed, members added and removed, deleted", async () => {
  const person = organization.member("grace", {});
  const user = await entra.create("/Users", {
    ...NEW_USER,
    externalId: "grace",
    userName: "grace@testuser.com",
  });
  expect(await tryToCreateKey(person)).toEqual([403, "role_required"]);

  const created = await entra.call("POST", "/Groups", NEW_GROUP);
  expect(created).toMatchObject({
    status: 201,
    body: { schemas: [GROUP_SCHEMA], externalId: NEW_GROUP.externalId, displayName: "displayName" },
  });
  const path = `/Groups/${created.body.id}`;
  expect((await entra.call("GET", `${path}?excludedAttributes=members`)).status).toBe(200);
  const found = await entra.call(
    "GET",
    '/Groups?excludedAttributes=members&filter=displayName eq "displayName"',
  );
  expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: created.body.id }] });

  expect((await patch(path, { op: "Replace", path: "displayName", value: "*:developer" })).status).toBe(204);
  const member = [{ $ref: null, value: user }];
  expect((await patch(path, { op: "Add", path: "members", value: member })).status).toBe(204);
  expect(await tryToCreateKey(person)).toEqual([201]);
  expect((await entra.call("GET", path)).body).toMatchObject({ members: [{ value: user }] });
  expect((await entra.call("GET", `${path}?excludedAttributes=members`)).body).not.toHaveProperty("members");

  expect((await patch(path, { op: "Remove", path: "members", value: member })).status).toBe(204);
  expect(await tryToCreateKey(person)).toEqual([403, "role_required"]);
  expect((await entra.call("DELETE", path)).status).toBe(204);
});

interface Way {
  readonly name: string;
  readonly disable: object;
  readonly update: readonly object[];
  readonly leave: (member: string) => object;
}

/** What the service sends by itself, and with the flag `aadOptscim062020`. */
const WAYS: readonly Way[] = [
  {
    name: "without the flag",
    disable: { op: "Replace", path: "active", value: "False" },
    update: [
      { op: "Replace", path: "displayName", value: "Pvlo" },
      { op: "Replace", path: 'emails[type eq "work"].value', value: "TestBcwqnm@test.microsoft.com" },
      { op: "Replace", path: "name.givenName", value: "Gtfd" },
      { op: "Replace", path: "name.familyName", value: "Pkqf" },
      { op: "Replace", path: `${ENTERPRISE_SCHEMA}:employeeNumber`, value: "Eqpj" },
    ],
    leave: (member) => ({ op: "Remove", path: "members", value: [{ value: member }] }),
  },
  {
    name: "with the flag",
    disable: { op: "replace", path: "active", value: false },
    update: [
      { op: "replace", path: 'emails[type eq "work"].value', value: "TestBcwqnm@test.microsoft.com" },
      {
        op: "replace",
        value: {
          displayName: "Pvlo",
          "name.givenName": "Gtfd",
          "name.familyName": "Pkqf",
          [`${ENTERPRISE_SCHEMA}:employeeNumber`]: "Eqpj",
        },
      },
    ],
    leave: (member) => ({ op: "remove", path: `members[value eq "${member}"]` }),
  },
];

test.each(WAYS)("a user is updated, leaves a group and is disabled in one request $name", async (way) => {
  const subject = crypto.randomUUID();
  const person = organization.member(subject, {});
  const { emails: _, ...bare } = NEW_USER;
  const user = await entra.create("/Users", {
    ...bare,
    externalId: subject,
    userName: `${subject}@testuser.com`,
  });
  const displayName = `vault_${subject}:developer`;
  const group = await entra.create("/Groups", { ...NEW_GROUP, displayName, members: [{ value: user }] });
  const mine = `vault_${subject}`;
  const key = await person.createKey({ vaults: [mine] });
  const call = () => use(control, key, 0, mine);
  expect(await call()).toEqual([200]);
  expect((await patch(`/Groups/${group}`, way.leave(user))).status).toBe(204);
  expect(await call()).toEqual([403, "access_withdrawn"]);
  const answer = await patch(`/Users/${user}`, ...way.update, way.disable);
  expect(answer).toMatchObject({
    status: 200,
    body: {
      active: false,
      displayName: "Pvlo",
      name: { givenName: "Gtfd", familyName: "Pkqf" },
      emails: [{ type: "work", value: "TestBcwqnm@test.microsoft.com" }],
      [ENTERPRISE_SCHEMA]: { employeeNumber: "Eqpj" },
    },
  });
  expect(await call()).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(person)).toEqual([403, "role_required"]);
});

test("somebody of whom the provider knows the address alone is cut off with it", async () => {
  const claims = { email: "login@testuser.com", ...developerOn("vault_1") };
  const person = organization.member("AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", claims);
  const key = await person.createKey();
  const user = await entra.create("/Users", {
    ...NEW_USER,
    externalId: "mailnickname",
    userName: "upn@testuser.com",
    emails: [{ primary: true, type: "work", value: "Login@testuser.com" }],
  });
  await patch(
    `/Users/${user}`,
    { op: "Replace", path: "active", value: "False" },
    { op: "Replace", path: 'phoneNumbers[type eq "work"].value', value: "1" },
  );
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
});

test("app roles, sent as text that holds JSON, are roles", async () => {
  const person = organization.member("heidi", {});
  const role = JSON.stringify({ id: "18d14569", value: "vault_1:developer", displayName: "Developer" });
  const user = await entra.create("/Users", {
    ...NEW_USER,
    externalId: "heidi",
    userName: "heidi@testuser.com",
  });
  const added = await patch(`/Users/${user}`, {
    op: "Add",
    path: "roles",
    value: [{ primary: "False", type: "WindowsAzureActiveDirectoryRole", value: role }],
  });
  expect(added).toMatchObject({ status: 200, body: { roles: [{ primary: false, value: role }] } });
  expect(await tryToCreateKey(person)).toEqual([201]);
});
