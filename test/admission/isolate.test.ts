import { describe, expect, test } from "vitest";
import { CredentialMemory } from "../../src/admission/isolate/credential-memory.ts";
import { siphash } from "../../src/admission/isolate/siphash.ts";
import type { Answer, WindowTold } from "../../src/admission/protocol.ts";
import { arrive, keyOf, newGroup, newIsolate } from "../../src/admission/rules/held.ts";
import { compose, decide, endLease, receive } from "../../src/admission/rules/isolate.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";
import { hashKey } from "../../src/core/key/key-secret.ts";
import { NO_DENIALS } from "../../src/core/token/token-denials.ts";
import { mistyped, unknownKey } from "../support/key-strings.ts";
import { makeRecord } from "../support/records.ts";

const LIMIT = { requests: 100, windowSeconds: 60 };
const ASKING = { report: null, leaseMs: 0, isFinal: false };
const LET_THROUGH = { absent: "absent", refusalOf: () => null };

function answerFor(id: string, record: GuardedKey): Answer<GuardedKey> {
  const window = { number: 1, limit: LIMIT, remaining: 90, resetInMs: 60_000 };
  return {
    revision: 1,
    leaseMs: 200,
    changed: {},
    keys: { [id]: { record, units: 5, window } },
    ahead: false,
  };
}

/** An isolate that has asked at 0 and taken the answer in; `between` happens while the answer is on its way. */
function afterAnswer(
  between: (sent: ReturnType<typeof compose>, group: ReturnType<typeof newGroup>) => void,
) {
  const { record } = makeRecord({ rateLimit: LIMIT });
  const isolate = newIsolate<GuardedKey>();
  const group = newGroup<GuardedKey>("group");
  keyOf(group, record.id);
  const want = { id: record.id, want: 5, waiting: 0, need: 0, spare: false, usage: null };
  const sent = compose(isolate, group, { ...ASKING, wants: [want] }, 0);
  between(sent, group as ReturnType<typeof newGroup>);
  const answer = answerFor(record.id, { record, denials: NO_DENIALS });
  receive(isolate, group, { sent, answer, asker: null, slackMs: 20 }, 50);
  const later = arrive(group, record.id, 1);
  return decide(group, keyOf(group, record.id), later, LET_THROUGH, 60);
}

describe("a request that arrives after an answer", () => {
  test("is decided under the lease that the answer brought", () => {
    expect(afterAnswer(() => {})).toMatchObject({ kind: "admitted", by: "lease" });
  });

  test("is not decided under a lease that its timer has ended before the answer came", () => {
    expect(afterAnswer((sent, group) => endLease(group, sent))).toEqual({ kind: "undecided" });
  });
});

describe("units of a window", () => {
  /** Whether an isolate uses a unit at 30 s, of a window that lasted until 60 s, after the answer that `next` gives. */
  function decidesAfter(next: Partial<Answer<GuardedKey>>, told: Partial<WindowTold>, record: GuardedKey) {
    const { id } = record.record;
    const isolate = newIsolate<GuardedKey>();
    const group = newGroup<GuardedKey>("group");
    const want = { id, want: 5, waiting: 0, need: 0, spare: false, usage: null };
    const ask = (now: number, answer: Answer<GuardedKey>) => {
      const sent = compose(isolate, group, { ...ASKING, wants: [want] }, now);
      receive(isolate, group, { sent, answer, asker: null, slackMs: 20 }, now + 10);
    };
    const first = answerFor(id, { ...record, record: { ...record.record, rateLimit: LIMIT } });
    ask(0, { ...first, leaseMs: 60_000 });
    const window = { number: 1, limit: LIMIT, remaining: 90, resetInMs: 50_000, ...told };
    ask(10_000, { ...first, leaseMs: 60_000, keys: { [id]: { units: 5, window } }, ...next });
    return decide(group, keyOf(group, id), arrive(group, id, 1), LET_THROUGH, 30_000);
  }

  const shorter = { requests: 100, windowSeconds: 20 };
  const { record } = makeRecord({ rateLimit: shorter });
  const edited: GuardedKey = { record, denials: NO_DENIALS };

  test("are used as long as it lasts", () => {
    expect(decidesAfter({}, {}, edited)).toMatchObject({ kind: "admitted" });
  });

  test.each([
    ["by an edit", { revision: 2, changed: { [record.id]: edited } }, { limit: shorter, resetInMs: 10_000 }],
    ["by a default that is shorter", {}, { limit: shorter, resetInMs: 10_000 }],
    ["by edits there and back", { revision: 3, changed: { [record.id]: edited } }, { resetInMs: 10_000 }],
  ])("are not used after it has ended early %s", (_, next, told) => {
    expect(decidesAfter(next, told, edited)).toEqual({ kind: "undecided" });
  });
});

/** Bytes 0 to 15. */
const COUNTING_KEY = { k0l: 0x03020100, k0h: 0x07060504, k1l: 0x0b0a0908, k1h: 0x0f0e0d0c };

/** Of the reference implementation: texts of so many bytes 0, 1, 2, … under the counting key. */
test.each([
  [0, "726fdb47dd0e0e31"],
  [1, "74f839c593dc67fd"],
  [7, "ab0200f58b01d137"],
  [8, "93f5f5799a932462"],
  [9, "9e0082df0ba9e4b0"],
  [15, "a129ca6149be45e5"],
  [63, "958a324ceb064572"],
])("the digest of %i bytes is SipHash-2-4", (length, digest) => {
  const text = String.fromCharCode(...Array.from({ length }, (_, i) => i));
  const { high, low } = siphash(COUNTING_KEY, text);
  expect([high, low].map((half) => half.toString(16).padStart(8, "0")).join("")).toBe(digest);
});

describe("a key string that was verified", () => {
  const key = unknownKey(1);
  const hash = hashKey(key);

  test("is known again, and no other string is taken for it", () => {
    const memory = new CredentialMemory();
    expect(memory.verifies("key_1", key, hash)).toBe(true);
    expect(memory.verifies("key_1", key, hash)).toBe(true);
    for (const other of [mistyped(key), unknownKey(2), `${key} `, key.slice(1)]) {
      expect(memory.verifies("key_1", other, hash)).toBe(false);
    }
  });

  test("counts for the hash that it was found to have, not for a later one", () => {
    const memory = new CredentialMemory();
    expect(memory.verifies("key_1", key, hash)).toBe(true);
    expect(memory.verifies("key_1", key, hashKey(unknownKey(2)))).toBe(false);
  });
});
