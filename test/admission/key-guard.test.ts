import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { MAX_GROUP_KEYS, type KeyQuestion, type Question } from "../../src/admission/protocol.ts";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import type { KeyRecord } from "../../src/core/key/key-record.ts";
import { countUse, newTally } from "../../src/core/usage/usage-tally.ts";
import { MINUTE_MS, stepStart } from "../../src/core/usage/usage.ts";
import { makeActor, makeKey, makeRecord } from "../support/records.ts";

afterEach(() => vi.restoreAllMocks());

const LEASE_MS = 200;
const ORG = "org_test";

function guardOf(record: KeyRecord) {
  return env.KEY_GUARD.getByName(groupOfKey(record.id));
}

function ask(
  record: KeyRecord,
  changes: Partial<KeyQuestion> = {},
  question: Partial<Question> = {},
): Question {
  const wants = { want: 1, waiting: 1, need: 0, spare: false, returned: null, usage: null };
  const key = { id: record.id, record: true, ...wants, ...changes };
  return { have: 0, leaseWanted: 0, final: false, keys: [key], ...question };
}

async function newKey(changes: Partial<KeyRecord> = {}) {
  const { record } = makeRecord(changes);
  const guard = guardOf(record);
  await guard.put(ORG, [record]);
  return { record, guard };
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const start = Date.now();
  return { value: await work, ms: Date.now() - start };
}

/** Whether work ends before a lease does. A busy machine is slow now and then, a wait for a lease is there each time. */
async function needsNoLease(work: (attempt: number) => Promise<unknown>): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++)
    if ((await timed(work(attempt))).ms < LEASE_MS / 2) return true;
  return false;
}

describe("an id that was never created", () => {
  test("is answered as unknown under no lease, and leaves nothing in storage", async () => {
    const { record } = makeRecord();
    const guard = guardOf(record);
    const answer = await guard.ask(ask(record));
    expect(answer).toMatchObject({ revision: 0, leaseMs: 0 });
    expect(answer.keys[record.id]).toEqual({ record: null, units: 0, window: null });
    expect(await guard.cut([{ keyId: record.id }])).toEqual([null]);
    expect(await guard.look([{ keyId: record.id }])).toEqual([null]);
    await runInDurableObject(guard, async (_, state) => {
      expect([...state.storage.kv.list()]).toEqual([]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("a lease", () => {
  test("tells the record once, and later what has changed since the revision held", async () => {
    const { record, guard } = await newKey();
    const answer = await guard.ask(ask(record));
    expect(answer).toMatchObject({ leaseMs: LEASE_MS, changed: {} });
    expect(answer.keys[record.id]).toMatchObject({ units: 1, record: { record } });
    expect(
      (await guard.ask(ask(record, { record: false }, { have: answer.revision }))).keys[record.id],
    ).not.toHaveProperty("record");
  });

  test("lists changes of every key of the group, whichever was asked about", async () => {
    const { record, guard } = await newKey();
    const other = { ...record, id: `${record.id.slice(0, 9)}AAAAAAA` };
    await guard.put(ORG, [other]);
    const { revision } = await guard.ask(ask(record));
    await guard.put(ORG, [{ ...other, version: 2, disabled: true }]);
    const answer = await guard.ask(ask(record, { record: false }, { have: revision }));
    expect(Object.keys(answer.changed)).toEqual([other.id]);
  });

  test.each([
    ["revoked", { revokedAt: 1 }],
    ["disabled", { disabled: true }],
    ["expired", { expiresAt: 1 }],
  ] satisfies [string, Partial<KeyRecord>][])("gives no units of a %s key", async (_, changes) => {
    const { record, guard } = await newKey(changes);
    expect((await guard.ask(ask(record, { want: 5 }))).keys[record.id]).toMatchObject({ units: 0 });
  });

  test("is as long as the asker needs, in few lengths and no longer than the longest", async () => {
    const { record, guard } = await newKey();
    const lengthFor = async (leaseWanted: number) =>
      (await guard.ask(ask(record, {}, { leaseWanted }))).leaseMs;
    expect(await lengthFor(10)).toBe(LEASE_MS);
    expect(await lengthFor(420)).toBe(450);
    expect(await lengthFor(60_000)).toBe(1000);
  });
});

describe("a change", () => {
  test("of a group that has no lease out is in force at once", async () => {
    const { record, guard } = await newKey();
    const change = (attempt: number) => guard.put(ORG, [{ ...record, version: 2 + attempt }]);
    expect(await needsNoLease(change)).toBe(true);
  });

  test("is answered only when every lease on the version before has ended", async () => {
    const { record, guard } = await newKey();
    const granted = Date.now();
    await guard.ask(ask(record, {}, { leaseWanted: 400 }));
    await guard.ask(ask(record));
    const confirmations = await guard.put(ORG, [{ ...record, version: 2, disabled: true }]);
    expect(Date.now() - granted).toBeGreaterThanOrEqual(400 - 5);
    expect(confirmations).toMatchObject([{ confirmed: true, version: 2 }]);
    expect((confirmations?.[0]?.effectiveAt ?? 0) - granted).toBeGreaterThanOrEqual(400 - 5);
  });

  test("is what leases vouch for while it is still waiting", async () => {
    const { record, guard } = await newKey();
    const { revision } = await guard.ask(ask(record));
    const change = guard.put(ORG, [{ ...record, version: 2, disabled: true }]);
    const answer = await guard.ask(ask(record));
    expect(answer.revision).toBeGreaterThan(revision);
    expect(answer).toMatchObject({ keys: { [record.id]: { units: 0 } } });
    await change;
  });

  test("that is repeated waits as long as the first, and once in force no more", async () => {
    const { record, guard } = await newKey();
    const start = Date.now();
    await guard.ask(ask(record));
    const change = { ...record, version: 2 };
    await Promise.all([guard.put(ORG, [change]), guard.put(ORG, [change])]);
    expect(Date.now() - start).toBeGreaterThanOrEqual(LEASE_MS - 5);
    expect(await needsNoLease(() => guard.put(ORG, [change]))).toBe(true);
  });

  test("that comes late does not undo a newer one, and is told what is in force", async () => {
    const { record, guard } = await newKey();
    const newer = { ...record, version: 3, allowedIps: ["10.0.0.1"] };
    await guard.put(ORG, [newer]);
    expect(await guard.put(ORG, [{ ...record, version: 2 }])).toMatchObject([
      { confirmed: false, record: newer },
    ]);
  });

  test("to another content under the same version is not confirmed", async () => {
    const { record, guard } = await newKey();
    await guard.put(ORG, [{ ...record, version: 2, disabled: true }]);
    const other = { ...record, version: 2, allowedIps: ["10.0.0.1"] };
    expect(await guard.put(ORG, [other])).toMatchObject([{ confirmed: false, record: { disabled: true } }]);
  });

  test.each([0, 1, 5])("to revoked wins over a version that is %i ahead, and is final", async (ahead) => {
    const { record, guard } = await newKey();
    await guard.put(ORG, [{ ...record, version: 2 + ahead }]);
    const cut = await guard.put(ORG, [{ ...record, version: 2, revokedAt: 7 }]);
    expect(cut).toMatchObject([{ confirmed: true, record: { revokedAt: 7 } }]);
    await guard.put(ORG, [{ ...record, version: 20 }]);
    expect((await guard.look([{ keyId: record.id }]))[0]?.record).toMatchObject({
      version: 20,
      revokedAt: 7,
    });
  });

  test("by another organisation is refused", async () => {
    const { record, guard } = await newKey();
    expect(await guard.put("org_other", [{ ...record, orgId: "org_other", version: 2 }])).toBeNull();
    expect((await guard.look([{ keyId: record.id }]))[0]?.record).toEqual(record);
  });

  test("waits for the longest lease on record after a restart", async () => {
    const { record, guard } = await newKey();
    await guard.ask(ask(record, {}, { leaseWanted: 400 }));
    await evictDurableObject(guard);
    expect((await timed(guard.put(ORG, [{ ...record, version: 2 }]))).ms).toBeGreaterThanOrEqual(400 - 5);
  });
});

describe("a group", () => {
  test("of 64 keys takes changes of them, and no key more", async () => {
    const { record, guard } = await newKey();
    const others = Array.from({ length: MAX_GROUP_KEYS }, (_, i) => {
      const id = `${record.id.slice(0, -2)}${`${i}`.padStart(2, "_")}`;
      return { ...record, id };
    });
    const confirmed = (await guard.put(ORG, others))?.map(({ confirmed: isConfirmed }) => isConfirmed);
    expect(confirmed).toEqual([...Array.from({ length: MAX_GROUP_KEYS - 1 }, () => true), false]);
    expect(await guard.put(ORG, [{ ...record, version: 2, disabled: true }])).toMatchObject([
      { confirmed: true, record: { disabled: true } },
    ]);
    expect((await guard.list()).keys).toHaveLength(MAX_GROUP_KEYS);
  });

  test("of an organisation that was erased holds dead keys, and takes none", async () => {
    const { record, guard } = await newKey();
    const [receipt] = (await guard.erase(ORG)) ?? [];
    const late = { ...record, id: `${record.id.slice(0, -1)}_` };
    expect(await guard.put(ORG, [{ ...record, version: 9 }])).toBeNull();
    expect(await guard.put(ORG, [late])).toBeNull();
    expect(await guard.look([{ keyId: record.id }, { keyId: late.id }])).toMatchObject([
      { record: { revokedAt: receipt?.record?.revokedAt } },
      null,
    ]);
    expect(receipt?.record?.revokedAt).toBeTypeOf("number");
    expect(await guard.erase(ORG)).toEqual([receipt]);
    expect(await guard.erase("org_other")).toBeNull();
  });
});

describe("a guard whose storage was restored to an older copy", () => {
  test("makes its next change later than anything that an isolate can hold", async () => {
    const { record, guard } = await newKey();
    await guard.put(ORG, [{ ...record, version: 2 }]);
    const held = (await guard.ask(ask(record))).revision;
    await runInDurableObject(guard, (_, state) => {
      const group = state.storage.kv.get<object>("group");
      state.storage.kv.put("group", { ...group, revision: 1 });
    });
    await scheduler.wait(2);
    await guard.put(ORG, [{ ...record, version: 3, disabled: true }]);
    const answer = await guard.ask(ask(record, { record: false }, { have: held }));
    expect(answer.revision).toBeGreaterThan(held);
    expect(answer.changed[record.id]?.record).toMatchObject({ disabled: true });
  });
});

describe("a cut", () => {
  test("that comes while an edit still waits does not make the edit say that it is in force", async () => {
    const { record, guard } = await newKey();
    await guard.ask(ask(record));
    const edit = guard.put(ORG, [{ ...record, version: 2 }]);
    await scheduler.wait(LEASE_MS / 2);
    await guard.ask(ask(record));
    const cut = guard.cut([{ keyId: record.id }]);
    expect(await edit).toMatchObject([{ record: { revokedAt: null } }]);
    const [receipt] = await cut;
    expect((await guard.cut([{ keyId: record.id }]))[0]).toEqual(receipt);
    expect(receipt?.effectiveAt).toBeGreaterThanOrEqual((await edit)?.[0]?.effectiveAt ?? Infinity);
  });

  test("gives the same receipt each time", async () => {
    const { record, guard } = await newKey();
    await guard.ask(ask(record));
    const [first] = await guard.cut([{ keyId: record.id }]);
    await scheduler.wait(5);
    const [again] = await guard.cut([{ keyId: record.id }]);
    expect(first).toMatchObject({ confirmed: true, version: 2 });
    expect(again).toEqual(first);
  });

  test.each([
    ["an organisation", { orgId: "org_other" }],
    ["a secret", { hash: "0".repeat(64) }],
  ])("meant for %s that does not fit changes nothing", async (_, match) => {
    const { record, guard } = await newKey();
    expect(await guard.cut([{ keyId: record.id, ...match }])).toEqual([null]);
    expect((await guard.look([{ keyId: record.id }]))[0]?.record.revokedAt).toBeNull();
  });
});

describe("units", () => {
  test("of a small limit are handed out one by one, never more than the limit", async () => {
    const { record, guard } = await newKey({ rateLimit: { requests: 3, windowSeconds: 60 } });
    const given: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++)
      given.push((await guard.ask(ask(record, { want: 10, waiting: 0 }))).keys[record.id]?.units);
    expect(given).toEqual([1, 1, 1, 0, 0]);
  });

  test("that requests wait for are given as far as there are any, those for later in small shares", async () => {
    const { record, guard } = await newKey({ rateLimit: { requests: 100, windowSeconds: 60 } });
    const units = async (want: number, waiting: number) =>
      (await guard.ask(ask(record, { want, waiting }))).keys[record.id]?.units;
    expect(await units(50, 0)).toBe(5);
    expect(await units(90, 90)).toBe(90);
    expect(await units(90, 90)).toBe(5);
    expect(await units(1, 1)).toBe(0);
  });

  test("that do not pay for the asking request are left to others", async () => {
    const { record, guard } = await newKey({ rateLimit: { requests: 100, windowSeconds: 60 } });
    const units = async (waiting: number, need: number) =>
      (await guard.ask(ask(record, { want: waiting, waiting, need }))).keys[record.id]?.units;
    expect(await units(60, 60)).toBe(60);
    expect(await units(60, 60)).toBe(0);
    expect(await units(63, 60)).toBe(3);
    expect(await units(37, 37)).toBe(37);
  });

  test("that come back count for their window and for no other", async () => {
    const { record, guard } = await newKey({ rateLimit: { requests: 10, windowSeconds: 60 } });
    const first = (await guard.ask(ask(record, { want: 5, waiting: 5 }))).keys[record.id]?.window;
    expect(first?.remaining).toBe(5);
    const back = async (window: number) =>
      (await guard.ask(ask(record, { want: 0, waiting: 0, returned: { window, units: 3 } }))).keys[record.id]
        ?.window?.remaining;
    expect(await back((first?.number ?? 0) - 1)).toBe(5);
    expect(await back(first?.number ?? 0)).toBe(8);
  });

  test("handed out stay used over an eviction of an idle guard, exactly", async () => {
    const limit = { requests: 1000, windowSeconds: 3600 };
    const { record, guard } = await newKey({ rateLimit: limit });
    for (let i = 0; i < 5; i++) {
      await guard.ask(ask(record));
      await evictDurableObject(guard);
    }
    expect((await guard.ask(ask(record, { want: 0, waiting: 0 }))).keys[record.id]?.window?.remaining).toBe(
      995,
    );
  });
});

describe("a limit that is changed to shorter windows", () => {
  test("ends the window under way by its own length, and not before leases from before have ended", async () => {
    let now = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => now);
    const { record, guard } = await newKey({ rateLimit: { requests: 40, windowSeconds: 600 } });
    const window = async () =>
      (await guard.ask(ask(record, { want: 0, waiting: 0 }))).keys[record.id]?.window;
    await guard.ask(ask(record, { want: 40, waiting: 40 }));
    const first = await window();
    expect(first).toMatchObject({ remaining: 0 });
    now += 50;
    const change = guard.put(ORG, [
      { ...record, version: 2, rateLimit: { requests: 40, windowSeconds: 0.05 } },
    ]);
    const told = await window();
    expect(told).toMatchObject({ number: first?.number, remaining: 0 });
    expect(told?.resetInMs).toBeGreaterThanOrEqual(LEASE_MS - 50);
    expect(told?.resetInMs).toBeLessThanOrEqual(LEASE_MS);
    now += LEASE_MS;
    await change;
    const next = await window();
    expect(next).toMatchObject({ remaining: 40 });
    expect(next?.number).toBeGreaterThan(first?.number ?? Infinity);
  });
});

describe("what isolates report", () => {
  test("again, since an answer was lost, counts once", async () => {
    const orgId = "org_reports";
    const organization = env.ORGANIZATION.getByName(orgId);
    const alice = makeActor(orgId);
    await organization.bootstrap(alice);
    const { id } = (await makeKey(organization, alice)).key;
    const guard = env.KEY_GUARD.getByName(groupOfKey(id));
    const usage = newTally();
    countUse(usage, "succeeded", null, "192.0.2.1", Date.now());
    const say = async (isolate: string, number: number) => {
      const wants = { id, record: false, want: 0, waiting: 0, need: 0, spare: false, returned: null, usage };
      await guard.ask({ have: 0, leaseWanted: 0, final: false, report: { isolate, number }, keys: [wants] });
    };
    for (const number of [1, 1, 2, 1, 2]) await say("a", number);
    await say("b", 1);
    await guard.deliverUsage();
    const span = { from: stepStart(Date.now(), MINUTE_MS) - MINUTE_MS, step: MINUTE_MS, length: 2 } as const;
    const told = await organization.usageOfKey(alice, id, span);
    const buckets = "buckets" in told ? told.buckets : [];
    expect(buckets.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(3);
  });
});

test("tokens of a key are revoked as a change of the key", async () => {
  const { record, guard } = await newKey();
  const token = { id: "t1", issuedAt: Date.now(), expiresAt: Date.now() + 60_000 };
  expect(await guard.revokeToken({ keyId: record.id, orgId: ORG }, token)).toMatchObject({ changed: true });
  expect(await guard.revokeToken({ keyId: record.id, orgId: ORG }, token)).toMatchObject({ changed: false });
  expect(await guard.revokeToken({ keyId: record.id, orgId: "org_other" }, token)).toBeNull();
  const answer = await guard.ask(ask(record));
  expect(answer.keys[record.id]?.record?.denials.tokens).toHaveProperty("t1");
});

describe("a guard whose storage takes no more", () => {
  type Stub = ReturnType<typeof guardOf>;

  /** Has every write fail after the next few. */
  async function failWritesAfter(guard: Stub, writes: number): Promise<void> {
    await runInDurableObject(guard, (_, { storage: { kv } }) => {
      const put = kv.put.bind(kv);
      let left = writes;
      const failing = (name: string, value: unknown): void => {
        if (left-- <= 0) throw new Error("database or disk is full: SQLITE_FULL");
        put(name, value);
      };
      Object.defineProperty(kv, "put", { configurable: true, value: failing });
    });
  }

  async function writeAgain(guard: Stub): Promise<void> {
    await runInDurableObject(guard, (_, { storage: { kv } }) => void Reflect.deleteProperty(kv, "put"));
  }

  // A cut writes the key, then the group, and once it is in force the key again.
  test.each([0, 1, 2])("confirms no cut that it has not written whole (%i written)", async (writes) => {
    const { record, guard } = await newKey();
    const { revision } = await guard.ask(ask(record));
    await failWritesAfter(guard, writes);
    const outcome = await guard.cut([{ keyId: record.id }]).then(() => "confirmed", String);
    expect(outcome).toContain("SQLITE_FULL");
    await writeAgain(guard);

    expect(await guard.cut([{ keyId: record.id }])).toMatchObject([
      { confirmed: true, record: { revokedAt: expect.any(Number) } },
    ]);
    const told = await guard.ask(ask(record, { record: false, want: 0 }, { have: revision }));
    expect(told.changed[record.id]?.record.revokedAt).toEqual(expect.any(Number));
  });
});
