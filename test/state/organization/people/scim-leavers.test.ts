import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { isRefusal } from "../../../../src/core/refusal.ts";
import type { ScimAnswer } from "../../../../src/state/organization/people/scim-command.ts";
import { ScimLeavers } from "../../../../src/state/organization/people/scim-leavers.ts";
import { makeActor, makeDraft, makeKey } from "../../../support/records.ts";

const SCIM = { id: "scim", name: "SCIM", address: "", requestId: "" };
const TOKEN = "b".repeat(64);

type Sent = Readonly<Record<string, unknown>>;

/** An organisation with a SCIM client. */
async function scimOf(orgId: string) {
  const organization = env.ORGANIZATION.getByName(orgId);
  const alice = makeActor(orgId);
  await organization.bootstrap(alice);
  await organization.setScimToken(alice, TOKEN);
  const create = async (resource: Sent): Promise<string> => {
    const command = { kind: "create", type: "User", resource } as const;
    const answer = (await organization.scim(SCIM, TOKEN, command)) as unknown as ScimAnswer;
    if (!("resource" in answer)) throw new Error(JSON.stringify(answer));
    return answer.resource["id"] as string;
  };
  const remove = (id: string) =>
    organization.scim(SCIM, TOKEN, { kind: "delete", type: "User", id, versions: null });
  const count = (table: string) =>
    runInDurableObject(
      organization,
      (_, { storage: { sql } }) => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n,
    );
  return { organization, alice, create, remove, count };
}

test("somebody who is deleted and created time and again leaves one row, and is out by every name of theirs", async () => {
  const { organization, alice, create, remove, count } = await scimOf("org_cycle");
  for (let i = 0; i < 60; i++) {
    const more = Array.from({ length: 40 }, (_, j) => ({ value: `more-${i}-${j}@example.com` }));
    const emails = [{ value: "ann@example.com" }, { value: `ann${i}@example.com` }, ...more];
    await remove(await create({ userName: "Ann", externalId: "e1", active: true, emails }));
  }
  expect(await count("scim_users")).toBe(1);
  expect(await count("scim_former_names")).toBeLessThanOrEqual(1002);
  for (const email of ["ann@example.com", "ann59@example.com", "ann40@example.com"]) {
    const ann = { ...alice, id: `token-${email}`, email };
    expect(await organization.createKey(ann, makeDraft(), null)).toMatchObject({ code: "role_required" });
  }
  const other = { ...alice, id: "other", email: "other@example.com" };
  expect(isRefusal(await organization.createKey(other, makeDraft(), null))).toBe(false);
});

test("whoever was found to be one of them stays deleted with the last", async () => {
  const { organization, alice, create, remove, count } = await scimOf("org_bound");
  const bob = { ...alice, id: "bob" };
  const { id: keyId } = (await makeKey(organization, bob)).key;
  await remove(await create({ userName: "bob", active: true }));
  await remove(await create({ userName: "BOB ", active: true }));
  expect([await count("scim_users"), await count("scim_bindings")]).toEqual([1, 1]);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    expect(sql.exec(`SELECT revoked_at IS NULL AS lives FROM keys WHERE id = ?`, keyId).one()).toEqual({
      lives: 0,
    });
    expect(sql.exec(`SELECT active FROM users WHERE id = 'bob'`).one()).toEqual({ active: 0 });
  });
});

test("of those whom nobody has signed in as the last so many are remembered, and everybody who has", async () => {
  const { organization, alice, create, remove, count } = await scimOf("org_strangers");
  await makeKey(organization, { ...alice, id: "seen" });
  for (const userName of ["seen", "first", "second", "third"]) {
    await remove(await create({ userName, emails: [{ value: `${userName}@example.com` }], active: true }));
  }
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const [last] = sql.exec<{ id: string }>(`SELECT id FROM scim_users WHERE user_name_key = 'third'`);
    new ScimLeavers(sql, 2).add(last?.id ?? "");
    const names = sql.exec<{ name: string }>(`SELECT user_name_key AS name FROM scim_users ORDER BY name`);
    expect([...names].map(({ name }) => name)).toEqual(["second", "seen", "third"]);
  });
  expect(await count("scim_emails")).toBe(3);
});
