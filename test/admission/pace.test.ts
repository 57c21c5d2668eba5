import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/admission/protocol.ts";
import { arrive, type Group } from "../../src/admission/rules/held.ts";
import {
  isRenewalDue,
  lastWordAt,
  nextStep,
  noteAnswered,
  noteDemand,
  noteFailed,
  noteRefusal,
  noteSent,
  noteUse,
} from "../../src/admission/rules/pace.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";
import { usageOf } from "../../src/admission/rules/report.ts";
import { groupWith, keyIn, NOW, sent, windowFor, type Held } from "../support/held.ts";

const ANSWER: Answer<GuardedKey> = { revision: 1, leaseMs: 200, changed: {}, keys: {}, ahead: false };

describe("a request that cannot be decided", () => {
  const step = (change: Partial<Group<GuardedKey>>, { waited = 0, polls = 0 } = {}) => {
    const group = groupWith(change);
    return nextStep(group, { ...arrive(group, "key_a", 1), polls }, NOW - waited, NOW);
  };
  const ASK = { kind: "ask" };
  const GIVE_UP = { kind: "give up" };
  const wait = (ms: number) => ({ kind: "wait", ms });

  test.each<[string, Partial<Group<GuardedKey>>, { waited?: number; polls?: number }, object]>([
    ["asks where nobody does", {}, {}, ASK],
    ["asks for as long as five seconds", {}, { waited: 5000 }, ASK],
    ["gives up after five seconds", {}, { waited: 5001 }, GIVE_UP],
    ["waits for the next try after three failures", { retryAt: NOW + 30, failures: 3 }, {}, wait(31)],
    ["gives up after four", { retryAt: NOW + 30, failures: 4 }, {}, GIVE_UP],
    ["asks when it is time for the next try", { retryAt: NOW, failures: 4 }, {}, ASK],
    ["waits first until the answer is due", { underWay: [sent(10)], tookMs: 40 }, {}, wait(31)],
    ["waits a little for one that is due", { underWay: [sent(60)], tookMs: 40 }, {}, wait(3)],
    ["looks again soon", { underWay: [sent(60)], tookMs: 40 }, { polls: 1 }, wait(4.5)],
    ["looks again later", { underWay: [sent(60)], tookMs: 40 }, { polls: 3 }, wait(10.125)],
    ["looks at least that often", { underWay: [sent(60)], tookMs: 40 }, { polls: 20 }, wait(25)],
    [
      "looks more rarely where many wait",
      { underWay: [sent(60)], tookMs: 40, waits: 1000 },
      { polls: 20 },
      wait(50),
    ],
    ["waits 300 ms for the first answer of all", { underWay: [sent(299)] }, {}, wait(3)],
    ["asks after them", { underWay: [sent(300)] }, {}, ASK],
    ["waits two usual answers and 100 ms", { underWay: [sent(179)], tookMs: 40 }, {}, wait(3)],
    ["asks after them, as the asker may be dead", { underWay: [sent(180)], tookMs: 40 }, {}, ASK],
    ["waits twice as long for a second", { underWay: [sent(900), sent(359)], tookMs: 40 }, {}, wait(3)],
    ["asks after that", { underWay: [sent(900), sent(360)], tookMs: 40 }, {}, ASK],
  ])("%s", (_, group, request, expected) => {
    expect(step(group, request)).toEqual(expected);
  });

  test("notes that it has looked, and that it has waited", () => {
    const group = groupWith({ underWay: [sent(60)], tookMs: 40 });
    const request = arrive(group, "key_a", 1);
    for (let looks = 0; looks < 3; looks++) nextStep(group, request, NOW, NOW);
    expect([request.polls, group.waits]).toEqual([3, 2]);
  });

  test("is asked for once, and once more when that question failed or its answer was no use", () => {
    const group = groupWith({ asked: 4, covered: 4 });
    const key = keyIn(group);
    const request = arrive(group, "key_a", 3);
    const demands = () => {
      noteDemand(group, key, request, NOW);
      return [key.demand, group.demand];
    };
    expect([demands(), demands()]).toEqual([
      [3, 3],
      [3, 3],
    ]);
    expect([request.countedIn, key.since]).toEqual([5, NOW]);
    group.failures = 1;
    expect(demands()).toEqual([6, 6]);
    group.covered = 5;
    expect(demands()).toEqual([9, 9]);
    expect(request).toMatchObject({ countedIn: 5, countedAtFailures: 1 });
  });

  test("wants no more than the key's whole limit, and begins no new count of time", () => {
    const group = groupWith();
    const key = keyIn(group, { window: windowFor(1000, 7), since: NOW - 5 });
    noteDemand(group, key, arrive(group, "key_a", 30), NOW);
    expect([key.demand, key.since]).toEqual([7, NOW - 5]);
  });
});

describe("a use", () => {
  test.each<[string, number, number]>([
    ["some time after the last", NOW - 160, 90],
    ["long after the last counts as two seconds", NOW - 9000, 320],
    ["before the last, as the clock was set back, as none", NOW + 50, 70],
  ])("%s moves the usual gap by an eighth", (_, usedAt, gapMs) => {
    const group = groupWith({ usedAt, gapMs: 80 });
    const key = keyIn(group);
    noteUse(group, key, 2, NOW);
    noteUse(group, key, 3, NOW);
    expect(group).toMatchObject({ spent: 5, usedAt: NOW, gapMs: gapMs * (7 / 8) });
    expect(key).toMatchObject({ spent: 5, usedAt: NOW, since: NOW });
    noteUse(group, key, 0, NOW + 1);
    expect(key.since).toBe(NOW);
  });

  test.each<[string, Partial<Held>, boolean]>([
    ["less than a round trip and a half uses", { rate: 100, units: 7 }, true],
    ["as much as that", { rate: 100, units: 8 }, false],
    ["just a little less", { rate: 100.1, units: 8 }, true],
    ["nothing, of a key of five a second", { rate: 5, units: 0 }, true],
    ["nothing, of one that is used more rarely", { rate: 4.9, units: 0 }, false],
  ])("leaves a key low on units, or not: %s", (_, change, expected) => {
    const group = groupWith({ roundTripMs: 40 });
    noteUse(group, keyIn(group, change), 1, NOW);
    expect(group.isLow).toBe(expected);
  });
});

describe("a lease is renewed", () => {
  const endsIn = (ms: number) => ({ leaseEnd: NOW + ms });
  const BUSY = { leaseMs: 200, spent: 2, tookMs: 20 };
  const LOW = { ...BUSY, ...endsIn(190), isLow: true };

  test.each<[string, Partial<Group<GuardedKey>>, boolean]>([
    ["an answer and a half and 20 ms before its end", { ...BUSY, ...endsIn(49) }, true],
    ["and not before", { ...BUSY, ...endsIn(50) }, false],
    ["an eighth of it before its end", { ...BUSY, leaseMs: 800, ...endsIn(99) }, true],
    ["and not before that", { ...BUSY, leaseMs: 800, ...endsIn(100) }, false],
    ["a gap and a half before its end", { ...BUSY, gapMs: 60, ...endsIn(89) }, true],
    ["and not before the gap", { ...BUSY, gapMs: 60, ...endsIn(90) }, false],
    ["but no more than half of it", { ...BUSY, gapMs: 100, ...endsIn(100) }, false],
    ["and half of it at the most", { ...BUSY, gapMs: 100, ...endsIn(99) }, true],
    ["at the very end where answers are slow", { ...BUSY, tookMs: 61, ...endsIn(-1) }, true],
    ["and not a moment before", { ...BUSY, tookMs: 61, ...endsIn(0) }, false],
    ["as usual where they just are not", { ...BUSY, tookMs: 60, ...endsIn(109) }, true],
    ["and not before, there", { ...BUSY, tookMs: 60, ...endsIn(110) }, false],
    ["not for one use", { ...BUSY, spent: 1, ...endsIn(1) }, false],
    ["for a use and a refusal", { ...BUSY, spent: 1, refused: 1, ...endsIn(1) }, true],
    ["not where every request asks", { ...BUSY, leaseMs: 0, ...endsIn(-1) }, false],
    ["not before the next try", { ...BUSY, ...endsIn(1), retryAt: NOW + 1 }, false],
    ["at the next try", { ...BUSY, ...endsIn(1), retryAt: NOW }, true],
    ["not while a question is under way", { ...BUSY, ...endsIn(1), underWay: [sent(0)] }, false],
    ["early for a busy key that runs low", { ...LOW, askedAt: NOW - 21 }, true],
    ["but not at once", { ...LOW, askedAt: NOW - 20 }, false],
    ["half a round trip later, there", { ...LOW, roundTripMs: 60, askedAt: NOW - 31 }, true],
    ["and not before it", { ...LOW, roundTripMs: 60, askedAt: NOW - 30 }, false],
  ])("%s", (_, group, expected) => {
    expect(isRenewalDue(groupWith(group), NOW)).toBe(expected);
  });

  test("for refusals, too", () => {
    const group = groupWith({ ...BUSY, spent: 0, ...endsIn(1) });
    for (let refusals = 0; refusals < 2; refusals++) noteRefusal(group);
    expect(isRenewalDue(group, NOW)).toBe(true);
  });
});

describe("an answer", () => {
  test("is what the next ones are expected to be like", () => {
    const group = groupWith({ failures: 2, retryAt: NOW, waits: 9, isLow: true });
    const times = [40, 100, 30].map((took) => {
      noteAnswered(group, sent(took), ANSWER, NOW);
      return [group.roundTripMs, group.tookMs];
    });
    // The shortest of late grows by a twentieth and half a millisecond; the usual moves by a half up, by a quarter down.
    expect(times).toEqual([
      [40, 40],
      [42.5, 70],
      [30, 60],
    ]);
    expect(group).toMatchObject({
      leaseMs: 200,
      failures: 0,
      retryAt: 0,
      waits: 0,
      isLow: false,
      instance: "",
    });
    noteAnswered(group, sent(-5), { ...ANSWER, instance: "guard" }, NOW);
    expect([group.roundTripMs, group.instance]).toEqual([0, "guard"]);
  });

  test("ends the wait for every question before it, and for none after it", () => {
    const group = groupWith();
    for (const sequence of [1, 2, 3]) noteSent(group, sent(0, { sequence }));
    noteAnswered(group, sent(0, { sequence: 2 }), ANSWER, NOW);
    expect(group.underWay.map(({ sequence }) => sequence)).toEqual([3]);
  });

  test.each([
    [true, false, true],
    [false, false, false],
    [true, true, false],
  ])("whose window runs ahead (%s) after a last word (%s) asks for one: %s", (ahead, final, isAhead) => {
    const group = groupWith({ isAhead: !isAhead });
    noteAnswered(group, sent(0, { final }), { ...ANSWER, ahead }, NOW);
    expect(group.isAhead).toBe(isAhead);
  });
});

describe("a failure", () => {
  const fail = (group: Group<GuardedKey>, isOverloaded: boolean, random: number) => {
    noteFailed(group, sent(0), { isOverloaded, random }, NOW);
    return group.retryAt - NOW;
  };

  test("is followed by a pause that doubles up to 800 ms, between half of it and the whole", () => {
    const group = groupWith();
    expect([1, 2, 3, 4, 5, 6].map(() => fail(group, false, 1))).toEqual([60, 120, 240, 480, 800, 800]);
    expect(fail(groupWith(), false, 0)).toBe(30);
  });

  test("of a guard that says that it is overloaded counts as a fourth, and each more as one", () => {
    const group = groupWith();
    expect([fail(group, true, 1), group.failures]).toEqual([480, 4]);
    expect([fail(group, true, 1), group.failures]).toEqual([800, 5]);
  });

  test("ends its question, and requests ask anew for what they need", () => {
    const group = groupWith({ demand: 3, underWay: [sent(0)] });
    const key = keyIn(group, { demand: 3 });
    fail(group, false, 1);
    expect([group.demand, key.demand, group.underWay]).toEqual([0, 0, []]);
  });
});

describe("the last word of a group that stays quiet", () => {
  const REPORT = { number: 1, usage: new Map(), firstTo: "", isRepeated: false };
  test.each<[string, Partial<Group<GuardedKey>>, Partial<Held>, number | null]>([
    ["is not owed for nothing", {}, {}, null],
    ["is owed after 2 s for units", {}, { units: 1 }, 2000],
    ["for units to return", {}, { surplus: 1 }, 2000],
    ["for a report that failed", { report: REPORT }, {}, 2000],
    ["after 8 s for one that is under way", { report: REPORT, underWay: [sent(0)] }, {}, 8000],
    ["after 8 s for a record that runs ahead", { isAhead: true }, {}, 8000],
  ])("%s", (_, change, key, after) => {
    const group = groupWith({ usedAt: NOW, ...change });
    keyIn(group, key);
    expect(lastWordAt(group)).toBe(after === null ? null : NOW + after);
  });

  test("is owed after 2 s for counts", () => {
    const group = groupWith({ usedAt: NOW, report: REPORT, underWay: [sent(0)] });
    usageOf(group, "key_a");
    expect(lastWordAt(group)).toBe(NOW + 2000);
  });
});
