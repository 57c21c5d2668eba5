import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { groupOfKey } from "../../../src/admission/key-guards.ts";
import { isRefusal } from "../../../src/core/refusal.ts";
import { dataPoint, type DataPoint } from "../../../src/core/usage/metrics.ts";
import { StorageReport } from "../../../src/state/organization/storage-report.ts";
import type { Actor } from "../../../src/core/organization/organization.ts";
import { NO_OUTCOMES } from "../../../src/core/usage/usage.ts";
import { EVERY_EVENT, makeActor, makeDraft, makeKey } from "../../support/records.ts";

type Organization = ReturnType<typeof env.ORGANIZATION.getByName>;

const AUTHOR = { id: "olga", name: "Olga", address: "", requestId: "r" };

/** An organisation whose storage seems to have so many bytes. */
async function seemToHold(organization: Organization, bytes: number): Promise<void> {
  await runInDurableObject(organization, (_, { storage }) => {
    Object.defineProperty(storage.sql, "databaseSize", { configurable: true, value: bytes });
  });
}

/** Has its writes fail as those of a full database do, and others go on; returns what ends that. */
async function fill(organization: Organization): Promise<() => Promise<void>> {
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    const full = (statement: string, ...values: unknown[]) => {
      if (/^\s*(INSERT|UPDATE|REPLACE)/.test(statement))
        throw new Error("database or disk is full: SQLITE_FULL");
      return exec(statement, ...values);
    };
    Object.defineProperty(sql, "exec", { configurable: true, value: full });
  });
  return () =>
    runInDurableObject(organization, (_, { storage: { sql } }) => {
      Reflect.deleteProperty(sql, "exec");
    });
}

async function organizationWith(orgId: string, keys: number) {
  const organization = env.ORGANIZATION.getByName(orgId);
  const actor = makeActor(orgId);
  await organization.bootstrap(actor);
  const made = [];
  for (let i = 0; i < keys; i++) made.push((await makeKey(organization, actor)).key.id);
  return { organization, actor, keyIds: made };
}

function codeOf(outcome: object): string | null {
  return isRefusal(outcome) ? outcome.code : null;
}

async function isDead(keyId: string): Promise<boolean> {
  const [stored] = await env.KEY_GUARD.getByName(groupOfKey(keyId)).look([{ keyId }]);
  return stored?.record.revokedAt != null;
}

describe("an organisation whose storage is nearly full", () => {
  test("takes nothing that adds to it, and says so", async () => {
    const { organization, actor, keyIds } = await organizationWith("org_room_added", 1);
    const [keyId = ""] = keyIds;
    const events = async () => (await organization.listAuditEvents(actor, EVERY_EVENT)) as object[];
    const before = await events();
    await seemToHold(organization, 7e9);
    const refused = [
      await organization.createKey(actor, makeDraft()),
      await organization.rotateKey(actor, keyId, 0),
      await organization.updateKey(actor, keyId, { name: "Another" }, null),
      await organization.updateKey(actor, keyId, { disabled: true, description: "x" }, null),
      await organization.updateKey(actor, keyId, { disabled: false }, null),
      await organization.createServiceUser(actor, "svc_1", {
        name: "S",
        description: null,
        vaultRoles: {},
        active: true,
      }),
      await organization.putWebhook(actor, {
        url: "https://hooks.example",
        description: null,
        disabled: false,
      }),
      await organization.setScimToken(actor, "0".repeat(64)),
    ];
    expect(refused.map(codeOf)).toEqual(refused.map(() => "admission_unavailable"));
    expect(refused[0]).toMatchObject({ details: { problem: expect.stringContaining("nearly full") } });
    const line = {
      hash: "0".repeat(64),
      keyPrefix: "sk",
      line: "",
      draft: { ...makeDraft(), ownerId: "alice" },
    };
    expect(await organization.importKeys(AUTHOR, [line])).toMatchObject([{ status: "refused" }]);
    await organization.noteRefusal(actor, "updateApiKey", keyId, "not_found");
    const minutes = { 0: { ...NO_OUTCOMES, succeeded: 1 } };
    const usage = {
      minutes,
      lastUsedAt: 1,
      lastUsedIp: "",
      lastRefusedAt: null,
      lastRefusedIp: null,
      refusals: [],
    };
    await organization.recordGroupUsage({
      group: "group",
      instance: "i",
      sequence: 1,
      keys: { [keyId]: usage },
    });
    expect(await organization.getKey(actor, keyId)).toMatchObject({ name: "Test", lastUsedAt: null });
    expect(await events()).toEqual(before);

    await seemToHold(organization, 6e9);
    expect(codeOf(await organization.createKey(actor, makeDraft()))).toBe(null);
  });

  test("takes whatever takes access away, on record and in force", async () => {
    const { organization, actor, keyIds } = await organizationWith("org_room_cut", 5);
    const [revoked, disabled, acted, cut, ofPerson] = keyIds as [string, string, string, string, string];
    await seemToHold(organization, 9.9e9);
    expect(await organization.revokeKey(actor, revoked, null)).toMatchObject({ status: "revoked" });
    expect(await organization.updateKey(actor, disabled, { disabled: true }, null)).toMatchObject({
      disabled: true,
    });
    await organization.actOnKeys(actor, { act: "revoke", keyIds: [acted], reason: null });
    await organization.noteCuts({ id: "r", at: 1, reason: "Leaked", operator: AUTHOR }, [
      { keyId: cut, revokedAt: 1, effectiveAt: 2, version: 2, leak: null },
    ]);
    expect(await organization.getKey(actor, cut)).toMatchObject({ revokedAt: 1 });
    expect(await organization.revokePersonKeys(actor, "alice", "Laptop stolen")).toHaveLength(2);
    expect(await Promise.all([revoked, acted, ofPerson, disabled].map(isDead))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    const events = (await organization.listAuditEvents(actor, EVERY_EVENT)) as { action: string }[];
    expect(events.filter(({ action }) => action === "api_key.revoked")).toHaveLength(5);
  });

  test("has the keys of somebody follow a role that is lost", async () => {
    const { organization, actor, keyIds } = await organizationWith("org_room_role", 1);
    await seemToHold(organization, 7e9);
    const less: Actor = { ...actor, vaultRoles: { vault_1: ["developer"] }, claimsAt: Date.now() + 1000 };
    await organization.describe(less);
    const [stored] = await env.KEY_GUARD.getByName(groupOfKey(keyIds[0] ?? "")).look([
      { keyId: keyIds[0] ?? "" },
    ]);
    expect(stored?.record.ownerVaults).toEqual(["vault_1"]);
  });
});

test("a revocation for which there is no room at all gives no receipt and changes nothing, and is done when there is", async () => {
  const { organization, actor, keyIds } = await organizationWith("org_room_none", 1);
  const [keyId = ""] = keyIds;
  await expect
    .poll(() =>
      runInDurableObject(organization, (_, { storage: { sql } }) =>
        sql.exec(`SELECT * FROM outbox`).toArray(),
      ),
    )
    .toEqual([]);
  const empty = await fill(organization);
  // A promise of another object is a function, too, which `rejects` would call.
  const outcome = await organization.revokeKey(actor, keyId, null).then(() => "done", String);
  expect(outcome).toContain("SQLITE_FULL");
  expect(await isDead(keyId)).toBe(false);
  await empty();
  expect(await organization.describeKey(actor, keyId)).toMatchObject({
    key: { revokedAt: null },
    receipt: null,
  });
  expect(await organization.revokeKey(actor, keyId, null)).toMatchObject({ keyId, status: "revoked" });
  expect(await isDead(keyId)).toBe(true);
});

describe("how much an organisation stores is told", () => {
  const HOUR_MS = 3_600_000;
  const settings = { orgId: () => "org_room_told" };

  function reportOf(databaseSize: number) {
    const points: DataPoint[] = [];
    const dataset = { writeDataPoint: (point: DataPoint) => void points.push(point) };
    return { points, report: new StorageReport({ databaseSize }, dataset, settings) };
  }

  test("from 1 GB on, when an alarm rings, and once an hour", () => {
    const { points, report } = reportOf(6e9);
    const expected = dataPoint({ kind: "storage", orgId: "org_room_told", bytes: 6e9 });
    expect(report.nextAt(1000)).toBe(1000 + HOUR_MS);
    for (const at of [5000, 5000 + HOUR_MS - 1, 5000 + HOUR_MS]) report.run(at);
    expect(points).toEqual([expected, expected]);
    expect(report.nextAt(6000)).toBe(5000 + 2 * HOUR_MS);
  });

  test("not below, nor where there is no dataset, and no alarm rings for it", () => {
    const { points, report } = reportOf(999_999_999);
    const unbound = new StorageReport({ databaseSize: 6e9 }, undefined, settings);
    for (const each of [report, unbound]) each.run(5000);
    expect([points, report.nextAt(1), unbound.nextAt(1)]).toEqual([[], null, null]);
  });
});
