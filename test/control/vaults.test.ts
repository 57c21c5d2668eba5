import { beforeAll, expect, test } from "vitest";
import { developerOn, type Person } from "../support/control.ts";
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

async function list(person: Person, query = ""): Promise<{ ids: string[]; next: string | null }> {
  const answer = await person.call("GET", `/-/vaults${query}`);
  expect(answer.status).toBe(200);
  const { data, pagination } = await answer.json<{
    data: { id: string }[];
    pagination: { nextCursor: string | null };
  }>();
  return { ids: data.map(({ id }) => id), next: pagination.nextCursor };
}

const ALL = ["vault_a", "vault_b", "vault_in_scope", "vault_of_bob", "vault_of_role"];

test("an admin sees those that live keys, their scopes and roles name, each once", async () => {
  expect(await list(organization.admin)).toEqual({ ids: ALL, next: null });
});

test("anybody else sees those of their own keys and roles", async () => {
  expect(await list(bob)).toEqual({ ids: ["vault_of_bob"], next: null });
});

test("another organisation sees none of them", async () => {
  const other = await control.newOrganization();
  expect(await list(other.admin)).toEqual({ ids: [], next: null });
});

test("they come in pages", async () => {
  const first = await list(organization.admin, "?limit=3");
  expect(first.ids).toEqual(ALL.slice(0, 3));
  const second = await list(organization.admin, `?limit=3&nextCursor=${first.next}`);
  expect(second).toEqual({ ids: ALL.slice(3), next: null });
  expect((await organization.admin.call("GET", "/-/vaults?nextCursor=bad")).status).toBe(400);
});
