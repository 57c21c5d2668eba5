import { describe, expect, test } from "vitest";
import { arrive, keyOf, NEVER, newGroup, newIsolate, type HeldKey } from "../../src/admission/rules/held.ts";
import {
  decide,
  decideAsked,
  endLease,
  readClock,
  type OwnUnits,
} from "../../src/admission/rules/isolate.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";
import { NO_DENIALS } from "../../src/core/token/token-denials.ts";
import { makeRecord } from "../support/records.ts";

const NOW = 10_000;
const LIMIT = { requests: 100, windowSeconds: 60 };
const HELD: GuardedKey = { record: makeRecord({ rateLimit: LIMIT }).record, denials: NO_DENIALS };
const WINDOW = {
  number: 7,
  limit: LIMIT,
  remaining: 0,
  resetInMs: 5000,
  end: NOW + 5000,
  endLatest: NOW + 5000,
  sequence: 1,
};
const JUDGE = { absent: "absent", refusalOf: () => null };
const REFUSING = { absent: "absent", refusalOf: () => "revoked" };

interface Situation {
  readonly key?: Partial<HeldKey<GuardedKey>>;
  readonly leaseEnd?: number;
  /** Questions that were answered, of one that was sent before the request arrived. */
  readonly covered?: number;
  readonly cost?: number;
  readonly judge?: typeof JUDGE | typeof REFUSING;
}

/** What becomes of a request, and the units that are left; by default a good key with five units under a lease. */
function decided({ key, leaseEnd = NOW + 1, covered = 1, cost = 1, judge = JUDGE }: Situation) {
  const group = newGroup<GuardedKey>("group");
  Object.assign(group, { asked: 1, covered, leaseEnd });
  const held = keyOf(group, "key_a");
  Object.assign(held, { isKnown: true, held: HELD, units: 5, window: { ...WINDOW }, ...key });
  const decision = decide(group, held, arrive(group, "key_a", cost), judge, NOW);
  return { ...decision, units: held.units };
}

const ADMITTED = { kind: "admitted", held: HELD, by: "lease", window: 7 };
const UNDECIDED = { kind: "undecided", units: 5 };

test.each<[string, Situation, object]>([
  ["admitted under a lease, by a unit", {}, { ...ADMITTED, units: 4 }],
  ["admitted by the last units", { cost: 5 }, { ...ADMITTED, units: 0 }],
  ["admitted where it takes none", { cost: 0, key: { units: 0 } }, { ...ADMITTED, window: 0, units: 0 }],
  ["not decided when the lease has ended", { leaseEnd: NOW }, UNDECIDED],
  ["not decided when an older question was answered", { leaseEnd: NOW, covered: 1 }, UNDECIDED],
  ["decided by an answer that was asked for later", { leaseEnd: NOW, covered: 2 }, { ...ADMITTED, units: 4 }],
  ["not decided when nothing is known of the key", { key: { isKnown: false } }, UNDECIDED],
  [
    "refused when there is no such key",
    { key: { held: null } },
    { kind: "refused", refusal: "absent", held: null, units: 5 },
  ],
  [
    "refused when the record says so",
    { judge: REFUSING },
    { kind: "refused", refusal: "revoked", held: HELD, units: 5 },
  ],
  [
    "refused so, whatever it takes",
    { judge: REFUSING, cost: 0 },
    { kind: "refused", refusal: "revoked", held: HELD, units: 5 },
  ],
  ["not decided without a window", { key: { window: null } }, UNDECIDED],
  ["not decided when the window has ended", { key: { window: { ...WINDOW, end: NOW } } }, UNDECIDED],
  ["limited when there are no units, here or there", { cost: 6 }, { kind: "limited", held: HELD, units: 5 }],
  [
    "limited when all of them are too few",
    { cost: 8, key: { window: { ...WINDOW, remaining: 2 } } },
    { kind: "limited", held: HELD, units: 5 },
  ],
  [
    "not decided when the guard has enough",
    { cost: 8, key: { window: { ...WINDOW, remaining: 3 } } },
    UNDECIDED,
  ],
  ["held to no more than the whole limit", { cost: 200, key: { units: 100 } }, { ...ADMITTED, units: 0 }],
])("a request is %s", (_, situation, expected) => {
  expect(decided(situation)).toEqual(expected);
});

test.each<[string, OwnUnits | null, Situation, object]>([
  ["by its own unit", { window: 7, units: 1 }, {}, { ...ADMITTED, by: "guard", surplus: 2 }],
  ["under the lease, without one", null, {}, { ...ADMITTED, surplus: 2 }],
  [
    "not yet, without a record",
    { window: 7, units: 1 },
    { key: { isKnown: false } },
    { kind: "undecided", surplus: 3 },
  ],
  [
    "by there being no key",
    { window: 7, units: 1 },
    { key: { held: null } },
    { kind: "refused", refusal: "absent", held: null, surplus: 3 },
  ],
  [
    "by what the record says",
    { window: 7, units: 1 },
    { judge: REFUSING },
    { kind: "refused", refusal: "revoked", held: HELD, surplus: 3 },
  ],
  [
    "so, and its unit is given back to no other window",
    { window: 6, units: 1 },
    { judge: REFUSING },
    { kind: "refused", refusal: "revoked", held: HELD, surplus: 2 },
  ],
])("the request that asked is decided %s", (_, own, { key, judge = JUDGE }, expected) => {
  const group = newGroup<GuardedKey>("group");
  Object.assign(group, { asked: 1, covered: 1, leaseEnd: NOW + 1 });
  const held = keyOf(group, "key_a");
  Object.assign(held, { isKnown: true, held: HELD, units: 5, surplus: 2, window: { ...WINDOW }, ...key });
  const decision = decideAsked(group, held, { request: arrive(group, "key_a", 1), own, judge }, NOW);
  expect({ ...decision, surplus: held.surplus }).toEqual(expected);
  expect(held.units).toBe(own === null ? 4 : 5);
});

test.each([
  [1, NOW],
  [2, NEVER],
  [3, NEVER],
])("a timer of question %i ends the lease that question 2 has brought: %i", (sequence, leaseEnd) => {
  const group = newGroup<GuardedKey>("group");
  Object.assign(group, { leaseEnd: NOW, leaseSequence: 2 });
  const question = { have: 1, leaseWanted: 0, final: false, keys: [] };
  const sent = { question, sequence, sentAt: NOW, epoch: 0, leaseOver: false };
  endLease(group, sent);
  expect([group.leaseEnd, sent.leaseOver]).toEqual([leaseEnd, true]);
});

describe("a reading of the clock", () => {
  /** An isolate in the midst of things. */
  function busy() {
    const isolate = newIsolate<GuardedKey>();
    const group = newGroup<GuardedKey>("group");
    isolate.groups.set("a", group);
    const key = keyOf(group, "key_a");
    const other = keyOf(group, "key_b");
    expect(readClock(isolate, NOW)).toBe(NOW);
    Object.assign(group, { leaseEnd: NOW + 100, retryAt: NOW + 50, underWay: [{}] });
    Object.assign(key, { units: 5, surplus: 2, window: { ...WINDOW }, since: NOW, usedAt: NOW });
    Object.assign(other, { units: 1 });
    return { isolate, group, key, other };
  }

  test.each([NOW, NOW + 1])("that is no lower than the highest ends nothing: %i", (reading) => {
    const { isolate, group, key } = busy();
    expect(readClock(isolate, reading)).toBe(reading);
    expect(isolate).toMatchObject({ epoch: 0, highest: reading });
    expect([group.leaseEnd, group.retryAt, key.units]).toEqual([NOW + 100, NOW + 50, 5]);
  });

  test("that is lower ends leases, waits, questions, units and windows of before", () => {
    const { isolate, group, key, other } = busy();
    expect(readClock(isolate, NOW - 1)).toBe(NOW - 1);
    expect(isolate).toMatchObject({ epoch: 1, highest: NOW - 1 });
    expect(group).toMatchObject({ leaseEnd: NEVER, retryAt: 0, underWay: [] });
    expect(key).toMatchObject({ units: 0, surplus: 7, since: 0, usedAt: 0, window: { end: NEVER } });
    expect(other).toMatchObject({ units: 0, surplus: 1, window: null });
    readClock(isolate, NOW - 2);
    expect(isolate.epoch).toBe(2);
  });
});
