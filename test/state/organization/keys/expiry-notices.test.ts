import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Actor } from "../../../../src/core/organization/organization.ts";
import type { CreatedKey, ManagedKey } from "../../../../src/core/organization/managed-key.ts";
import type { Refusal } from "../../../../src/core/refusal.ts";
import { makeActor, makeKey, taken } from "../../../support/records.ts";
import { readJson } from "../../../support/json.ts";

const DAY_MS = 86_400_000;
const URL = "https://hooks.example.com/";

let organizations = 0;
let actor: Actor;
let organization: ReturnType<typeof env.ORGANIZATION.getByName>;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  // Nothing goes out from here: what matters is what is on record.
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 500 }));
  const orgId = `org_expiry_${++organizations}`;
  organization = env.ORGANIZATION.getByName(orgId);
  actor = makeActor(orgId);
  await organization.bootstrap(actor);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function newKey(lifeMs: number | null): Promise<ManagedKey> {
  const expiresAt = lifeMs === null ? null : Date.now() + lifeMs;
  return (await makeKey(organization, actor, { expiresAt })).key;
}

const listen = () => organization.putWebhook(actor, { url: URL, description: null, disabled: false });

/** Lets time pass, and the alarm ring. */
async function pass(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await runDurableObjectAlarm(organization);
}

/** What was told of expiries so far, the oldest first: the days left, or 0. */
async function told(): Promise<unknown[]> {
  return runInDurableObject(organization, (_, { storage }) =>
    storage.sql
      .exec<{ payload: string }>(
        `SELECT payload FROM webhook_messages WHERE type LIKE 'api_key.expir%' ORDER BY sequence`,
      )
      .toArray()
      .map(({ payload }) => readJson<{ data: { daysLeft?: number } }>(payload).data.daysLeft ?? 0),
  );
}

describe("a key's expiry is told", () => {
  test("14, 7 and 1 days before and when it has come, each once", async () => {
    await listen();
    await newKey(30 * DAY_MS);
    await pass(15 * DAY_MS);
    expect(await told()).toEqual([]);
    await pass(DAY_MS);
    expect(await told()).toEqual([14]);
    await pass(7 * DAY_MS);
    await pass(0);
    expect(await told()).toEqual([14, 7]);
    await pass(6 * DAY_MS);
    await pass(DAY_MS);
    await pass(DAY_MS);
    expect(await told()).toEqual([14, 7, 1, 0]);
  });

  test.each([
    [14 * DAY_MS, [7, 1, 0]],
    [3 * DAY_MS, [1, 0]],
    [DAY_MS / 2, [0]],
  ])("without what its life of %i ms is too short for", async (lifeMs, expected) => {
    await listen();
    await newKey(lifeMs);
    for (let at = 0; at < lifeMs; at += DAY_MS / 2) await pass(DAY_MS / 2);
    expect(await told()).toEqual(expected);
  });

  test("by the latest moment alone when several have been missed", async () => {
    await listen();
    await newKey(30 * DAY_MS);
    await pass(25 * DAY_MS);
    expect(await told()).toEqual([7]);
    await pass(10 * DAY_MS);
    expect(await told()).toEqual([7, 0]);
  });

  test("anew when it has been changed, and not when something else has", async () => {
    await listen();
    const key = await newKey(7 * DAY_MS + 1);
    await pass(1);
    await organization.updateKey(actor, key.id, { name: "Other" }, null);
    await pass(1);
    expect(await told()).toEqual([7]);
    await organization.updateKey(actor, key.id, { expiresAt: Date.now() + 7 * DAY_MS + 1 }, null);
    await pass(1);
    expect(await told()).toEqual([7, 7]);
    await organization.updateKey(actor, key.id, { expiresAt: null }, null);
    await pass(30 * DAY_MS);
    expect(await told()).toEqual([7, 7]);
  });

  test("once, although an expired key is changed afterwards", async () => {
    await listen();
    const key = await newKey(1000);
    await pass(1000);
    await organization.updateKey(actor, key.id, { name: "Other" }, null);
    await pass(1000);
    expect(await told()).toEqual([0]);
  });

  test("no more once the key is revoked, or rotated and soon to be", async () => {
    await listen();
    const [revoked, rotated] = [await newKey(8 * DAY_MS), await newKey(8 * DAY_MS)];
    await organization.revokeKey(actor, revoked.id, null);
    taken((await organization.rotateKey(actor, rotated.id, 8 * DAY_MS - 1)) as CreatedKey | Refusal);
    await pass(DAY_MS + DAY_MS / 2);
    // The one is of the successor, which lives as long as the rotated key did.
    expect(await told()).toEqual([7]);
  });

  test("of keys that are older than these notices from the moment that there is a webhook", async () => {
    const key = await newKey(8 * DAY_MS);
    await runInDurableObject(organization, (_, { storage }) => {
      storage.sql.exec(`DELETE FROM expiry_notices WHERE key_id = ?`, key.id);
    });
    await listen();
    await pass(DAY_MS);
    expect(await told()).toEqual([7]);
  });

  test("as soon as it can be put on record, if it could not be when its time came", async () => {
    await listen();
    await newKey(8 * DAY_MS);
    const rotated = await newKey(null);
    taken((await organization.rotateKey(actor, rotated.id, DAY_MS)) as CreatedKey | Refusal);
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const exec = (statement: string) =>
      runInDurableObject(organization, (_object, { storage }) => void storage.sql.exec(statement));
    await exec(
      `CREATE TRIGGER broken BEFORE INSERT ON webhook_messages WHEN NEW.type = 'api_key.expiring'
       BEGIN SELECT RAISE(ABORT, 'no room'); END`,
    );
    await pass(DAY_MS);
    expect(log).toHaveBeenCalledWith(expect.stringContaining("no room"));
    const old = taken((await organization.getKey(actor, rotated.id)) as ManagedKey | Refusal);
    expect(old.revokedAt).not.toBeNull();
    await exec(`DROP TRIGGER broken`);
    await pass(10_000);
    expect(await told()).toEqual([7]);
  });

  test("of hundreds of keys at once in several runs", async () => {
    await listen();
    const key = await newKey(8 * DAY_MS);
    await runInDurableObject(organization, (_, { storage }) => {
      for (let i = 0; i < 250; i++) {
        storage.sql.exec(
          `INSERT INTO keys (id, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by,
             expires_at) SELECT ?, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by,
             expires_at FROM keys WHERE id = ?`,
          `key_${i}`,
          key.id,
        );
        storage.sql.exec(
          `INSERT INTO expiry_notices (key_id, expires_at, next_at) SELECT ?, expires_at, next_at FROM expiry_notices
           WHERE key_id = ?`,
          `key_${i}`,
          key.id,
        );
      }
    });
    await pass(DAY_MS);
    expect((await told()).length).toBe(100);
    await pass(0);
    await pass(0);
    expect((await told()).length).toBe(251);
  });
});
