import { expect, test } from "vitest";
import { developerOn } from "../support/control.ts";
import { scimClient, tryToCreateKey, use } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

/** The requests of Okta's "Okta and SCIM Version 2.0" (Okta Developer), in its order and with its bodies. */

const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

const NEW_USER = {
  schemas: [USER_SCHEMA],
  userName: "test.user@okta.local",
  name: { givenName: "Test", familyName: "User" },
  emails: [{ primary: true, value: "test.user@okta.local", type: "work" }],
  displayName: "Test User",
  locale: "en-US",
  externalId: "00ujl29u0le5T6Aj10h7",
  groups: [],
  password: "1mz050nq",
  active: true,
};

const control = await useControl();
const organization = await control.newOrganization();
const okta = await scimClient(control, organization);

test("a user's life: looked for, created, read, replaced, deactivated, reactivated", async () => {
  const byName = "/Users?filter=userName%20eq%20%22test.user%40okta.local%22&startIndex=1&count=100";
  expect((await okta.call("GET", byName)).body).toEqual({
    schemas: [LIST],
    totalResults: 0,
    startIndex: 1,
    itemsPerPage: 0,
    Resources: [],
  });

  const created = await okta.call("POST", "/Users", NEW_USER);
  const { groups: _, password: __, ...kept } = NEW_USER;
  const { id } = created.body;
  const location = `${control.edges[0]}/-/scim/v2/Users/${id}`;
  expect(created.status).toBe(201);
  expect(created.headers.get("Content-Type")).toBe("application/scim+json");
  expect(created.headers.get("Location")).toBe(location);
  expect(created.headers.get("ETag")).toBe('W/"1"');
  expect(created.body).toEqual({
    ...kept,
    id,
    meta: {
      resourceType: "User",
      created: expect.stringMatching(/Z$/),
      lastModified: created.body.meta["created"],
      location,
      version: 'W/"1"',
    },
  });

  expect((await okta.call("GET", byName)).body).toMatchObject({ totalResults: 1, Resources: [created.body] });
  expect((await okta.call("GET", "/Users?startIndex=1&count=2")).body).toMatchObject({ itemsPerPage: 1 });
  expect(await okta.call("GET", `/Users/${id}`)).toMatchObject({ status: 200, body: created.body });

  const replaced = await okta.call("PUT", `/Users/${id}`, {
    schemas: [USER_SCHEMA],
    id,
    userName: "test.user@okta.local",
    name: { givenName: "Another", middleName: "Excited", familyName: "User" },
    emails: [{ primary: true, value: "test.user@okta.local", type: "work", display: "test.user@okta.local" }],
    active: true,
    groups: [],
    meta: { resourceType: "User" },
  });
  expect(replaced.status).toBe(200);
  expect(replaced.body).toMatchObject({
    id,
    externalId: NEW_USER.externalId,
    name: { givenName: "Another", middleName: "Excited", familyName: "User" },
    meta: { version: 'W/"2"', created: created.body.meta["created"] },
  });
  expect(replaced.body).not.toHaveProperty("displayName");

  const setActive = (active: boolean) =>
    okta.call("PATCH", `/Users/${id}`, {
      schemas: [PATCH_OP],
      Operations: [{ op: "replace", value: { active } }],
    });
  expect(await setActive(false)).toMatchObject({ status: 200, body: { id, active: false } });
  expect((await okta.call("GET", byName)).body).toMatchObject({ Resources: [{ id, active: false }] });
  expect(await setActive(true)).toMatchObject({ status: 200, body: { id, active: true } });
});

test("a group's life: created, renamed, members set, taken out, put in and replaced, deleted", async () => {
  const dan = organization.member("dan@okta.local", developerOn("vault_1"));
  const key = await dan.createKey();
  const id = await okta.create("/Users", { ...NEW_USER, userName: "dan@okta.local", externalId: "00u2" });
  const other = await okta.create("/Users", { ...NEW_USER, userName: "eve@okta.local", externalId: "00u3" });

  expect((await okta.call("GET", "/Groups?startIndex=1&count=100")).body).toMatchObject({ totalResults: 0 });
  const group = await okta.call("POST", "/Groups", {
    schemas: [GROUP_SCHEMA],
    displayName: "Test SCIMv2",
    members: [],
  });
  expect(group).toMatchObject({ status: 201, body: { schemas: [GROUP_SCHEMA], displayName: "Test SCIMv2" } });
  const path = `/Groups/${group.body.id}`;
  const patch = (...Operations: readonly object[]) =>
    okta.call("PATCH", path, { schemas: [PATCH_OP], Operations });

  const renamed = await patch({
    op: "replace",
    value: { id: group.body.id, displayName: "vault_1:developer" },
  });
  expect(renamed.status).toBe(204);
  expect(
    (await patch({ op: "add", path: "members", value: [{ value: id, display: "dan@okta.local" }] })).status,
  ).toBe(204);
  expect((await okta.call("GET", path)).body).toMatchObject({
    displayName: "vault_1:developer",
    members: [
      { value: id, display: "Test User", type: "User", $ref: expect.stringContaining(`/Users/${id}`) },
    ],
  });
  expect((await okta.call("GET", `/Users/${id}`)).body["groups"]).toEqual([
    {
      value: group.body.id,
      display: "vault_1:developer",
      type: "direct",
      $ref: `${control.edges[0]}/-/scim/v2${path}`,
    },
  ]);
  expect(await use(control, key)).toEqual([200]);

  await patch(
    { op: "remove", path: `members[value eq "${id}"]` },
    { op: "add", path: "members", value: [{ value: other, display: "eve@okta.local" }] },
  );
  expect(await use(control, key)).toEqual([403, "access_withdrawn"]);
  expect((await okta.call("GET", path)).body).toMatchObject({ members: [{ value: other }] });

  await patch({ op: "replace", path: "members", value: [{ value: id, display: "dan@okta.local" }] });
  expect(await use(control, key)).toEqual([200]);

  const put = await okta.call("PUT", path, {
    schemas: [GROUP_SCHEMA],
    id: group.body.id,
    displayName: "vault_1:developer",
    members: [{ value: other, display: "eve@okta.local" }],
  });
  expect(put).toMatchObject({ status: 200, body: { members: [{ value: other }] } });
  expect(await use(control, key)).toEqual([403, "access_withdrawn"]);

  expect((await okta.call("DELETE", path)).status).toBe(204);
  expect((await okta.call("GET", path)).status).toBe(404);
});

test("a deactivation cuts the keys of the user off and is final for them", async () => {
  const user = organization.member("00u9", developerOn("vault_1"));
  const key = await user.createKey();
  const id = await okta.create("/Users", { ...NEW_USER, userName: "frank@okta.local", externalId: "00u9" });
  expect(await use(control, key)).toEqual([200]);

  const deactivate = { schemas: [PATCH_OP], Operations: [{ op: "replace", value: { active: false } }] };
  expect((await okta.call("PATCH", `/Users/${id}`, deactivate)).status).toBe(200);
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(user)).toEqual([403, "role_required"]);

  await okta.patch(`/Users/${id}`, { op: "replace", value: { active: true } });
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  const iat = Math.floor(Date.now() / 1000) + 1;
  const newer = organization.member("00u9", { ...developerOn("vault_1"), iat });
  expect(await tryToCreateKey(newer)).toEqual([201]);
});

/** Okta Developer, "Prepare your SCIM API service", "Test your SCIM API": the steps of its specification test. */
test("its specification test", async () => {
  const headers = {
    "Accept-Charset": "utf-8",
    "Content-Type": "application/scim+json; charset=utf-8",
    Accept: "application/scim+json",
    "User-Agent": "OKTA SCIM Integration",
  };
  const send = (method: string, path: string, body?: object) => okta.call(method, path, body, headers);
  const userName = "Runscope300Hfluaklab151@example.com";
  const byName = (name: string) =>
    `/Users?${new URLSearchParams({ filter: `userName eq "${name}"` }).toString()}`;
  const user = {
    schemas: [USER_SCHEMA],
    userName,
    name: { givenName: "Runscope300", familyName: "Hfluaklab151" },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: "Runscope300 Hfluaklab151",
    active: true,
  };
  for (const name of ["abcdefgh@example.com", userName]) {
    expect((await send("GET", byName(name))).body).toMatchObject({ schemas: [LIST], totalResults: 0 });
  }
  const created = await send("POST", "/Users", user);
  expect(created).toMatchObject({ status: 201, body: user });
  expect((await send("GET", "/Users?count=1&startIndex=1")).body).toMatchObject({
    schemas: [LIST],
    itemsPerPage: 1,
    startIndex: 1,
    totalResults: expect.any(Number),
    Resources: [{ id: expect.any(String), userName: expect.any(String), active: expect.any(Boolean) }],
  });
  expect((await send("GET", `/Users/${created.body.id}`)).body).toMatchObject(user);
  expect((await send("POST", "/Users", user)).status).toBe(409);
  expect((await send("GET", byName(userName.toUpperCase()))).body.totalResults).toBe(1);
  expect(await send("GET", "/Users/010101001010101011001010101011")).toMatchObject({
    status: 404,
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: "404",
      detail: expect.any(String),
    },
  });
});
