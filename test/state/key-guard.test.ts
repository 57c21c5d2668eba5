import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { KeyRecord } from "../../src/core/key-record.ts";
import type { Ask } from "../../src/core/lease.ts";
import { makeRecord } from "../support/records.ts";

const LEASE_MS = 200;
const NOTHING: Omit<Ask, "want" | "request"> = { have: 0, returned: null, usage: null };

function guardOf(record: KeyRecord) {
  return env.KEY_GUARD.getByName(record.id);
}

function ask(changes: Partial<Ask> = {}): Ask {
  return { ...NOTHING, want: 1, request: null, ...changes };
}

async function newKey(changes: Partial<KeyRecord> = {}) {
  const { record } = makeRecord(changes);
  const guard = guardOf(record);
  await guard.put(record);
  return { record, guard };
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const start = Date.now();
  return { value: await work, ms: Date.now() - start };
}

describe("an id that was never created", () => {
  test("is answered as unknown and leaves nothing in storage", async () => {
    const { record } = makeRecord();
    const guard = guardOf(record);
    expect(await guard.grant(ask())).toMatchObject({ revision: 0, record: null, units: 0, window: null });
    expect(await guard.describe(NOTHING)).toMatchObject({ revision: 0, record: null });
    expect(await guard.cut()).toBeNull();
    await runInDurableObject(guard, async (_, state) => {
      expect([...state.storage.kv.list()]).toEqual([]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("a lease", () => {
  test("vouches for the record, which is sent once a version", async () => {
    const { record, guard } = await newKey();
    const grant = await guard.grant(ask());
    expect(grant).toMatchObject({ revision: 1, leaseMs: LEASE_MS, units: 1 });
    expect(grant.record).toEqual(record);
    expect((await guard.grant(ask({ have: 1 }))).record).toBeNull();
  });

  test("counts the call that was expected only for whoever knows the record", async () => {
    const { record, guard } = await newKey();
    const request = (name: string, version: number) => ({
      at: Date.now(),
      address: "192.0.2.1",
      call: { name, version },
    });
    await guard.grant(ask({ request: request("by another record", record.version + 1) }));
    await guard.grant(ask({ request: request("by this one", record.version) }));
    await runInDurableObject(guard, async (_, state) => {
      await vi.waitFor(async () => {
        const usage = await state.storage.get<{ pending: { calls?: Map<string, number> } }>("usage");
        expect(usage?.pending.calls).toEqual(new Map([["by this one", 1]]));
      });
    });
  });

  test("of a description takes nothing from the budget", async () => {
    const { guard } = await newKey({ rateLimit: { requests: 3, windowSeconds: 60 } });
    expect((await guard.describe(NOTHING)).window).toMatchObject({ limit: 3, remaining: 3 });
    expect((await guard.grant(ask())).window).toMatchObject({ limit: 3, remaining: 2 });
  });

  test.each([
    ["revoked", { revokedAt: 1 }],
    ["disabled", { disabled: true }],
    ["expired", { expiresAt: 1 }],
  ] satisfies [string, Partial<KeyRecord>][])("on a %s key has no units", async (_, changes) => {
    const { guard } = await newKey(changes);
    expect(await guard.grant(ask({ want: 5 }))).toMatchObject({ revision: 1, units: 0 });
  });
});

describe("a change", () => {
  test("of a key that has no lease out is in force at once", async () => {
    const { record, guard } = await newKey();
    expect((await timed(guard.put({ ...record, version: 2 }))).ms).toBeLessThan(LEASE_MS / 2);
  });

  test("is answered only when every lease on the version before has ended", async () => {
    const { record, guard } = await newKey();
    const granted = Date.now();
    await guard.grant(ask());
    const applied = await guard.put({ ...record, version: 2, disabled: true });
    expect(Date.now() - granted).toBeGreaterThanOrEqual(LEASE_MS - 5);
    expect(applied).toMatchObject({ version: 2, revokedAt: null });
    expect(applied.effectiveAt - granted).toBeGreaterThanOrEqual(LEASE_MS - 5);
  });

  test("is what leases vouch for while it is still waiting", async () => {
    const { record, guard } = await newKey();
    await guard.grant(ask());
    const change = guard.put({ ...record, version: 2, disabled: true });
    expect(await guard.grant(ask())).toMatchObject({ revision: 2, units: 0 });
    await change;
  });

  test("does not wait for leases on its own version", async () => {
    const { record, guard } = await newKey();
    await guard.grant(ask());
    const first = timed(guard.put({ ...record, version: 2 }));
    await scheduler.wait(LEASE_MS / 2);
    await guard.grant(ask());
    expect((await first).ms).toBeLessThan(LEASE_MS * 1.4);
  });

  test("that is repeated waits as long as the first", async () => {
    const { record, guard } = await newKey();
    const start = Date.now();
    await guard.grant(ask());
    const first = guard.put({ ...record, version: 2 });
    const again = guard.put({ ...record, version: 2 });
    await Promise.all([first, again]);
    expect(Date.now() - start).toBeGreaterThanOrEqual(LEASE_MS - 5);
    expect((await timed(guard.put({ ...record, version: 2 }))).ms).toBeLessThan(LEASE_MS / 2);
  });

  test("that comes late does not undo a newer one", async () => {
    const { record, guard } = await newKey();
    await guard.put({ ...record, version: 3, allowedIps: ["10.0.0.1"] });
    expect(await guard.put({ ...record, version: 2 })).toMatchObject({ version: 3 });
    expect((await guard.describe(NOTHING)).record?.allowedIps).toEqual(["10.0.0.1"]);
  });

  test("never brings a revoked key back", async () => {
    const { record, guard } = await newKey();
    await guard.put({ ...record, version: 2, revokedAt: 1234 });
    expect(await guard.put({ ...record, version: 3 })).toMatchObject({ version: 3, revokedAt: 1234 });
    expect(await guard.grant(ask())).toMatchObject({ revision: 3, units: 0 });
  });

  test("waits for the leases of a guard that died, of which its successor knows only the length", async () => {
    const { record, guard } = await newKey();
    await guard.grant(ask());
    await evictDurableObject(guard);
    const start = Date.now();
    await guard.put({ ...record, version: 2 });
    expect(Date.now() - start).toBeGreaterThanOrEqual(LEASE_MS - 5);
  });

  test("waits for leases of a longer setting that was in force before", async () => {
    const { record, guard } = await newKey();
    await guard.grant(ask());
    await runInDurableObject(guard, (_, state) => state.storage.kv.put("longestLease", 700));
    await evictDurableObject(guard);
    const start = Date.now();
    await guard.put({ ...record, version: 2 });
    expect(Date.now() - start).toBeGreaterThanOrEqual(690);
    await guard.grant(ask());
    await runInDurableObject(guard, (_, state) =>
      expect(state.storage.kv.get("longestLease")).toBe(LEASE_MS),
    );
  });
});

describe("an emergency cut", () => {
  test("needs no organisation, waits for the leases and is final", async () => {
    const { record, guard } = await newKey();
    const start = Date.now();
    await guard.grant(ask());
    const cut = await guard.cut();
    expect(Date.now() - start).toBeGreaterThanOrEqual(LEASE_MS - 5);
    expect(cut).toMatchObject({ version: 2, orgId: "org_test" });
    expect(cut?.revokedAt).not.toBeNull();
    expect((await guard.put({ ...record, version: 2 })).revokedAt).toBe(cut?.revokedAt);
    expect((await guard.put({ ...record, version: 9 })).revokedAt).toBe(cut?.revokedAt);
  });

  test("has one receipt, however often it is repeated and whatever comes later", async () => {
    const { record, guard } = await newKey();
    const receipt = await guard.cut();
    expect(receipt).toMatchObject({ version: 2 });
    await guard.put({ ...record, version: 9 });
    await evictDurableObject(guard);
    expect(await guard.cut()).toEqual(receipt);
    const { version, revokedAt, effectiveAt } = receipt ?? {};
    expect(await guard.inspect({})).toEqual({ version, revokedAt, effectiveAt });
  });

  test("is not in force before its own leases have ended, while an earlier change waits for less", async () => {
    const { record, guard } = await newKey();
    await guard.grant(ask());
    const earlier = guard.put({ ...record, version: 2 });
    await scheduler.wait(LEASE_MS / 2);
    const grantedAt = Date.now();
    await guard.grant(ask());
    const cut = guard.cut();
    await earlier;
    expect((await guard.inspect({}))?.effectiveAt).toBeNull();
    expect((await cut)?.effectiveAt).toBeGreaterThanOrEqual(grantedAt + LEASE_MS - 5);
  });

  test("with another secret finds no key", async () => {
    const { record, guard } = await newKey();
    const { hash } = makeRecord().record;
    expect(await guard.cut({ hash })).toBeNull();
    expect(await guard.inspect({ hash })).toBeNull();
    expect(await guard.inspect({ hash: record.hash })).toMatchObject({ revokedAt: null, version: 1 });
  });

  test("for another organisation finds no key", async () => {
    const { guard } = await newKey();
    expect(await guard.cut({ orgId: "org_other" })).toBeNull();
    expect((await guard.describe(NOTHING)).record?.revokedAt).toBeNull();
  });
});

describe("the budget", () => {
  test("is never handed out beyond the limit, whatever is asked for", async () => {
    const { guard } = await newKey({ rateLimit: { requests: 40, windowSeconds: 60 } });
    const grants = await Promise.all(Array.from({ length: 100 }, () => guard.grant(ask({ want: 7 }))));
    expect(grants.reduce((sum, grant) => sum + grant.units, 0)).toBe(40);
    expect(grants.at(-1)?.window?.remaining).toBe(0);
  });

  test("takes back what an isolate did not use, in the window it came from and in no other", async () => {
    const { guard } = await newKey({ rateLimit: { requests: 100, windowSeconds: 60 } });
    const grant = await guard.grant(ask({ want: 5 }));
    expect(grant).toMatchObject({ units: 5, window: { remaining: 95 } });
    const startedAt = grant.window?.startedAt ?? 0;
    const returned = await guard.describe({ ...NOTHING, returned: { startedAt, units: 4 } });
    expect(returned.window?.remaining).toBe(99);
    const stale = await guard.describe({ ...NOTHING, returned: { startedAt: startedAt - 1, units: 4 } });
    expect(stale.window?.remaining).toBe(99);
  });

  test("starts again with the first request after the window", async () => {
    const { guard } = await newKey({ rateLimit: { requests: 2, windowSeconds: 1 } });
    await guard.grant(ask());
    const last = await guard.grant(ask());
    expect(await guard.grant(ask())).toMatchObject({ units: 0, window: { remaining: 0 } });
    await scheduler.wait((last.window?.resetInMs ?? 0) + 5);
    expect(await guard.grant(ask())).toMatchObject({ units: 1, window: { remaining: 1 } });
  });

  test.each([1, 7, 20, 100, 1000])("of %i survives a crash: what was spent stays spent", async (requests) => {
    const { guard } = await newKey({ rateLimit: { requests, windowSeconds: 60 } });
    let admitted = 0;
    for (let crash = 0; crash < 4; crash++) {
      for (let i = 0; i < requests / 5; i++) admitted += (await guard.grant(ask())).units;
      await evictDurableObject(guard);
    }
    const forgotten = 4 * Math.floor(requests / 20);
    for (let grant = await guard.grant(ask()); grant.units > 0; grant = await guard.grant(ask())) {
      admitted += grant.units;
    }
    expect(admitted).toBeLessThanOrEqual(requests);
    expect(admitted).toBeGreaterThanOrEqual(requests - forgotten);
  });
});
