import { beforeAll, expect, test } from "vitest";
import { developerOn, type Person } from "../support/control.ts";
import { noteUse } from "../support/usage.ts";
import { useControl } from "../support/started.ts";
/** Which vaults are known here by name. */
const control = await useControl();
const organization = await control.newOrganization();
const bob = organization.member("bob", developerOn("vault_of_bob"));
beforeAll(async () => {
  await bob.createKey({ vaults: ["vault_of_bob"] });
  await organization.admin.createKey({ vaults: ["vault_b", "vault_a"] });
  await organization.admin.createKey({
    scopes: ["vault/vault_in_scope/balance:read", "vault/#/balance:read"],
  });
  const revoked = await organization.admin.createKey({ vaults: ["vault_of_the_dead"] });
  await organization.admin.call("DELETE", `/-/api-keys/${revoked.id}`);
  await organization.admin.call("POST", "/-/service-users", {
    name: "Batch",
    vaultRoles: { vault_of_role: ["developer"] },
  });
});

interface Listed {
  readonly ids: string[];
  readonly inUse: string[];
  readonly next: string | null;
}

async function list(person: Person, query = ""): Promise<Listed> {
  const answer = await person.call("GET", `/-/vaults${query}`);
  expect(answer.status).toBe(200);
  const { data, pagination } = await answer.json<{
    data: { id: string; inUse: boolean }[];
    pagination: { nextCursor: string | null };
  }>();
  return {
    ids: data.map(({ id }) => id),
    inUse: data.filter(({ inUse }) => inUse).map(({ id }) => id),
    next: pagination.nextCursor,
  };
}

const ALL = ["vault_a", "vault_b", "vault_in_scope", "vault_of_bob", "vault_of_role"];

test("an admin sees those that live keys, their scopes and roles name, each once", async () => {
  expect(await list(organization.admin)).toMatchObject({ ids: ALL, next: null });
});

test("anybody else sees those of their own keys and roles", async () => {
  expect(await list(bob)).toEqual({ ids: ["vault_of_bob"], inUse: ["vault_of_bob"], next: null });
});

test("another organisation sees none of them", async () => {
  const other = await control.newOrganization();
  expect(await list(other.admin)).toEqual({ ids: [], inUse: [], next: null });
});

test("one is in use by a role, or by a key that was used: a mistyped id of a key that never was is not", async () => {
  const other = await control.newOrganization();
  const key = await other.admin.createKey({
    vaults: ["vault_1", "vault_2"],
    scopes: ["vault/vault_2/balance:read"],
  });
  await other.admin.createKey({ vaults: ["vault_l"], scopes: ["vault/vault_3:read"] });
  await other.admin.call("POST", "/-/service-users", {
    name: "Batch",
    vaultRoles: { vault_4: ["developer"] },
  });
  expect(await list(other.admin)).toMatchObject({
    ids: ["vault_1", "vault_2", "vault_3", "vault_4", "vault_l"],
    inUse: ["vault_4"],
  });
  await noteUse(control, other.id, key, Date.now());
  expect((await list(other.admin)).inUse).toEqual(["vault_1", "vault_2", "vault_4"]);
  expect(await list(other.admin, "?limit=2")).toMatchObject({ inUse: ["vault_1", "vault_2"] });
  await other.admin.call("DELETE", `/-/api-keys/${key.id}`);
  expect((await list(other.admin)).inUse).toEqual(["vault_4"]);
});

test("they come in pages", async () => {
  const first = await list(organization.admin, "?limit=3");
  expect(first.ids).toEqual(ALL.slice(0, 3));
  const second = await list(organization.admin, `?limit=3&nextCursor=${first.next}`);
  expect(second).toMatchObject({ ids: ALL.slice(3), next: null });
  expect((await organization.admin.call("GET", "/-/vaults?nextCursor=bad")).status).toBe(400);
});
