import { expect, test } from "vitest";
import { developerOn } from "../support/control.ts";
import { PATCH_OP, tryToCreateKey, use, scimPerTest } from "../support/scim.ts";

/** The requests of further SCIM clients, in their order, and what a key does at every step. */

const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/** Both send plain JSON. */
const JSON_TYPE = { "Content-Type": "application/json" };

const scim = scimPerTest();

const send = (method: string, path: string, body: object) => scim.client.call(method, path, body, JSON_TYPE);
const byName = (name: string) => `/Users?filter=${encodeURIComponent(`userName eq "${name}"`)}`;

/**
 * OneLogin Developers, "Step 2. Implement RESTful SCIM APIs for Your App", "Example API Flow": it looks for a user who cannot
 * be there, creates one, updates by PATCH or by PUT, pushes groups, and suspends by `active`.
 */
test("OneLogin: a user's life", async () => {
  const none = await scim.client.call("GET", byName("invalid@onelogin.com"));
  expect(none).toMatchObject({ status: 200, body: { totalResults: 0, Resources: [] } });

  // The token of OneLogin's OpenID Connect has a number for a subject, and the address.
  const claims = { sub: "83476201", email: "jane.doe@onelogin.com", email_verified: true };
  const jane = scim.organization.member("83476201", { ...claims, ...developerOn("vault_1") });
  const key = await jane.createKey();

  const user = {
    schemas: [CORE, ENTERPRISE],
    userName: "jane.doe",
    externalId: "",
    active: true,
    name: { givenName: "Jane", familyName: "Doe", formatted: "Jane Doe" },
    emails: [{ value: "Jane.Doe@onelogin.com", type: "work", primary: true }],
    [ENTERPRISE]: { department: "Sales", manager: { value: "", displayName: "" } },
  };
  const created = await send("POST", "/Users", user);
  expect(created).toMatchObject({ status: 201, body: { userName: "jane.doe", active: true } });
  const { id } = created.body;
  expect((await scim.client.call("GET", byName("jane.doe"))).body).toMatchObject({
    totalResults: 1,
    Resources: [{ id }],
  });
  expect(await use(scim.control, key)).toEqual([200]);

  const groups = await scim.client.call("GET", "/Groups?startIndex=1&count=100");
  expect(groups).toMatchObject({ status: 200, body: { totalResults: 0 } });
  const group = await send("POST", "/Groups", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    displayName: "admin",
    members: [],
  });
  const join = { op: "add", path: "members", value: [{ value: id, $ref: `../Users/${id}` }] };
  const leave = { op: "remove", path: `members[value eq "${id}"]` };
  const patchGroup = (operation: object) =>
    send("PATCH", `/Groups/${group.body.id}`, { schemas: [PATCH_OP], Operations: [operation] });
  expect((await patchGroup(join)).status).toBe(204);
  expect((await jane.call("GET", "/-/people")).status).toBe(200);
  expect((await patchGroup(leave)).status).toBe(204);
  expect((await jane.call("GET", "/-/people")).status).toBe(403);

  const updated = await send("PATCH", `/Users/${id}`, {
    schemas: [PATCH_OP],
    Operations: [{ op: "replace", value: { name: { familyName: "Roe" }, [ENTERPRISE]: { department: "" } } }],
  });
  expect(updated).toMatchObject({ status: 200, body: { name: { familyName: "Roe" } } });
  expect(await use(scim.control, key)).toEqual([200]);

  const suspended = await send("PUT", `/Users/${id}`, { ...user, id, active: false });
  expect(suspended).toMatchObject({ status: 200, body: { id, active: false } });
  expect(await use(scim.control, key)).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(jane)).toEqual([403, "role_required"]);
  expect((await scim.client.call("DELETE", `/Users/${id}`)).status).toBe(204);
  expect(await tryToCreateKey(jane)).toEqual([403, "role_required"]);
});

/**
 * goauthentik/authentik, `authentik/providers/scim/clients/{base,users,groups}.py`: it reads what the service can do, creates
 * users, whom it replaces by PUT ever after, and groups, whose members it adds and removes one operation each, and compares
 * with what is there.
 */
test("authentik: a user's life", async () => {
  const config = await scim.client.call("GET", "/ServiceProviderConfig");
  expect(config.body).toMatchObject({
    patch: { supported: true },
    filter: { supported: true },
    bulk: { supported: false, maxOperations: 0 },
    changePassword: { supported: false },
    sort: { supported: true },
    authenticationSchemes: [{ type: "oauthbearertoken" }],
  });

  // The subject of its tokens is by default the hash of the user's id, which SCIM has as externalId.
  const uid = "5a0b3c1de94c6bd8b7b1a32c7b3a2c1f0f8e21c5f6b3a1d4e7c9b8a7f6e5d4c3";
  const eve = scim.organization.member(uid, { email: "eve@example.com" });
  const user = {
    schemas: [CORE],
    userName: "eve",
    externalId: uid,
    name: { formatted: "Eve Poe", givenName: "Eve", familyName: "Poe" },
    displayName: "Eve Poe",
    photos: [{ value: "https://id.example/eve.png", type: "photo" }],
    active: true,
    emails: [{ value: "eve@example.com", type: "other", primary: true }],
  };
  const { id } = (await send("POST", "/Users", user)).body;
  const replaced = await send("PUT", `/Users/${id}`, { ...user, id, displayName: "Eve" });
  expect(replaced).toMatchObject({ status: 200, body: { displayName: "Eve" } });
  const newGroup = (displayName: string) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    externalId: "1c1a2f0e-9d4e-4b6a-8f7d-2f3f1c0b9a8e",
    displayName,
  });
  const group = await send("POST", "/Groups", newGroup("vault_1:developer"));
  expect(group).toMatchObject({ status: 201, body: { members: [] } });
  const at = `/Groups/${group.body.id}`;
  expect((await send("POST", "/Groups", newGroup("vault_1:developer"))).status).toBe(409);
  const query = new URLSearchParams({ filter: 'displayName eq "vault_1:developer"' });
  expect((await scim.client.call("GET", `/Groups?${query.toString()}`)).body.Resources).toMatchObject([
    { id: group.body.id },
  ]);

  const patchGroup = async (...Operations: readonly object[]) =>
    (await send("PATCH", at, { schemas: [PATCH_OP], Operations })).status;
  const change = (op: "add" | "remove") => ({ op, path: "members", value: [{ value: id }] });
  expect(await tryToCreateKey(eve)).toEqual([403, "role_required"]);
  expect(await patchGroup(change("add"))).toBe(204);
  const key = await eve.createKey();
  expect(await use(scim.control, key)).toEqual([200]);
  expect((await scim.client.call("GET", at)).body).toMatchObject({ members: [{ value: id }] });

  expect(await patchGroup(change("remove"))).toBe(204);
  expect(await use(scim.control, key)).toEqual([403, "access_withdrawn"]);
  expect((await scim.client.call("GET", at)).body).toMatchObject({ members: [] });
  expect(await patchGroup(change("add"))).toBe(204);
  expect(await use(scim.control, key)).toEqual([200]);
  // A group that has another name is sent whole, without its members and without a path.
  const renamed = { ...newGroup("Staff"), id: group.body.id };
  expect(await patchGroup({ op: "replace", value: renamed })).toBe(204);
  expect(await use(scim.control, key)).toEqual([403, "access_withdrawn"]);
  expect(await patchGroup({ op: "replace", value: { ...renamed, displayName: "Vault_1:Developer" } })).toBe(
    204,
  );
  expect((await scim.client.call("GET", at)).body).toMatchObject({ members: [{ value: id }] });

  expect((await send("PUT", `/Users/${id}`, { ...user, id, active: false })).status).toBe(200);
  expect(await use(scim.control, key)).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(eve)).toEqual([403, "role_required"]);
  expect((await scim.client.call("DELETE", `/Users/${id}`)).status).toBe(204);
  expect((await scim.client.call("DELETE", at)).status).toBe(204);
  expect(await tryToCreateKey(eve)).toEqual([403, "role_required"]);
});
