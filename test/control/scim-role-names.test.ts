import { expect, test } from "vitest";
import { startControl } from "../support/control.ts";
import { scimClient, tryToCreateKey } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

const ROLE_NAMES = {
  "Custody Admins": ["admin"],
  traders: ["vault_1:developer", "vault_2:Developer"],
  "*:developer": [],
};

const control = await useControl({ vars: { SCIM_ROLE_NAMES: JSON.stringify(ROLE_NAMES) } });
const organization = await control.newOrganization();
const client = await scimClient(control, organization);

test("SCIM_ROLE_NAMES says what the names of groups and roles stand for, in any letters' case", async () => {
  const bob = organization.member("bob");
  const id = await client.create("/Users", { userName: "bob", roles: [{ value: "TRADERS" }] });
  expect(await (await bob.call("GET", "/-/me")).json()).toMatchObject({
    roles: [],
    vaultRoles: { vault_1: ["developer"], vault_2: ["developer"] },
  });
  expect(await tryToCreateKey(bob)).toEqual([201]);
  const members = [{ value: id }];
  await client.create("/Groups", { displayName: "custody admins", members });
  // A name that stands for nothing gives nothing, be it a role's.
  await client.create("/Groups", { displayName: "*:Developer", members });
  expect(await (await bob.call("GET", "/-/me")).json()).toMatchObject({
    roles: ["admin"],
    vaultRoles: { vault_1: ["developer"], vault_2: ["developer"] },
  });
  const described = await organization.admin.call("GET", "/-/organization");
  expect(await described.json()).toMatchObject({ groupsWithoutRole: ["*:Developer"] });
});

test("where the API has no vaults, the group `developer` makes developers, and leaving it ends their keys", async () => {
  const plain = await startControl({ document: "test/support/any-api.yaml" });
  try {
    const elsewhere = await plain.newOrganization();
    const scim = await scimClient(plain, elsewhere);
    const carol = elsewhere.member("carol");
    const create = () => carol.call("POST", "/-/api-keys", { name: "Items", scopes: ["items:read"] });
    expect((await create()).status).toBe(403);
    const members = [{ value: await scim.create("/Users", { userName: "carol" }) }];
    const group = await scim.create("/Groups", { displayName: "Developer", members });
    const created = await create();
    expect(created.status).toBe(201);
    const { id, key } = await created.json<{ id: string; key: string }>();
    const use = () => plain.call("GET", "/base/v1/items/1", { as: key });
    expect((await use()).status).toBe(200);
    expect(await (await elsewhere.admin.call("GET", "/-/organization")).json()).toMatchObject({
      groupsWithoutRole: [],
    });
    expect((await scim.call("DELETE", `/Groups/${group}`)).status).toBe(204);
    expect((await use()).status, id).toBe(403);
  } finally {
    await plain.stop();
  }
});
