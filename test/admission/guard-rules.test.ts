import { describe, expect, test } from "vitest";
import type { KeyQuestion, Question } from "../../src/admission/protocol.ts";
import { endLeases, longestOutstanding, timersToStart } from "../../src/admission/rules/given.ts";
import {
  answer,
  commit,
  commitDenials,
  settle,
  startGuard,
  type Change,
  type GroupState,
  type GuardStore,
  type StoredKey,
  type StoredWindows,
  type LimitOf,
} from "../../src/admission/rules/guard.ts";
import { tombstoneOf } from "../../src/admission/rules/records.ts";
import type { KeyRecord, RateLimit } from "../../src/core/key/key-record.ts";
import { NO_DENIALS } from "../../src/core/token/token-denials.ts";
import { makeRecord } from "../support/records.ts";

const LIMIT: RateLimit = { requests: 100, windowSeconds: 60 };
const NOW = 1_000_000;

class Store implements GuardStore {
  state: GroupState = { revision: 0, longestLeaseMs: 0 };
  readonly #keys = new Map<string, StoredKey>();
  stored: StoredWindows = {};
  writes = 0;
  readonly group = () => this.state;
  readonly keys = () => this.#keys;
  readonly windows = () => this.stored;
  readonly putGroup = (state: GroupState) => {
    this.writes++;
    this.state = state;
  };
  readonly putKey = (id: string, key: StoredKey) => void this.#keys.set(id, key);
  readonly putWindows = (windows: StoredWindows) => {
    this.writes++;
    this.stored = windows;
  };
}

/** A guard of two keys, both put at {@link NOW}, whose leases last 200 ms. */
function newGuard(changes: Partial<KeyRecord> = {}) {
  const store = new Store();
  let memory = startGuard(store);
  const [one, two] = [makeRecord({ rateLimit: LIMIT, ...changes }).record, makeRecord().record];
  const change = (changed: Change, now = NOW) => commit(store, memory, [changed], now);
  const put = (record: KeyRecord, now = NOW) => change({ id: record.id, put: record }, now);
  for (const record of [one, two]) settle(memory, put(record).settles);
  const ask = (
    keys: readonly (Partial<KeyQuestion> & { readonly id: string })[],
    { now = NOW, leaseMs = 200, ...question }: Partial<Question> & { now?: number; leaseMs?: number } = {},
  ) => {
    const nothing = {
      record: false,
      want: 0,
      waiting: 0,
      need: 0,
      spare: false,
      returned: null,
      usage: null,
    };
    const whole = { have: 1, leaseWanted: 0, final: false, ...question };
    const asked = { ...whole, keys: keys.map((key) => ({ ...nothing, ...key })) };
    const limitOf: LimitOf = ({ rateLimit }) => rateLimit ?? LIMIT;
    return answer(store, memory, { question: asked, leaseMs, limitOf }, now);
  };
  return {
    store,
    one,
    two,
    put,
    change,
    ask,
    memory: () => memory,
    restart: () => (memory = startGuard(store)),
    deny: (id: string, denials: StoredKey["denials"]) => commitDenials(store, memory, { id, denials }, NOW),
  };
}

describe("a commit", () => {
  test("waits for the longest lease that may be in use, and so does its repeat until one is settled", () => {
    const { one, put, ask, memory } = newGuard();
    const next = { ...one, version: 2 };
    expect(put(next, NOW + 2)).toMatchObject({ waitMs: 0, settles: NOW + 2 });
    ask([{ id: one.id }], { leaseMs: 350 });
    ask([{ id: one.id }], { leaseMs: 200 });
    const narrower = put({ ...next, version: 3, disabled: true }, NOW + 3);
    expect(narrower).toMatchObject({ waitMs: 350, settles: NOW + 3 });
    const repeat = put({ ...next, version: 3, disabled: true }, NOW + 4);
    expect(repeat).toMatchObject({ waitMs: 350, settles: NOW + 3, applied: [{ same: true }] });
    settle(memory(), repeat.settles);
    expect(put({ ...next, version: 3, disabled: true })).toMatchObject({ waitMs: 0, settles: 0 });
    settle(memory(), 1);
    expect(put({ ...next, version: 3, disabled: true })).toMatchObject({ waitMs: 0 });
  });

  test("has a later revision than any before, by the clock or by one", () => {
    const { one, put, store } = newGuard();
    expect(store.state.revision).toBe(NOW + 1);
    put({ ...one, version: 2 }, NOW + 500);
    expect(store.state.revision).toBe(NOW + 500);
    put({ ...one, version: 3 }, NOW - 500);
    expect(store.state.revision).toBe(NOW + 501);
  });

  test("says what is in force: a later version, and a revocation whatever its version", () => {
    const { one, put, change } = newGuard();
    const later = { ...one, version: 5, disabled: true };
    expect(put(later).applied).toEqual([{ id: one.id, inForce: later, same: true }]);
    expect(put({ ...one, version: 4 }).applied).toEqual([{ id: one.id, inForce: later, same: false }]);
    const asWritten = Object.fromEntries(Object.entries(later).toReversed()) as unknown as KeyRecord;
    expect(put(asWritten).applied).toMatchObject([{ same: true }]);
    const revoked = { ...later, version: 6, revokedAt: 7 };
    expect(put({ ...one, version: 2, revokedAt: 7 }).applied).toEqual([
      { id: one.id, inForce: revoked, same: true },
    ]);
    expect(put({ ...one, version: 9 }).applied).toEqual([
      { id: one.id, inForce: { ...one, version: 9, revokedAt: 7 }, same: false },
    ]);
    expect(change({ id: one.id, cut: { at: 9 } }).applied).toMatchObject([
      { inForce: { version: 9, revokedAt: 7 }, same: true },
    ]);
  });

  test("cuts what is there, and tells of what is not", () => {
    const { one, change, ask, store, restart } = newGuard();
    expect(change({ id: one.id, cut: { at: 9 } }).applied).toEqual([
      { id: one.id, inForce: { ...one, version: 2, revokedAt: 9 }, same: true },
    ]);
    expect(store.keys().get(one.id)?.revocation).toEqual({ version: 2, effectiveAt: null });
    const before = store.state;
    expect(change({ id: "key_nobody", cut: { at: 9 } })).toEqual({
      applied: [{ id: "key_nobody", inForce: null, same: false }],
      waitMs: 0,
      settles: 0,
    });
    expect(store.state).toBe(before);
    ask([{ id: one.id }]);
    restart();
    expect(change({ id: "key_nobody", cut: { at: 9 } }).waitMs).toBe(0);
  });

  test("of denied tokens is a change of its key once", () => {
    const { one, deny, ask, store, memory, put } = newGuard();
    const denials = { tokens: { a: { issuedAt: NOW, expiresAt: NOW + 1 } }, issuedUntil: 0 };
    ask([{ id: one.id }]);
    expect(deny(one.id, denials)).toEqual({
      applied: [{ id: one.id, inForce: one, same: true }],
      waitMs: 200,
      settles: NOW + 2,
    });
    expect(deny(one.id, denials)).toMatchObject({ waitMs: 200, settles: NOW + 2 });
    expect(store.state.revision).toBe(NOW + 2);
    settle(memory(), NOW + 2);
    expect(deny(one.id, denials)).toMatchObject({ waitMs: 0, settles: 0 });
    expect(deny("key_nobody", denials)).toEqual({ applied: [], waitMs: 0, settles: 0 });
    put({ ...one, version: 2 });
    expect(store.keys().get(one.id)?.denials).toBe(denials);
  });
});

describe("an answer", () => {
  test("lists every key that has changed since, whichever was asked about", () => {
    const { one, two, put, ask } = newGuard();
    const next = { ...two, version: 2 };
    put(next, NOW + 10);
    const changed = { [two.id]: { record: next, denials: NO_DENIALS } };
    expect(ask([{ id: one.id }], { have: NOW + 9 })).toMatchObject({ revision: NOW + 10, changed });
    expect(ask([{ id: one.id }], { have: NOW + 10 }).changed).toEqual({});
    expect(ask([{ id: one.id }], { have: 0 }).changed).toEqual({});
  });

  test("holds the record that was asked for, and none of what is not there", () => {
    const { one, ask } = newGuard();
    const asked = [{ id: one.id, record: true }, { id: "key_a", record: true }, { id: "key_b" }];
    const { keys } = ask(asked, { have: NOW + 1 });
    expect(keys).toEqual({
      [one.id]: {
        record: { record: one, denials: NO_DENIALS },
        units: 0,
        window: { number: NOW, limit: LIMIT, remaining: 100, resetInMs: 60_000 },
      },
      key_a: { record: null, units: 0, window: null },
      key_b: { units: 0, window: null },
    });
  });

  test("tells with a change how the key's window stands, which nobody has asked for", () => {
    const { one, two, ask, put } = newGuard();
    const { revision } = ask([{ id: one.id, want: 40, waiting: 40 }]);
    put({ ...one, version: one.version + 1, rateLimit: { requests: 70, windowSeconds: 30 } }, NOW + 10_000);
    const told = ask([{ id: two.id }], { have: revision, now: NOW + 10_000 }).keys[one.id];
    expect(told).toMatchObject({ units: 0, window: { number: NOW, remaining: 30, resetInMs: 20_000 } });
    expect(told).not.toHaveProperty("record");
  });

  test("gives no lease for a group that has nothing on record, and writes nothing", () => {
    const store = new Store();
    const question = { have: 0, leaseWanted: 0, final: false, keys: [] };
    const memory = startGuard(store);
    expect(answer(store, memory, { question, leaseMs: 200, limitOf: () => LIMIT }, NOW)).toEqual({
      revision: 0,
      leaseMs: 0,
      changed: {},
      keys: {},
      ahead: false,
    });
    expect([store.state.longestLeaseMs, longestOutstanding(memory.given)]).toEqual([0, 0]);
  });

  test.each([
    ["disabled", { disabled: true }],
    ["expired", { expiresAt: NOW }],
    ["revoked", { revokedAt: 1 }],
  ])("gives no unit of a key that is %s", (_, changes) => {
    const { one, ask } = newGuard(changes);
    expect(ask([{ id: one.id, want: 1, waiting: 1, need: 1 }]).keys[one.id]?.units).toBe(0);
  });
});

describe("units", () => {
  test("are what waits, and of what is to come a twentieth of what is left; never more than the limit", () => {
    const { one, ask } = newGuard();
    const units = (want: number, waiting: number, need = 0) =>
      ask([{ id: one.id, want, waiting, need }]).keys[one.id]?.units;
    expect([units(50, 1), units(50, 20), units(3, 1), units(200, 60)]).toEqual([5, 20, 3, 60]);
    expect([units(20, 20, 20), units(5, 5), units(50, 50), units(1, 1)]).toEqual([0, 5, 7, 0]);
  });

  test("of a call that costs more than is left are left to others, but what a call costs at most is the limit", () => {
    const { one, ask } = newGuard();
    expect(ask([{ id: one.id, want: 500, waiting: 500, need: 500 }]).keys[one.id]?.units).toBe(100);
    const other = newGuard();
    other.ask([{ id: other.one.id, want: 50, waiting: 50, need: 50 }]);
    expect(other.ask([{ id: other.one.id, want: 62, waiting: 62, need: 60 }]).keys[other.one.id]?.units).toBe(
      2,
    );
  });

  test("are none once a lower limit is used up, whoever asks", () => {
    const { one, two, put, ask } = newGuard();
    ask([{ id: one.id, want: 40, waiting: 40 }]);
    put({ ...one, version: 2, rateLimit: { requests: 10, windowSeconds: 60 } });
    const { keys } = ask([
      { id: one.id, want: 1, waiting: 1, need: 1 },
      { id: two.id, want: 1, waiting: 1, need: 1 },
    ]);
    expect(keys[one.id]).toMatchObject({ units: 0, window: { remaining: 0 } });
    expect(keys[two.id]?.units).toBe(1);
    expect(ask([{ id: one.id, want: 1, waiting: 1 }]).keys[one.id]?.units).toBe(0);
  });

  test("that come back count for the window of their number alone", () => {
    const { one, ask } = newGuard();
    ask([{ id: one.id, want: 40, waiting: 40 }]);
    const back = (window: number, units: number, now = NOW) =>
      ask([{ id: one.id, returned: { window, units } }], { now }).keys[one.id]?.window?.remaining;
    expect([back(NOW + 1, 10), back(NOW, 10), back(NOW, 90)]).toEqual([60, 70, 100]);
    ask([{ id: one.id, want: 40, waiting: 40 }], { now: NOW + 60_000 });
    expect(back(NOW, 10, NOW + 60_000)).toBe(60);
  });

  test("that nobody waits for are of an open window with plenty, one at a time", () => {
    const { one, ask } = newGuard();
    ask([{ id: one.id, want: 1, waiting: 1 }], { now: NOW - 60_000 });
    ask([{ id: one.id, want: 1, waiting: 1 }], { now: NOW - 60_000 });
    expect(ask([{ id: one.id, spare: true }], { now: NOW - 1 }).keys[one.id]?.units).toBe(1);
    const spare = (now = NOW) => ask([{ id: one.id, spare: true }], { now }).keys[one.id]?.units;
    expect(spare()).toBe(0);
    ask([{ id: one.id, want: 79, waiting: 79 }]);
    expect([spare(), spare(), spare(), spare(NOW + 60_000)]).toEqual([1, 1, 0, 0]);
  });

  test("come anew with the next window; a clock that is set back moves the window and keeps its use", () => {
    const { one, ask } = newGuard();
    const told = (now: number) => ask([{ id: one.id, want: 1, waiting: 1 }], { now }).keys[one.id]?.window;
    expect(told(NOW)).toMatchObject({ number: NOW, remaining: 99, resetInMs: 60_000 });
    expect(told(NOW + 59_999)).toMatchObject({ number: NOW, remaining: 98, resetInMs: 1 });
    expect(told(NOW + 60_000)).toMatchObject({ number: NOW + 60_000, remaining: 99, resetInMs: 60_000 });
    expect(told(NOW - 5)).toMatchObject({ number: NOW + 60_000, remaining: 98, resetInMs: 60_000 });
  });

  test("of a limit with shorter windows end with the leases by which the longer one is used", () => {
    const { one, put, ask } = newGuard();
    ask([{ id: one.id, want: 1, waiting: 1 }]);
    put({ ...one, version: 2, rateLimit: { requests: 100, windowSeconds: 1 } });
    expect(ask([{ id: one.id }], { now: NOW + 100 }).keys[one.id]?.window?.resetInMs).toBe(900);
    expect(ask([{ id: one.id }], { now: NOW + 950 }).keys[one.id]?.window?.resetInMs).toBe(50);
    const late = newGuard();
    late.ask([{ id: late.one.id, want: 1, waiting: 1 }]);
    late.put({ ...late.one, version: 2, rateLimit: { requests: 100, windowSeconds: 1 } });
    expect(late.ask([{ id: late.one.id }], { now: NOW + 5000 }).keys[late.one.id]?.window?.resetInMs).toBe(
      200,
    );
  });
});

describe("what a crash forgets", () => {
  test("is no unit that has left: the record runs ahead of a busy key and is exact for a slow one", () => {
    const { one, ask, store, restart } = newGuard();
    const used = () => store.stored[one.id]?.used;
    const told = [1, 1, 1, 1].map((units) => {
      const { ahead } = ask([{ id: one.id, want: units, waiting: units }]);
      return [used(), ahead];
    });
    expect(told).toEqual([
      [1, false],
      [2, false],
      [7, true],
      [7, true],
    ]);
    restart();
    expect(ask([{ id: one.id }]).keys[one.id]?.window?.remaining).toBe(93);
  });

  test("is less the more of a larger limit is used, and the records of all are written together", () => {
    const { one, two, put, ask, store } = newGuard();
    put({ ...one, version: 2, rateLimit: { requests: 1000, windowSeconds: 60 } });
    const use = (id: string) => ask([{ id, want: 1, waiting: 1 }]);
    for (let i = 0; i < 3; i++) use(one.id);
    expect(store.stored[one.id]?.used).toBe(7);
    for (let i = 0; i < 3; i++) use(one.id);
    const { writes } = store;
    expect(store.stored[one.id]?.used).toBe(7);
    use(two.id);
    expect([store.stored[one.id]?.used, store.stored[two.id]?.used]).toEqual([22, 1]);
    expect(store.writes).toBe(writes + 1);
  });

  test("is nothing after a last word, which makes the record exact", () => {
    const { one, two, ask, store } = newGuard();
    for (let i = 0; i < 4; i++) ask([one, two].map(({ id }) => ({ id, want: 1, waiting: 1 })));
    expect(store.stored[one.id]?.used).toBeGreaterThan(4);
    expect(ask([{ id: one.id }], { final: true }).ahead).toBe(false);
    expect([store.stored[one.id]?.used, store.stored[two.id]?.used]).toEqual([4, 4]);
    const { writes } = store;
    ask([{ id: one.id }], { final: true });
    expect(store.writes).toBe(writes);
  });

  test("is no lease: the longest on record counts as given by who starts", () => {
    const { one, ask, put, store, restart } = newGuard();
    ask([{ id: one.id }], { leaseMs: 500 });
    expect(store.state.longestLeaseMs).toBe(500);
    restart();
    expect(put({ ...one, version: 2 }).waitMs).toBe(500);
  });
});

describe("the longest lease on record", () => {
  test("is replaced by a shorter one ten seconds after its last use, once none can be in use", () => {
    const { one, ask, store, memory } = newGuard();
    const longest = (leaseMs: number, now: number) => {
      ask([{ id: one.id }], { leaseMs, now });
      return store.state.longestLeaseMs;
    };
    const { writes } = store;
    expect([longest(500, NOW), longest(200, NOW + 9999), longest(200, NOW + 10_000)]).toEqual([
      500, 500, 500,
    ]);
    expect(store.writes).toBe(writes + 1);
    endLeases(memory().given, 500);
    expect([longest(200, NOW + 9999), longest(200, NOW + 10_000)]).toEqual([500, 200]);
    expect(longest(200, NOW + 30_000)).toBe(200);
  });

  test("is written once, and kept for ten seconds after the latest lease of its length, or a start", () => {
    const { one, ask, store, memory, restart } = newGuard();
    const longest = (leaseMs: number, now: number) => {
      ask([{ id: one.id }], { leaseMs, now });
      return store.state.longestLeaseMs;
    };
    const { writes } = store;
    longest(500, NOW);
    longest(500, NOW + 5000);
    endLeases(memory().given, 500);
    endLeases(memory().given, 500);
    expect([longest(200, NOW + 10_000), store.writes]).toEqual([500, writes + 1]);
    restart();
    longest(200, NOW + 20_000);
    endLeases(memory().given, 500);
    expect([longest(200, NOW + 29_999), longest(200, NOW + 30_000)]).toEqual([500, 200]);
    longest(200, NOW + 60_000);
    expect(store.writes).toBe(writes + 2);
  });

  test("ends by a timer of its length alone, one more when it was given again meanwhile", () => {
    const { one, ask, memory } = newGuard();
    const { given } = memory();
    ask([{ id: one.id }]);
    ask([{ id: one.id }]);
    expect([timersToStart(given), timersToStart(given)]).toEqual([[200], []]);
    endLeases(given, 200);
    expect([longestOutstanding(given), timersToStart(given)]).toEqual([200, [200]]);
    endLeases(given, 200);
    expect([longestOutstanding(given), timersToStart(given)]).toEqual([0, []]);
    ask([{ id: one.id }], { leaseMs: 0 });
    expect(timersToStart(given)).toEqual([]);
  });
});

test("of a dead key of an organisation that is gone nothing personal is left", () => {
  const { record } = makeRecord({
    vaults: ["vault_1"],
    ownerVaults: ["vault_1"],
    allowedIps: ["::1"],
    rateLimit: LIMIT,
    expiresAt: 1,
    revokedAt: 2,
    retiresAt: 3,
  });
  expect(tombstoneOf(record)).toEqual({
    ...record,
    ownerId: "",
    scopes: [],
    vaults: [],
    ownerVaults: [],
    allowedIps: [],
    rateLimit: null,
    expiresAt: null,
    retiresAt: null,
  });
});
