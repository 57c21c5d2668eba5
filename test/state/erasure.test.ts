import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeyGuard } from "../../src/admission/guard/key-guard.ts";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import { deploymentOf } from "../../src/state/deployment/deployment-object.ts";
import { ErasureClaims } from "../../src/state/deployment/erasure-claims.ts";
import { Erasures } from "../../src/state/deployment/erasures.ts";
import { PendingErasures } from "../../src/state/deployment/pending-erasures.ts";
import type { Env } from "../../src/env.ts";
import { eraseOrganization, UNDER_WAY, type ErasureRecords } from "../../src/state/erase-organization.ts";
import { registeredGuards } from "../../src/state/guard-registry.ts";
import { makeActor, makeDraft, makeKey } from "../support/records.ts";

const LATER_MS = 61_000;
const DAY_MS = 86_400_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** An organisation with a key, whose erasure was asked for and has not begun. */
async function leaving(orgId: string) {
  const organization = env.ORGANIZATION.getByName(orgId);
  const actor = makeActor(orgId);
  await organization.bootstrap(actor);
  const { key } = await makeKey(organization, actor);
  await expect.poll(() => registeredGuards(env.KEY_RECORDS, orgId)).toHaveLength(1);
  const deployment = deploymentOf(env);
  await deployment.beginErasure(orgId, "olga");
  return { organization, deployment, keyId: key.id };
}

function recordsOf(deployment: ErasureRecords): ErasureRecords {
  return {
    claimErasure: (...args) => deployment.claimErasure(...args),
    releaseErasure: (...args) => deployment.releaseErasure(...args),
    noteErased: (...args) => deployment.noteErased(...args),
    forgetPeople: (...args) => deployment.forgetPeople(...args),
    finishErasure: (...args) => deployment.finishErasure(...args),
  };
}

/** Does the erasure until the step at which its process dies. */
async function dieAt(step: keyof ErasureRecords | "close", orgId: string): Promise<void> {
  const deployment = deploymentOf(env);
  const broken = (): never => {
    throw new Error("killed");
  };
  const records = { ...recordsOf(deployment), ...(step !== "close" && { [step]: broken }) };
  if (step === "close") await env.ORGANIZATION.getByName(orgId).close(orgId);
  else
    await expect(eraseOrganization(env.ORGANIZATION, records, { orgId, isEmptied: false })).rejects.toThrow(
      "killed",
    );
}

test.each([null, "close", "noteErased", "forgetPeople", "finishErasure"] as const)(
  "an erasure that dies at %s is done by the alarm, and nothing but dead keys is left",
  async (step) => {
    const orgId = `org_leaves_${step}`;
    const { organization, deployment, keyId } = await leaving(orgId);
    if (step !== null) await dieAt(step, orgId);
    expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: null });

    await runDurableObjectAlarm(deployment);
    expect(await deployment.findErasure(orgId), "the request has a minute for it").toMatchObject({
      erasedAt: null,
    });
    vi.setSystemTime(Date.now() + LATER_MS);
    await runDurableObjectAlarm(deployment);

    expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: expect.any(Number), keys: 1 });
    expect(await deployment.erasureReceipts(orgId, "", 10)).toMatchObject([{ keyId, status: "revoked" }]);
    expect(await organization.hasRecord(orgId)).toBe(false);
    expect(await registeredGuards(env.KEY_RECORDS, orgId)).toEqual([]);
    expect(await env.KEY_RECORDS.get(keyId)).toBe(null);
    await runInDurableObject(organization, (_, { storage: { sql } }) => {
      const tables = sql.exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'`);
      expect(tables.toArray()).toEqual([]);
    });
    const { keys } = await env.KEY_GUARD.getByName(groupOfKey(keyId)).list();
    expect(JSON.stringify(keys)).not.toContain("alice");
    expect(keys.map(({ record }) => record.revokedAt !== null)).toEqual([true]);
  },
);

test("an erasure that is broken off goes on with the guards that are not done", async () => {
  const orgId = "org_large";
  const { organization, deployment, keyId } = await leaving(orgId);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(`UPDATE keys SET own_guard = 1`);
    for (let i = 0; i < 600; i++)
      sql.exec(`INSERT INTO guards (name, keys, is_full) VALUES (?, 1, 1)`, `key_zzzz${i}`);
  });
  const guards = await organization.close(orgId);
  expect(guards).toHaveLength(602);
  let batches = 0;
  const broken: ErasureRecords = {
    ...recordsOf(deployment),
    noteErased: (...args) => {
      if (batches++ === 2) throw new Error("killed");
      return deployment.noteErased(...args);
    },
  };
  await expect(eraseOrganization(env.ORGANIZATION, broken, { orgId, isEmptied: false })).rejects.toThrow(
    "killed",
  );
  const left = await organization.close(orgId);
  expect(left.length).toBeLessThan(guards.length);
  expect(left).not.toContain(keyId);

  const isOver = () => true;
  expect(await eraseOrganization(env.ORGANIZATION, deployment, { orgId, isEmptied: false, isOver })).toBe(
    UNDER_WAY,
  );
  expect((await organization.close(orgId)).length, "a batch at least").toBeLessThanOrEqual(left.length);
  expect(await organization.hasRecord(orgId)).toBe(true);
  expect(await eraseOrganization(env.ORGANIZATION, deployment, { orgId, isEmptied: false })).toBe(0);
  expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: expect.any(Number), keys: 1 });
  expect(await deployment.erasureReceipts(orgId, "", 10)).toMatchObject([{ keyId, status: "revoked" }]);
});

test("an erasure that takes long is left to the attempt that is at it, by the alarm and by a second request", async () => {
  const orgId = "org_slow";
  const { deployment } = await leaving(orgId);
  const erase = vi.spyOn(KeyGuard.prototype, "erase");
  const go = Promise.withResolvers<void>();
  const slow: ErasureRecords = {
    ...recordsOf(deployment),
    noteErased: async (...args) => {
      await go.promise;
      return deployment.noteErased(...args);
    },
  };
  const first = eraseOrganization(env.ORGANIZATION, slow, { orgId, isEmptied: false });
  await expect.poll(() => erase.mock.calls.length).toBe(1);
  const begun = Date.now();
  vi.setSystemTime(begun + 50_000);
  expect(await eraseOrganization(env.ORGANIZATION, deployment, { orgId, isEmptied: false })).toBe(UNDER_WAY);
  vi.setSystemTime(begun + LATER_MS - 2000);
  await runDurableObjectAlarm(deployment);
  expect(erase.mock.calls).toHaveLength(1);
  go.resolve();
  expect(await first).toBe(0);
  erase.mockRestore();
});

test("the place of an attempt that has died is free after a minute, of one that ended at once", () => {
  const claims = new ErasureClaims();
  expect(claims.claim("org", "a", 0)).toBe(true);
  expect([claims.claim("org", "b", 59_000), claims.claim("other", "b", 59_000)]).toEqual([false, true]);
  expect([claims.claim("org", "a", 59_000), claims.claim("org", "b", 118_000)]).toEqual([true, false]);
  expect(claims.claim("org", "b", 119_000)).toBe(true);
  claims.release("org", "a");
  expect(claims.claim("org", "c", 119_000)).toBe(false);
  claims.release("org", "b");
  expect(claims.claim("org", "c", 119_000)).toBe(true);
  expect(claims.claim("org", "d", 119_000 - 3_600_000), "the clock was set back").toBe(true);
});

test("a key that is being made while the erasure begins is not made, and no guard is left", async () => {
  const orgId = "org_busy";
  const { organization, deployment } = await leaving(orgId);
  vi.spyOn(KeyGuard.prototype, "put").mockImplementationOnce(async function (this: KeyGuard, ...args) {
    await env.ORGANIZATION.getByName(orgId).close(orgId);
    await this.erase(orgId);
    return this.put(...args);
  });
  const created = await organization.createKey(makeActor(orgId), makeDraft());
  expect(created).toMatchObject({
    code: "admission_unavailable",
    reason: "the organisation is being erased",
  });
  expect(await eraseOrganization(env.ORGANIZATION, deployment, { orgId, isEmptied: false })).toBe(0);
  expect(await registeredGuards(env.KEY_RECORDS, orgId)).toEqual([]);
});

test("what is set up anew before the end of an erasure is on record is another organisation, and stays", async () => {
  const orgId = "org_returns";
  const { organization, deployment, keyId } = await leaving(orgId);
  await dieAt("finishErasure", orgId);
  const actor = makeActor(orgId);
  await organization.bootstrap(actor);
  const { key } = await makeKey(organization, actor);
  vi.setSystemTime(Date.now() + LATER_MS);
  await runDurableObjectAlarm(deployment);
  expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: expect.any(Number), keys: 1 });
  const isDead = async (id: string) => {
    const { keys } = await env.KEY_GUARD.getByName(groupOfKey(id)).list();
    return keys.find(({ record }) => record.id === id)?.record.revokedAt !== null;
  };
  expect([await isDead(key.id), await isDead(keyId)]).toEqual([false, true]);
  await deployment.beginErasure(orgId, "olga");
  expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: null, isEmptied: false });
});

test("the guards of an erased organisation are on record for as long as they may be restored", async () => {
  const deployment = env.DEPLOYMENT.getByName("erased-guards");
  const keys = ["key_groupAaaaaaa", "key_groupBbbbbbb", "key_ownedAloneXX"];
  const receipts = keys.map((keyId) => {
    return { keyId, status: "revoked" as const, requestedAt: 0, effectiveAt: 0, version: 2 };
  });
  const now = Date.now();
  await deployment.beginErasure("org_late", "olga");
  await deployment.noteErased("org_late", receipts, ["group", "key_ownedAloneXX", "empty"]);
  await deployment.finishErasure("org_late");
  await deployment.beginErasure("org_soon", "olga");
  await deployment.finishErasure("org_soon");
  await deployment.beginErasure("org_under_way", "olga");

  const guards = (after: string, limit = 10) => deployment.erasedGuards("org_late", after, limit);
  expect(await guards("")).toEqual(["empty", "group", "key_ownedAloneXX"]);
  expect([await guards("", 1), await guards("empty", 1)]).toEqual([["empty"], ["group"]]);
  expect(await deployment.erasedGuards("org_soon", "", 10)).toEqual([]);
  expect(await deployment.restorableErasures("", 10)).toEqual(["org_late", "org_soon"]);
  expect(await deployment.restorableErasures("org_late", 10)).toEqual(["org_soon"]);
  vi.setSystemTime(now + 59 * DAY_MS);
  expect(await deployment.restorableErasures("", 1)).toEqual(["org_late"]);
  vi.setSystemTime(now + 61 * DAY_MS);
  expect(await deployment.restorableErasures("", 10)).toEqual([]);
});

test("of erasures by the version before, which recorded no guards, every guard that a key may have is looked at", async () => {
  const deployment = env.DEPLOYMENT.getByName("unrecorded-guards");
  const receipt = { status: "revoked" as const, requestedAt: 0, effectiveAt: 0, version: 2 };
  await deployment.beginErasure("org_before", "olga");
  await deployment.noteErased("org_before", [{ ...receipt, keyId: "key_groupAaaaaaa" }]);
  expect(await deployment.erasedGuards("org_before", "", 10)).toEqual(["group", "key_groupAaaaaaa"]);
});

test("an erasure is tried again while a guard cannot be reached, and told of in the log", async () => {
  const orgId = "org_unreachable";
  const { deployment } = await leaving(orgId);
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const guard = vi.spyOn(KeyGuard.prototype, "erase").mockRejectedValueOnce(new Error("not now"));
  vi.setSystemTime(Date.now() + LATER_MS);
  await runDurableObjectAlarm(deployment);
  expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: null });
  expect(logged.mock.calls.join()).toContain(`${orgId}: 1 guards have not confirmed`);
  vi.setSystemTime(Date.now() + LATER_MS);
  await runDurableObjectAlarm(deployment);
  expect(await deployment.findErasure(orgId)).toMatchObject({ erasedAt: expect.any(Number) });
  guard.mockRestore();
  logged.mockRestore();
});

test("an erasure that cannot go on leaves the alarm to emergency cuts, and is told of when it fails", async () => {
  await runInDurableObject(env.DEPLOYMENT.getByName("erasures_and_cuts"), async (_, { storage }) => {
    const erasures = new Erasures(storage, DAY_MS);
    erasures.begin("org_hangs", "olga", Date.now() - DAY_MS);
    const closing = Promise.withResolvers<string[]>();
    const organizations = {
      getByName: () => ({ close: () => closing.promise }),
    } as unknown as Env["ORGANIZATION"];
    const records = { claimErasure: () => true, releaseErasure: () => {} } as unknown as ErasureRecords;
    let cutsWait = false;
    const pending = new PendingErasures({ organizations, erasures, records, cutsWait: () => cutsWait });
    const run = pending.run(Date.now());
    cutsWait = true;
    await run;
    expect(pending.nextAt()).toBeLessThanOrEqual(Date.now() + 10_000);
    closing.reject(new Error("never answered"));
    await scheduler.wait(0);
    await expect(pending.run(Date.now())).rejects.toThrow("never answered");
  });
});

test("a run of the alarm that has had its time ends, however long an erasure takes", async () => {
  await runInDurableObject(env.DEPLOYMENT.getByName("erasures_in_slices"), async (_, { storage }) => {
    const erasures = new Erasures(storage, DAY_MS);
    erasures.begin("org_hangs", "olga", Date.now() - DAY_MS);
    const never = new Promise<never>(() => {});
    const organizations = { getByName: () => ({ close: () => never }) } as unknown as Env["ORGANIZATION"];
    const records = { claimErasure: () => true, releaseErasure: () => {} } as unknown as ErasureRecords;
    const pending = new PendingErasures({ organizations, erasures, records, cutsWait: () => false });
    const run = pending.run(Date.now());
    vi.setSystemTime(Date.now() + 30_000);
    await run;
  });
});

test("erasures take turns: those that never end keep none from going on", async () => {
  await runInDurableObject(env.DEPLOYMENT.getByName("erasures_in_turn"), (_, { storage }) => {
    const all = Array.from({ length: 25 }, (__, i) => `org_${100 + i}`);
    for (const [i, orgId] of all.entries()) new Erasures(storage, DAY_MS).begin(orgId, "olga", i);
    const turns = [1, 2, 3].map(() => new Erasures(storage, DAY_MS).takeTurn(1000));
    expect(turns.map(({ length }) => length)).toEqual([10, 10, 10]);
    expect(new Set(turns.flat())).toEqual(new Set(all));
  });
});
