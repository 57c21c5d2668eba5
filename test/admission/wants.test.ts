import { describe, expect, test } from "vitest";
import { MAX_GROUP_KEYS } from "../../src/admission/protocol.ts";
import { arrive, keyOf, type Group } from "../../src/admission/rules/held.ts";
import { wantsOf } from "../../src/admission/rules/pace.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";
import { usageOf } from "../../src/admission/rules/report.ts";
import { countUse } from "../../src/core/usage/usage-tally.ts";
import { groupWith, keyIn, NOW, windowFor, type Held } from "../support/held.ts";

describe("a question wants", () => {
  /** A group whose last question was sent so lately that its use counts as steady. */
  const STEADY = { spent: 2, leaseMs: 200, tookMs: 20, askedAt: NOW - 419 };
  const SHORT = { spent: 2, leaseMs: 100, askedAt: NOW - 199 };
  const SHORTEST = { ...SHORT, leaseMs: 0 };
  const USED = { isInUse: true, usedAt: NOW, window: windowFor(1000) };
  const wanted = (group: Partial<Group<GuardedKey>>, key: Partial<Held>, isFinal = false) => {
    const own = groupWith(group);
    const held = keyIn(own, key);
    const [want] = wantsOf(own, { asker: null, report: null, isFinal }, NOW);
    return { want: want?.want, spare: want?.spare, ...held };
  };

  test.each<[string, Partial<Group<GuardedKey>>, Partial<Held>, number]>([
    ["for a first use what waits", {}, { demand: 1 }, 1],
    ["and one more in steady use", STEADY, { demand: 1 }, 2],
    ["never less than what waits", STEADY, { demand: 3, units: 9 }, 3],
    // 50 a second for 240 ms are 12 units; twice the root of 12 more, rounded up, and one.
    ["what a lease and two answers use", STEADY, { ...USED, spent: 50, since: NOW - 1000 }, 20],
    ["that, less what is left", STEADY, { ...USED, spent: 50, since: NOW - 1000, units: 5 }, 15],
    ["that by the rate of before as well", STEADY, { ...USED, spent: 50, since: NOW - 1000, rate: 100 }, 28],
    [
      "that of a key of hardly any rate before",
      STEADY,
      { ...USED, spent: 50, since: NOW - 1000, rate: 0.5 },
      12,
    ],
    ["that after a failure, too", { ...STEADY, failures: 1 }, { ...USED, spent: 50, since: NOW - 1000 }, 20],
    ["as for 50 ms where less has passed", SHORT, { ...USED, spent: 40, since: NOW }, 99],
    ["as for 100 ms where the lease is shorter", SHORTEST, { ...USED, spent: 50, since: NOW - 1000 }, 11],
    [
      "nothing ahead right after that",
      { ...SHORTEST, askedAt: NOW - 200 },
      { ...USED, spent: 50, demand: 1, since: NOW - 1000 },
      1,
    ],
    ["exactly what comes out whole", SHORT, { ...USED, spent: 160, since: NOW - 1000 }, 25],
    ["and one more for the smallest part", SHORT, { ...USED, spent: 1601, since: NOW - 10_000 }, 26],
    ["four times what was used at the most", STEADY, { ...USED, spent: 2, since: NOW }, 9],
    [
      "what waits, where use is not steady",
      { ...STEADY, askedAt: NOW - 420 },
      { ...USED, spent: 50, demand: 1 },
      1,
    ],
    ["what waits, where one was used", { ...STEADY, spent: 1 }, { ...USED, spent: 1, demand: 1 }, 1],
    ["units ahead, where one was used and one waits", { ...STEADY, spent: 1, demand: 1 }, { demand: 1 }, 2],
  ])("%s", (_, group, key, want) => {
    expect(wanted(group, key).want).toBe(want);
  });

  test("and knows no rate of a key before its second use", () => {
    expect(wanted({}, { demand: 1 }).rate).toBe(0);
  });

  test("no units ahead with a last word", () => {
    expect(wanted(STEADY, { ...USED, spent: 50, units: 4 }, true)).toMatchObject({
      want: 0,
      units: 0,
      surplus: 4,
    });
  });

  test.each<[string, Partial<Group<GuardedKey>>, Partial<Held>, object]>([
    [
      "of a key that was not used for a minute",
      {},
      { units: 5, usedAt: NOW - 60_001, rate: 3 },
      { surplus: 5, units: 0, isInUse: false, rate: 0 },
    ],
    [
      "of a key that was never used",
      {},
      { units: 1, usedAt: NOW - 60_001, isInUse: false },
      { surplus: 1, units: 0 },
    ],
    ["none of a key that is used later", {}, { units: 20, window: windowFor(0) }, { surplus: 0, units: 20 }],
    [
      "of a key that was used once",
      STEADY,
      { spent: 1, since: NOW - 1000, units: 20 },
      { surplus: 14, units: 6 },
    ],
    [
      "none of one that was",
      {},
      { units: 5, usedAt: NOW - 60_000, window: null },
      { surplus: 0, units: 5, isInUse: true },
    ],
    ["none after a failure", { failures: 1 }, { units: 5, usedAt: NOW - 60_001 }, { surplus: 0, units: 5 }],
    [
      "of more than twice what is used, and eight",
      STEADY,
      { spent: 50, since: NOW - 1000, units: 49 },
      { surplus: 9, units: 40 },
    ],
    ["none of just as many", STEADY, { spent: 50, since: NOW - 1000, units: 48 }, { surplus: 0, units: 48 }],
  ])("to return units: %s", (_, group, key, expected) => {
    expect(wanted(group, { ...USED, ...key })).toMatchObject(expected);
  });

  test.each<[string, Partial<Held>, boolean]>([
    ["its units are used up", { units: 0 }, true],
    ["its window has ended", { units: 5, window: windowFor(0) }, true],
    ["it has a unit", { units: 5, surplus: 1 }, false],
    ["it was used a minute ago", { units: 0, usedAt: NOW - 60_000 }, true],
    ["it was not for longer", { units: 0, surplus: 1, usedAt: NOW - 60_001 }, false],
    ["it was never used", { units: 0, surplus: 1, isInUse: false }, false],
    ["its window is not known", { units: 0, surplus: 1, window: null }, false],
    ["it wants units", { units: 0, demand: 1 }, false],
  ])("a spare unit of a key in use, or not, where %s", (_, key, spare) => {
    expect(wanted(STEADY, { ...USED, ...key }).spare).toBe(spare);
  });

  test.each<[string, Partial<Held>, boolean, Partial<Group<GuardedKey>>?]>([
    ["has a unit and an open window", { units: 1 }, false],
    ["has no unit", { units: 0 }, true],
    ["has a window that has ended", { units: 1, window: windowFor(0) }, true],
    ["was not used for a minute", { units: 1, usedAt: NOW - 60_001 }, true],
    ["has units to return", { units: 1, surplus: 1 }, true],
    ["has no unit, in a group that is hardly used", { units: 0 }, false, {}],
    [
      "has units to return, after a failure",
      { units: 0, surplus: 1, isInUse: false },
      false,
      { failures: 1 },
    ],
    ["is not in use, and has nothing", { isInUse: false, units: 0 }, false],
    ["is not in use, and has a unit that nobody asked for", { isInUse: false, units: 1, surplus: 1 }, true],
  ])("nothing for a key at rest: one that %s", (_, key, isTold, group = STEADY) => {
    expect(wanted(group, { ...USED, ...key }).want !== undefined).toBe(isTold);
  });

  test("for the asker its cost as a whole; fewer units go back", () => {
    const group = groupWith();
    const key = keyIn(group, { units: 3, usedAt: NOW });
    const asker = arrive(group, "key_a", 5);
    const want = { id: "key_a", want: 5, waiting: 5, need: 5, spare: false, usage: null };
    expect(wantsOf(group, { asker, report: null, isFinal: false }, NOW)).toEqual([want]);
    expect([key.units, key.surplus]).toEqual([0, 3]);
    key.units = 5;
    wantsOf(group, { asker, report: null, isFinal: false }, NOW);
    expect(key.units).toBe(5);
  });

  test("for an asker that costs nothing an answer, and for no other key of the group its cost", () => {
    const group = groupWith({ failures: 1 });
    keyIn(group, { demand: 2, surplus: 4 }, "key_b");
    const wants = wantsOf(group, { asker: arrive(group, "key_a", 0), report: null, isFinal: false }, NOW);
    expect(wants.map(({ id, want, need }) => [id, want, need])).toEqual([
      ["key_a", 0, 0],
      ["key_b", 2, 0],
    ]);
  });

  test("for up to 64 keys, the asker and those with counts first", () => {
    const group = groupWith();
    for (let i = 0; i < MAX_GROUP_KEYS; i++) keyIn(group, { demand: 1 }, `key_${i}`);
    countUse(usageOf(group, "counted"), "succeeded", null, "192.0.2.1", NOW);
    const report = { number: 1, usage: new Map(group.usage), firstTo: "", isRepeated: false };
    const wants = wantsOf(group, { asker: arrive(group, "asker", 1), report, isFinal: false }, NOW);
    expect(wants).toHaveLength(MAX_GROUP_KEYS);
    expect(wants.slice(0, 3).map(({ id }) => id)).toEqual(["asker", "counted", "key_0"]);
    expect(wants[1]?.usage).not.toBeNull();
    expect(new Set(wants.map(({ id }) => id)).size).toBe(MAX_GROUP_KEYS);
  });

  test("and begins to count anew", () => {
    const group = groupWith({ spent: 3, refused: 2, demand: 1, isLow: true });
    keyIn(group, { spent: 1, since: 5 }, "used once");
    keyIn(group, { spent: 2, demand: 2, since: 5 }, "used and waited for");
    const [used, idle] = [
      keyIn(group, { spent: 3, since: 5 }),
      keyIn(group, { since: 5, surplus: 1 }, "key_b"),
    ];
    wantsOf(group, { asker: null, report: null, isFinal: false }, NOW);
    expect(group).toMatchObject({ spent: 0, refused: 0, demand: 0, isLow: false, askedAt: NOW });
    expect(used).toMatchObject({ spent: 0, demand: 0, since: NOW, isInUse: true });
    expect(idle).toMatchObject({ since: 5, isInUse: false });
    const others = ["used once", "used and waited for"].map((id) => keyOf(group, id));
    expect(others.map(({ since, demand }) => [since, demand])).toEqual([
      [NOW, 0],
      [NOW, 0],
    ]);
  });
});
