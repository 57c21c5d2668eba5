import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { groupOfKey } from "../../../../src/admission/key-guards.ts";
import { makeActor, makeKey, makeRecord } from "../../../support/records.ts";

const GROUP_KEYS = 64;

test("keys fill a group of 64 before another is drawn, each with an id and a name of its own", async () => {
  const organization = env.ORGANIZATION.getByName("org_fill");
  const alice = makeActor("org_fill");
  await organization.bootstrap(alice);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(`INSERT INTO guards (name, keys, is_full) VALUES ('Fill1', ?, 0)`, GROUP_KEYS - 2);
  });
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push((await makeKey(organization, alice)).key.id);
  const groups = ids.map(groupOfKey);
  expect(groups.slice(0, 2)).toEqual(["Fill1", "Fill1"]);
  expect(groups[2]).not.toBe("Fill1");
  expect(groups[3]).toBe(groups[2]);
  expect(groups[2]).toMatch(/^[0-9A-Za-z]{5}$/);
  expect(new Set(ids).size).toBe(4);
});

test("a group that is another organisation's takes no key: another group is drawn, and its guard keeps its own", async () => {
  const foreign = makeRecord({ orgId: "org_first" }).record;
  const taken = env.KEY_GUARD.getByName("Taken");
  await taken.put("org_first", [foreign]);
  const organization = env.ORGANIZATION.getByName("org_second");
  const alice = makeActor("org_second");
  await organization.bootstrap(alice);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(`INSERT INTO guards (name, keys, is_full) VALUES ('Taken', 1, 0)`);
  });
  const { key } = await makeKey(organization, alice);
  expect(groupOfKey(key.id)).not.toBe("Taken");
  const put = await env.KEY_GUARD.getByName(groupOfKey(key.id)).list();
  expect(put).toMatchObject({ orgId: "org_second", keys: [{ record: { id: key.id } }] });
  expect((await taken.list()).keys.map(({ record }) => record.id)).toEqual([foreign.id]);
  // The next creation does not try it again.
  expect(groupOfKey((await makeKey(organization, alice)).key.id)).toBe(groupOfKey(key.id));
});

test("a group that is full at its guard, unknown to a restored organisation, takes no key: another is drawn", async () => {
  const orgId = "org_full";
  const full = env.KEY_GUARD.getByName("Full1");
  const records = Array.from({ length: GROUP_KEYS + 2 }, (_, i) => {
    const id = `key_Full1${String(i).padStart(7, "0")}`;
    return makeRecord({ orgId, id }).record;
  });
  const put = await full.put(orgId, records);
  expect(put?.map(({ confirmed }) => confirmed)).toEqual(records.map((_, i) => i < GROUP_KEYS));
  expect((await full.list()).keys.length).toBe(GROUP_KEYS);
  const edited = records.slice(-3).map((record) => ({ ...record, version: 2, disabled: true }));
  expect(await full.put(orgId, edited)).toMatchObject([
    { confirmed: true, version: 2 },
    { confirmed: false, record: null },
    { confirmed: false, record: null },
  ]);
  const organization = env.ORGANIZATION.getByName(orgId);
  const alice = makeActor(orgId);
  await organization.bootstrap(alice);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(`INSERT INTO guards (name, keys, is_full) VALUES ('Full1', 1, 0)`);
  });
  const { key } = await makeKey(organization, alice);
  expect(groupOfKey(key.id)).not.toBe("Full1");
  expect((await full.list()).keys.length).toBe(GROUP_KEYS);
  // What was tried with the full group is dead, and its revocation is in force.
  const tried = await runInDurableObject(organization, (_, { storage: { sql } }) =>
    sql.exec<{ id: string }>(`SELECT id FROM keys WHERE id LIKE 'key_Full1%'`).one(),
  );
  expect(await organization.revokeKey(alice, tried.id, null)).toMatchObject({ status: "revoked" });
});

test("a key of an earlier version, or of a Worker of it, stays with the guard of its own", async () => {
  const organization = env.ORGANIZATION.getByName("org_own");
  const alice = makeActor("org_own");
  await organization.bootstrap(alice);
  const { key } = await makeKey(organization, alice);
  const id = "key_OwnGuard0000";
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(
      `INSERT INTO keys (id, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by)
       SELECT ?, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by FROM keys
       WHERE id = ?`,
      id,
      key.id,
    );
  });
  expect(await organization.revokeKey(alice, id, null)).toMatchObject({ status: "revoked", version: 2 });
  expect((await env.KEY_GUARD.getByName(id).list()).keys).toMatchObject([{ record: { id } }]);
  expect((await env.KEY_GUARD.getByName(groupOfKey(id)).list()).keys).toEqual([]);
});
