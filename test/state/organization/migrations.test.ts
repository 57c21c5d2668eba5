import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/core/refusal.ts";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { hourOf, USAGE_STEPS } from "../../../src/core/usage/usage.ts";
import { SCHEMA } from "../../../src/state/organization/schema.ts";
import { FIRST_SCHEMA } from "../../support/first-schema.ts";
import { EVERY_KEY, makeActor, makeKey } from "../../support/records.ts";

const NOW = Date.now();
const HOUR = hourOf(NOW);
const HOURS = USAGE_STEPS[1];
const DAYS = USAGE_STEPS[2];

/** An organisation whose tables were made by an earlier version, with a key that was used. */
async function openOld(orgId: string, schema: string, keyId: string) {
  const organization = env.ORGANIZATION.getByName(orgId);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(schema);
    sql.exec(`INSERT INTO settings VALUES ('orgId', ?), ('bootstrappedAt', '5')`, JSON.stringify(orgId));
    sql.exec(
      `INSERT INTO users (id, kind, name, email, roles, vault_roles, active, claims_at, created_at)
       VALUES ('Alice', 'user', 'Alice', 'A@x', '["admin"]', '{"*":["developer"]}', 1, 7, 7)`,
    );
    const { hash, keyPrefix } = generateKey("fkc");
    sql.exec(
      `INSERT INTO keys (id, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by,
         last_used_at, last_used_ip, usage_sequence)
       VALUES (?, 'Alice', 'Émile  Zola', ?, ?, '[{"action":"read","resource":"vault"}]', '"*"', '[]', 9, 'Alice', ?, '192.0.2.1', 3)`,
      keyId,
      keyPrefix,
      hash,
      NOW,
    );
    sql.exec(`INSERT INTO usage VALUES (?1, ?2, 5, 2, 1), (?1, ?3, 7, 0, 0)`, keyId, HOUR, HOUR - HOURS);
    sql.exec(
      `INSERT INTO audit (at, actor_id, actor_name, action, target) VALUES (?, 'Alice', 'Alice', 'api_key.created', ?)`,
      NOW,
      keyId,
    );
  });
  await evictDurableObject(organization);
  return organization;
}

describe.each([
  ["the first that was kept", FIRST_SCHEMA],
  ["the last without a version", SCHEMA],
])("an organisation of a schema of before versions: %s", (name, schema) => {
  const orgId = `org_old_${name.replaceAll(" ", "_")}`;
  const alice = { ...makeActor(orgId), id: "Alice" };
  const keyId = "key_OldOldOld000";

  test("opens with its keys, people, audit and usage; what was admitted has succeeded", async () => {
    const organization = await openOld(orgId, schema, keyId);
    expect(await organization.getKey(alice, keyId)).toMatchObject({
      name: "Émile  Zola",
      lastUsedAt: NOW,
      lastUsedIp: "192.0.2.1",
      lastRefusedAt: null,
    });
    const hours = { from: HOUR - HOURS, step: HOURS, length: 2 };
    expect(await organization.usageOfKey(alice, keyId, hours)).toMatchObject({
      buckets: [
        { start: HOUR - HOURS, succeeded: 7, clientErrors: 0, originErrors: 0, refused: 0, limited: 0 },
        { start: HOUR, succeeded: 5, clientErrors: 0, originErrors: 0, refused: 1, limited: 2 },
      ],
    });
    const days = { from: HOUR - (HOUR % DAYS) - DAYS, step: DAYS, length: 2 };
    const all = await organization.usageOfAll(alice, days);
    if (isRefusal(all)) throw new Error(all.code);
    expect(all.buckets.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(12);
    expect(all.byKey).toMatchObject([{ keyId, succeeded: 12, refused: 1, limited: 2 }]);
    const query = { actor: null, action: null, target: keyId, from: null, to: null, before: null, limit: 9 };
    expect(await organization.listAuditEvents(alice, query)).toMatchObject([{ action: "api_key.created" }]);
  });

  test("goes on from there: guards of before report, keys are made, and it opens again unchanged", async () => {
    const organization = env.ORGANIZATION.getByName(orgId);
    const use = {
      hours: { [HOUR]: { admitted: 1, limited: 0, refused: 0 } },
      lastUsedAt: NOW,
      lastUsedIp: "",
    };
    for (const sequence of [3, 4]) await organization.recordUsage(keyId, { ...use, sequence });
    expect((await makeKey(organization, alice)).key).toHaveProperty("id");
    await evictDurableObject(organization);
    const stretch = { from: HOUR, step: HOURS, length: 1 };
    expect(await organization.usageOfKey(alice, keyId, stretch)).toMatchObject({
      buckets: [{ succeeded: 6 }],
    });
  });
});

test("keys of before are found by the vaults that they reach, and so are those that the version before writes", async () => {
  const organization = await openOld("org_old_reach", FIRST_SCHEMA, "key_OldOldOld002");
  const alice = { ...makeActor("org_old_reach"), id: "Alice" };
  const seeing = async (vault: string) => {
    const keys = await organization.listKeys(alice, { ...EVERY_KEY, vault });
    return isRefusal(keys) ? keys.code : keys.map(({ id }) => id);
  };
  expect(await seeing("vault_7")).toEqual(["key_OldOldOld002"]);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(
      `INSERT INTO keys (id, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by)
       VALUES ('key_OldOldOld003', 'Alice', 'n', 'p', 'h', '[{"action":"read","resource":"vault"}]', '["vault_8"]',
         '[]', 8, 'Alice')`,
    );
    sql.exec(`UPDATE keys SET vaults = '["vault_9"]' WHERE id = 'key_OldOldOld002'`);
  });
  expect([await seeing("vault_7"), await seeing("vault_8"), await seeing("vault_9")]).toEqual([
    [],
    ["key_OldOldOld003"],
    ["key_OldOldOld002"],
  ]);
});

test("people of the first schema keep the roles of their tokens, and are found by SCIM", async () => {
  const organization = await openOld("org_old_people", FIRST_SCHEMA, "key_OldOldOld001");
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    expect(sql.exec(`SELECT claimed_roles, claimed_vault_roles, id_key, email_key FROM users`).one()).toEqual(
      {
        claimed_roles: '["admin"]',
        claimed_vault_roles: '{"*":["developer"]}',
        id_key: "alice",
        email_key: "a@x",
      },
    );
  });
});
