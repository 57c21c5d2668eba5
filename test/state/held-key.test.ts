import { describe, expect, test } from "vitest";
import { MAX_NAMES, OTHERS } from "../../src/core/calls.ts";
import type { KeyRecord } from "../../src/core/key-record.ts";
import type { Grant } from "../../src/core/lease.ts";
import { NO_DENIALS } from "../../src/core/token-denials.ts";
import { compileKey } from "../../src/state/compiled-key.ts";
import { HeldKey } from "../../src/state/held-key.ts";
import { makeRecord } from "../support/records.ts";

const SLACK_MS = 20;
const LEASE_MS = 200;
const USABLE_MS = LEASE_MS - SLACK_MS;
const T = 1_000_000;
const LIMIT = 100;
const { record } = makeRecord();

function held(): HeldKey {
  return new HeldKey(record.id, SLACK_MS);
}

/** A grant of the first version with its record, in a window that started at `T`, unless said otherwise. */
function grant(units: number, changes: Partial<Grant> = {}): Grant {
  return {
    revision: 1,
    record,
    denials: NO_DENIALS,
    leaseMs: LEASE_MS,
    units,
    window: windowAt(T, LIMIT - units),
    ...changes,
  };
}

function windowAt(startedAt: number, remaining: number): NonNullable<Grant["window"]> {
  const windowSeconds = 60;
  return {
    startedAt,
    limit: LIMIT,
    windowSeconds,
    remaining,
    resetAt: startedAt + windowSeconds * 1000,
    resetInMs: windowSeconds * 1000,
  };
}

function revision(n: number, changes: Partial<KeyRecord> = {}): Pick<Grant, "revision" | "record"> {
  return { revision: n, record: { ...record, version: n, ...changes } };
}

/** A key that asked at `T` and was answered 10 ms later. */
function leased(units: number, changes: Partial<Grant> = {}): HeldKey {
  const key = held();
  expect(key.receive(grant(units, changes), T, T + 10)).toBe(true);
  return key;
}

function takeAll(key: HeldKey, now: number): number {
  let taken = 0;
  while (key.take(now)) taken++;
  return taken;
}

describe("a copy out of the cache", () => {
  test("is a first guess that vouches for nothing", () => {
    const key = held();
    key.guess(compileKey(record));
    expect(key.key?.record).toEqual(record);
    expect([key.vouched(T), key.take(T), key.exhausted(T), key.rate()]).toEqual([false, false, false, null]);
    expect(key.ask(T, null)).toMatchObject({ have: 0, want: 1, returned: null });
  });

  test("does not replace what the guard has said", () => {
    const key = leased(1);
    key.guess(compileKey({ ...record, disabled: true }));
    expect(key.key?.record.disabled).toBe(false);
  });

  test("of a key that never was is gone when the guard says so", () => {
    const key = held();
    key.guess(compileKey(record));
    expect(key.receive(grant(0, { revision: 0, record: null, window: null }), T, T)).toBe(true);
    expect(key.key).toBeNull();
    expect(key.vouched(T)).toBe(true);
  });
});

describe("a lease", () => {
  test("holds from when it was asked for, less the slack, and no longer", () => {
    const key = leased(5);
    expect([T, T + USABLE_MS - 1].map((now) => key.vouched(now))).toEqual([true, true]);
    expect(key.vouched(T + USABLE_MS)).toBe(false);
    expect(key.take(T + USABLE_MS)).toBe(false);
  });

  test("is over when the clock has jumped back", () => {
    const key = leased(5);
    expect([key.vouched(T - 1), key.take(T - 1)]).toEqual([false, false]);
  });

  test.each([0, SLACK_MS])("of %i ms vouches for nothing by the time that it arrives", (leaseMs) => {
    const key = leased(5, { leaseMs });
    expect([key.vouched(T), key.take(T), key.take(T + 10)]).toEqual([false, false, false]);
  });

  test("gives each of its units once", () => {
    expect(takeAll(leased(5), T + 10)).toBe(5);
  });

  test("gives no unit after the window's end, counted from when it was asked for", () => {
    const window = { ...windowAt(T, 0), resetInMs: 50 };
    expect(leased(5, { window }).take(T + 49)).toBe(true);
    expect(leased(5, { window }).take(T + 50)).toBe(false);
  });

  test("is not shortened by an answer to an earlier question", () => {
    const key = held();
    key.receive(grant(1), T + 100, T + 110);
    key.receive(grant(1, { record: null }), T, T + 120);
    expect(key.vouched(T + 100 + USABLE_MS - 1)).toBe(true);
  });
});

describe("an answer", () => {
  test("of an older version is not believed", () => {
    const key = leased(0, revision(2, { disabled: true }));
    expect(key.receive(grant(5), T + 50, T + 60)).toBe(false);
    expect(key.key?.record).toMatchObject({ version: 2, disabled: true });
    expect(key.take(T + 60)).toBe(false);
    expect(key.vouched(T + USABLE_MS)).toBe(false);
  });

  test("of a version whose record it does not bring, and is not held, is not believed", () => {
    const key = leased(1);
    expect(key.receive(grant(5, { revision: 2, record: null }), T + 50, T + 60)).toBe(false);
    expect(key.key?.record.version).toBe(1);
    expect(held().receive(grant(5, { record: null }), T, T)).toBe(false);
  });

  test("of the version that is held needs no record", () => {
    const key = leased(1);
    expect(key.ask(T + 50, null).have).toBe(1);
    expect(key.receive(grant(2, { record: null }), T + 50, T + 60)).toBe(true);
    expect(key.vouched(T + 50 + USABLE_MS - 1)).toBe(true);
    expect(takeAll(key, T + 60)).toBe(3);
  });
});

describe("units that may not be used any more", () => {
  test("are those of an ended lease: they go back with the next question, once", () => {
    const key = leased(5);
    key.take(T + 10);
    expect(key.ask(T + USABLE_MS, null).returned).toEqual({ startedAt: T, units: 4 });
    expect(key.ask(T + USABLE_MS, null).returned).toBeNull();
    key.receive(grant(0, { record: null }), T + USABLE_MS, T + USABLE_MS);
    expect(key.take(T + USABLE_MS)).toBe(false);
  });

  test("are those of an older version", () => {
    const key = leased(5);
    key.receive(grant(2, revision(2)), T + 50, T + 60);
    expect(takeAll(key, T + 60)).toBe(2);
    expect(key.ask(T + 70, null).returned).toEqual({ startedAt: T, units: 5 });
  });

  test("stay while their lease holds", () => {
    const key = leased(5);
    expect(key.ask(T + 10, null).returned).toBeNull();
    expect(takeAll(key, T + 10)).toBe(5);
  });

  test("are forgotten with their window", () => {
    const key = leased(5);
    const later = T + 60_000;
    key.receive(grant(3, { record: null, window: windowAt(later, LIMIT - 3) }), later, later);
    expect(takeAll(key, later)).toBe(3);
    expect(key.ask(later + LEASE_MS, null).returned).toBeNull();
  });

  test("of a window that is over are not taken in", () => {
    const key = leased(0, { window: windowAt(T, 50) });
    key.receive(grant(7, { record: null, window: windowAt(T - 60_000, 90) }), T + 1, T + 10);
    expect(key.take(T + 10)).toBe(false);
    expect(key.rate()?.remaining).toBe(50);
  });
});

describe("what a client is told of the window", () => {
  test("counts the units at hand as remaining, one less with each request", () => {
    const key = leased(3);
    const remaining = [LIMIT];
    while (key.take(T + 10)) remaining.push(key.rate()?.remaining ?? 0);
    expect(remaining).toEqual([LIMIT, LIMIT - 1, LIMIT - 2, LIMIT - 3]);
  });

  test("is to come back when the window has surely ended, counted from the answer", () => {
    const key = leased(0, { window: { ...windowAt(T, 0), resetInMs: 5000 } });
    expect(key.rate()).toMatchObject({
      limit: LIMIT,
      windowSeconds: 60,
      resetAt: T + 60_000,
      retryAt: T + 10 + 5000,
    });
  });
});

describe("a window that is used up", () => {
  const usedUp = { window: windowAt(T, 0) };

  test("is known without asking while the lease holds", () => {
    const key = leased(0, usedUp);
    expect([key.exhausted(T + 10), key.exhausted(T + USABLE_MS - 1)]).toEqual([true, true]);
    expect(key.exhausted(T + USABLE_MS)).toBe(false);
  });

  test("is not so while there are units at hand, nor after its end", () => {
    const key = leased(1, usedUp);
    expect(key.exhausted(T + 10)).toBe(false);
    key.take(T + 10);
    expect(key.exhausted(T + 10)).toBe(true);
    expect(leased(0, { window: { ...windowAt(T, 0), resetInMs: 50 } }).exhausted(T + 50)).toBe(false);
  });

  test("is not so where some of it remains at the guard", () => {
    expect(leased(0).exhausted(T + 10)).toBe(false);
  });
});

describe("counts", () => {
  test("are reported once, with the last request", () => {
    const key = leased(1);
    expect(key.unreported).toBe(false);
    key.count("admitted", T + 1, "192.0.2.1");
    key.count("limited", T + 2, "192.0.2.2");
    key.count("refused", T + 3, "192.0.2.3");
    expect(key.unreported).toBe(true);
    const usage = { admitted: 1, limited: 1, refused: 1, lastUsedAt: T + 3, lastUsedIp: "192.0.2.3" };
    expect(key.ask(T + 4, null).usage).toEqual(usage);
    expect(key.ask(T + 4, null).usage).toBeNull();
  });

  test("that did not reach the guard are reported again with what came meanwhile", () => {
    const key = leased(1);
    key.count("admitted", T + 1, "192.0.2.1");
    const { usage } = key.ask(T + 2, null);
    key.count("admitted", T + 3, "192.0.2.3");
    key.restore(usage);
    key.restore(null);
    expect(key.ask(T + 4, null).usage).toEqual({
      admitted: 2,
      limited: 0,
      refused: 0,
      lastUsedAt: T + 3,
      lastUsedIp: "192.0.2.3",
    });
  });

  test("say refused of a request whose unit was given back, and the unit is there again", () => {
    const key = leased(1);
    key.take(T + 10);
    key.count("admitted", T + 10, "192.0.2.1");
    key.giveBack();
    expect(key.take(T + 10)).toBe(true);
    expect(key.ask(T + 20, null).usage).toMatchObject({ admitted: 0, refused: 1 });
  });
});

describe("calls that were let through", () => {
  const usage = { admitted: 0, limited: 0, refused: 0, lastUsedAt: T + 2, lastUsedIp: "192.0.2.2" };

  test("are reported once, by their names, with the last of them", () => {
    const key = leased(1);
    key.countCall("a", T + 1, "192.0.2.1");
    key.countCall("b", T + 1, "192.0.2.1");
    key.countCall("a", T + 2, "192.0.2.2");
    expect([key.hasCalls, key.unreported]).toEqual([true, false]);
    const calls = new Map(Object.entries({ a: 2, b: 1 }));
    expect(key.ask(T + 3, null).usage).toEqual({ ...usage, calls });
    expect([key.hasCalls, key.ask(T + 3, null).usage]).toEqual([false, null]);
  });

  test("that did not reach the guard are reported again with what came meanwhile", () => {
    const key = leased(1);
    key.countCall("a", T + 1, "192.0.2.1");
    const ask = key.ask(T + 1, null);
    key.countCall("a", T + 2, "192.0.2.2");
    key.restore(ask.usage);
    expect(key.ask(T + 3, null).usage).toEqual({ ...usage, calls: new Map([["a", 2]]) });
  });

  test("take up no more room than so many names, however often a report fails", () => {
    const key = leased(1);
    for (let i = 0; i < 5 * MAX_NAMES; i++) {
      key.countCall(`n${i}`, T, "192.0.2.1");
      if (i % MAX_NAMES === 0) key.restore(key.ask(T, null).usage);
    }
    const calls = key.ask(T, null).usage?.calls;
    expect(calls?.size).toBe(MAX_NAMES + 1);
    expect(calls?.get(OTHERS)).toBe(4 * MAX_NAMES);
  });

  test("are no part of what the guard is owed in units and counts", () => {
    const key = leased(0);
    key.countCall("a", T, "192.0.2.1");
    expect([key.hasCalls, key.owing]).toEqual([true, false]);
  });
});

describe("the next question", () => {
  test("asks for what the recent rate uses in a lease, less what is in hand", () => {
    const key = leased(50);
    for (let i = 0; i < 30; i++) key.take(T + 50);
    expect(key.ask(T + 100, null).want).toBe(60 - 20);
  });

  test("asks for none when enough is in hand, unless a request waits for one", () => {
    const request = { at: T, address: "192.0.2.1", call: null };
    expect([leased(50).ask(T + 100, null).want, leased(50).ask(T + 100, request).want]).toEqual([0, 1]);
  });

  test("counts requests that the guard admitted itself towards the rate", () => {
    const key = leased(0);
    for (let i = 0; i < 10; i++) key.noteSpent();
    expect(key.ask(T + 100, null).want).toBe(20);
  });

  test("passes on the request that waits for it", () => {
    const request = { at: T, address: "192.0.2.1", call: null };
    expect(held().ask(T, request).request).toEqual(request);
  });
});

describe("a lease is renewed in the background", () => {
  const halfOver = T + USABLE_MS / 2 + 1;

  test("when half of it is over, in steady use", () => {
    const key = leased(50);
    expect(key.worthRenewing(halfOver)).toBe(false);
    key.take(T + 10);
    expect(key.worthRenewing(halfOver)).toBe(false);
    key.take(T + 10);
    expect([key.worthRenewing(halfOver - 1), key.worthRenewing(halfOver)]).toEqual([false, true]);
  });

  test("when three quarters of its units are used", () => {
    const key = leased(8);
    for (let used = 1; used <= 6; used++) key.take(T + 10);
    expect(key.worthRenewing(T + 10)).toBe(false);
    key.take(T + 10);
    expect(key.worthRenewing(T + 10)).toBe(true);
  });

  test("by one call at a time, which is taken for lost after two seconds", () => {
    const key = leased(50);
    key.take(T);
    key.take(T);
    key.setBusy(halfOver);
    expect([key.busy(halfOver), key.worthRenewing(halfOver)]).toEqual([true, false]);
    expect([key.busy(halfOver + 1999), key.busy(halfOver + 2000)]).toEqual([true, false]);
    key.setBusy(0);
    expect(key.worthRenewing(halfOver)).toBe(true);
  });
});
