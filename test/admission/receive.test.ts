import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/admission/protocol.ts";
import {
  arrive,
  keyOf,
  NEVER,
  newGroup,
  newIsolate,
  type Group,
  type HeldKey,
  type SentQuestion,
} from "../../src/admission/rules/held.ts";
import { compose, receive } from "../../src/admission/rules/isolate.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";
import { NO_DENIALS } from "../../src/core/token/token-denials.ts";
import { makeRecord } from "../support/records.ts";

const NOW = 10_000;
const SLACK_MS = 20;
const LIMIT = { requests: 100, windowSeconds: 60 };
const HELD: GuardedKey = { record: makeRecord({ rateLimit: LIMIT }).record, denials: NO_DENIALS };
const CHANGED: GuardedKey = { ...HELD, record: { ...HELD.record, version: 9 } };
const TOLD = { number: 7, limit: LIMIT, remaining: 40, resetInMs: 5000 };
const WINDOW = { ...TOLD, remaining: 90, end: NOW + 6000, endLatest: NOW + 6000, sequence: 1 };

/** A group in the midst of things: two keys, and a question under way. */
function situation(group: Partial<Group<GuardedKey>> = {}, key: Partial<HeldKey<GuardedKey>> = {}) {
  const isolate = newIsolate<GuardedKey>();
  const own = newGroup<GuardedKey>("group");
  Object.assign(own, { revision: 5, leaseEnd: NOW, leaseSequence: 1, asked: 2, covered: 1, ...group });
  for (const id of ["key_a", "key_b"]) {
    Object.assign(keyOf(own, id), { isKnown: true, held: HELD, units: 5, surplus: 2, window: { ...WINDOW } });
  }
  Object.assign(keyOf(own, "key_a"), key);
  return { isolate, group: own };
}

interface Reception {
  readonly group?: Partial<Group<GuardedKey>>;
  readonly sent?: Partial<SentQuestion>;
  readonly have?: number;
  readonly answer?: Partial<Answer<GuardedKey>>;
  /** The answer about the key. */
  readonly told?: Partial<Answer<GuardedKey>["keys"][string]>;
  readonly asker?: readonly [id: string, cost: number];
}

/** What an isolate holds once an answer has come; by default of the same revision, with three units of the same window. */
function received({ group: before = {}, sent = {}, have = 5, answer = {}, told = {}, asker }: Reception) {
  const { isolate, group } = situation(before);
  const question = { have, leaseWanted: 0, final: false, keys: [] };
  const own = receive(
    isolate,
    group,
    {
      sent: { question, sequence: 2, sentAt: NOW, epoch: 0, leaseOver: false, ...sent },
      answer: {
        revision: 5,
        leaseMs: 200,
        changed: {},
        keys: { key_a: { units: 3, window: TOLD, ...told } },
        ahead: false,
        ...answer,
      },
      asker: asker === undefined ? null : arrive(group, ...asker),
      slackMs: SLACK_MS,
    },
    NOW + 30,
  );
  const [key, other] = ["key_a", "key_b"].map((id) => keyOf(group, id));
  return { own, group, key, other };
}

test("an isolate begins with nothing: no lease, no units, no failures", () => {
  const pace = { demand: 0, spent: 0, usedAt: 0 };
  const group = newGroup<GuardedKey>("group");
  expect(newIsolate()).toEqual({ highest: NEVER, epoch: 0, id: "", reports: 0, groups: new Map() });
  const lease = {
    name: "group",
    revision: 0,
    leaseEnd: NEVER,
    leaseSequence: 0,
    leaseMs: 0,
    asked: 0,
    covered: 0,
    askedAt: 0,
  };
  const waits = { underWay: [], failures: 0, retryAt: 0, roundTripMs: 0, tookMs: 0, waits: 0, gapMs: 0 };
  const owed = { refused: 0, isLow: false, isAhead: false, usage: new Map(), report: null, instance: "" };
  expect(group).toEqual({ ...pace, ...lease, ...waits, ...owed, reportedAt: NEVER, keys: new Map() });
  const key = { isKnown: false, held: null, units: 0, surplus: 0, window: null };
  expect(keyOf(group, "key_a")).toEqual({ ...pace, ...key, since: 0, rate: 0, isInUse: false });
  const request = { keyId: "key_a", cost: 3, askedBefore: 0, countedIn: 0, countedAtFailures: 0, polls: 0 };
  expect(arrive(group, "key_a", 3)).toEqual(request);
});

describe("an answer", () => {
  test.each<[string, Reception, object]>([
    ["from before the question was sent", {}, { leaseEnd: NOW + 180, leaseSequence: 2, covered: 2 }],
    [
      "of no length, where the slack is longer",
      { answer: { leaseMs: 10 } },
      { leaseEnd: NOW, leaseSequence: 2 },
    ],
    [
      "no shorter than the one it has",
      { group: { leaseEnd: NOW + 181 } },
      { leaseEnd: NOW + 181, leaseSequence: 1 },
    ],
    [
      "as long as the one it has",
      { group: { leaseEnd: NOW + 180 } },
      { leaseEnd: NOW + 180, leaseSequence: 2 },
    ],
    ["none, once its timer has run out", { sent: { leaseOver: true } }, { leaseEnd: NOW, leaseSequence: 1 }],
    ["none, when the clock has stepped back", { sent: { epoch: 1 } }, { leaseEnd: NOW, leaseSequence: 1 }],
    ["none, when it is older", { answer: { revision: 4 } }, { leaseEnd: NOW, revision: 5, covered: 2 }],
    ["for what was asked later, too", { group: { covered: 3 } }, { covered: 3 }],
    ["of a later revision", { answer: { revision: 6 } }, { leaseEnd: NOW + 180, revision: 6 }],
  ])("brings a lease %s", (_, reception, expected) => {
    expect(received(reception).group).toMatchObject(expected);
  });

  test.each<[string, Reception, object | null, object]>([
    ["for later requests", {}, null, { units: 8, surplus: 2 }],
    ["for the request that asked", { asker: ["key_a", 2] }, { window: 7, units: 2 }, { units: 6 }],
    ["for it, of one", { asker: ["key_a", 1] }, { window: 7, units: 1 }, { units: 7 }],
    ["for it alone", { asker: ["key_a", 3] }, { window: 7, units: 3 }, { units: 5 }],
    ["that do not pay for it", { asker: ["key_a", 4] }, null, { units: 8 }],
    ["for one that takes none", { asker: ["key_a", 0] }, null, { units: 8 }],
    ["for another than that which asked", { asker: ["key_b", 1] }, null, { units: 8 }],
    [
      "of the whole limit",
      { asker: ["key_a", 500], told: { units: 100 } },
      { window: 7, units: 100 },
      { units: 5 },
    ],
    ["to give back, when it is older", { answer: { revision: 4 } }, null, { units: 5, surplus: 5 }],
    ["to give back, when the clock has stepped back", { sent: { epoch: 1 } }, null, { units: 5, surplus: 5 }],
    [
      "of a window that is over",
      { told: { window: { ...TOLD, number: 6 } } },
      null,
      { units: 5, surplus: 2 },
    ],
    ["of the next window", { told: { window: { ...TOLD, number: 8 } } }, null, { units: 3, surplus: 0 }],
    ["none, without a window", { told: { units: 0, window: null } }, null, { units: 5, surplus: 2 }],
  ])("brings units %s", (_, reception, own, expected) => {
    const found = received(reception);
    expect(found.own).toEqual(own);
    expect(found.key).toMatchObject(expected);
  });

  test("tells how the window stands, unless it is older", () => {
    expect(received({}).key?.window).toEqual({
      ...WINDOW,
      remaining: 40,
      endLatest: NOW + 5030,
      sequence: 2,
    });
    expect(received({ answer: { revision: 4 } }).key?.window).toEqual(WINDOW);
    expect(received({ sent: { sequence: 1 } }).key?.window).toEqual(WINDOW);
  });

  test("lets units be used until a little before the window ends", () => {
    const window = { ...TOLD, resetInMs: 10_000 };
    expect(received({ told: { window } }).key?.window?.end).toBe(NOW + 10_000 - 10 - SLACK_MS);
    expect(received({ told: { window }, sent: { epoch: 1 } }).key?.window?.end).toBe(WINDOW.end);
  });

  test("of a new window that is older lets no unit be used", () => {
    const window = { ...TOLD, number: 8 };
    const { key } = received({ told: { window }, answer: { revision: 4 } });
    expect(key?.window).toEqual({ ...window, end: NEVER, endLatest: NOW + 5030, sequence: 0 });
  });

  test.each<[string, Partial<GuardedKey["record"]>, boolean, object]>([
    ["the same limit leaves", {}, true, { units: 5, surplus: 2 }],
    [
      "other requests ends",
      { rateLimit: { requests: 99, windowSeconds: 60 } },
      true,
      { units: 0, surplus: 7 },
    ],
    [
      "another length ends",
      { rateLimit: { requests: 100, windowSeconds: 59 } },
      true,
      { units: 0, surplus: 7 },
    ],
    ["no limit of its own ends", { rateLimit: null }, true, { units: 0, surplus: 7 }],
    ["any limit leaves, of a key that was not known,", { rateLimit: null }, false, { units: 5, surplus: 2 }],
  ])("with %s the units that are held", (_, change, isKnown, expected) => {
    const { isolate, group } = situation({}, { isKnown, held: isKnown ? HELD : null });
    const record = { ...HELD, record: { ...HELD.record, ...change } };
    const question = { have: 5, leaseWanted: 0, final: false, keys: [] };
    const sent = { question, sequence: 2, sentAt: NOW, epoch: 0, leaseOver: false };
    const answer = { revision: 6, leaseMs: 200, changed: { key_a: record }, keys: {}, ahead: false };
    receive(isolate, group, { sent, answer, asker: null, slackMs: SLACK_MS }, NOW);
    expect(keyOf(group, "key_a")).toMatchObject({ held: record, isKnown: true, ...expected });
  });

  test.each<[string, Reception, boolean]>([
    ["all that is held, when it lists no changes", { have: 0, answer: { revision: 6 } }, false],
    ["nothing, when it lists the changes", { have: 5, answer: { revision: 6 } }, true],
    ["nothing, when there are none", { have: 0 }, true],
  ])("makes an isolate forget %s", (_, reception, isKnown) => {
    const { other } = received(reception);
    expect(other).toMatchObject(
      isKnown ? { isKnown, units: 5, surplus: 2 } : { isKnown, units: 0, surplus: 7 },
    );
  });

  test("brings records of the keys that are held, and of those that were asked for", () => {
    const changed = { key_b: CHANGED, key_c: CHANGED };
    const { group, key, other } = received({ answer: { revision: 6, changed }, told: { record: null } });
    expect([key?.held, other?.held]).toEqual([null, CHANGED]);
    expect(group.keys.has("key_c")).toBe(false);
  });

  test.each([
    [0, false],
    [1, true],
  ])("with %i units of a key that is not held keeps it: %s", (units, isHeld) => {
    const keys = { key_c: { units, window: TOLD } };
    expect(received({ answer: { keys } }).group.keys.has("key_c")).toBe(isHeld);
  });
});

describe("a question", () => {
  const want = { id: "key_a", want: 1, waiting: 1, need: 1, spare: false, usage: null };

  test.each<[string, Partial<Group<GuardedKey>>, Partial<HeldKey<GuardedKey>>, object]>([
    ["gives back what must not be used", {}, {}, { returned: { window: 7, units: 2 }, record: false }],
    ["gives back one unit", {}, { surplus: 1 }, { returned: { window: 7, units: 1 } }],
    ["gives nothing back, of nothing", {}, { surplus: 0 }, { returned: null }],
    ["gives nothing back, of no window", {}, { window: null }, { returned: null }],
    ["asks for a record that is not known", {}, { isKnown: false }, { record: true }],
    ["asks for all of them before the first answer", { revision: 0 }, {}, { record: true }],
  ])("%s", (_, before, key, expected) => {
    const { isolate, group } = situation(before, key);
    const sent = compose(isolate, group, { wants: [want], report: null, leaseMs: 150, isFinal: false }, NOW);
    expect(sent.question.keys).toMatchObject([{ ...want, ...expected }]);
    expect(sent).toMatchObject({ sequence: 3, sentAt: NOW, epoch: 0, leaseOver: false });
    expect(keyOf(group, "key_a").surplus).toBe(0);
    expect(group.asked).toBe(3);
  });
});
