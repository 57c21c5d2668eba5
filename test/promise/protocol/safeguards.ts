import type { Patch } from "./patched-rules.ts";
import type { ProfileName } from "./profiles.ts";

/** One safeguard of the protocol: taken out, the model finds what it keeps from happening. */
interface Safeguard {
  readonly name: string;
  /** What holds because of it. */
  readonly promise: string;
  /** Takes it out of the source of the rules. */
  readonly without: readonly Patch[];
  /** Where the model finds that it is missing, and the first seed that does. */
  readonly profile: ProfileName;
  readonly seed: number;
}

const REVOKED = "a change that was acknowledged decides every later request";
const LIMIT = "no more than the limit is admitted in a window";
const HONEST = "what is acknowledged is in force";
const NEEDLESS = "no request is refused for a limit that has enough left";

const GUARD = "rules/guard.ts";
const GIVEN = "rules/given.ts";
const ISOLATE = "rules/isolate.ts";
const PACE = "rules/pace.ts";
const RECORDS = "rules/records.ts";
const WINDOW = "rules/window.ts";

/** A patch that replaces one piece of a file. */
const instead = (file: string, snippet: string, replacement: string): readonly Patch[] => [
  { file, snippet, replacement },
];

const UNVOUCHED = "  if (now >= group.leaseEnd && group.covered <= request.askedBefore) return UNDECIDED;\n";

/** Patches by which the guard's clock says when leases end; `length` of one that may be in use is what `waits` says. */
const byTheClock = (waits: string): readonly Patch[] => [
  {
    file: GUARD,
    snippet: "if (revision > 0) promise(store, memory, leaseMs, now);",
    replacement: `if (revision > 0) {
    promise(store, memory, leaseMs, now);
    Object.assign(memory.given.get(leaseMs) ?? {}, { end: now + leaseMs });
  }`,
  },
  {
    file: GUARD,
    snippet: "  const keys = new Map(store.keys());",
    replacement: "  const keys = new Map(store.keys());\n  memory.given.at = now;",
  },
  {
    file: GIVEN,
    snippet: "...given.keys()",
    replacement: `...[...given].map(([length, { end = Infinity }]) => ${waits})`,
  },
];

export const SAFEGUARDS: readonly Safeguard[] = [
  {
    name: "a change waits for the leases given before it",
    promise: REVOKED,
    without: instead(GUARD, "waitMs: longestOutstanding(memory.given), settles", "waitMs: 0, settles"),
    profile: "mixed",
    seed: 1,
  },
  {
    name: "a repeated change waits like the first",
    promise: REVOKED,
    without: instead(
      GUARD,
      "latest = Math.max(latest, stored?.revision ?? 0);",
      "latest = Math.max(latest, next === null ? 0 : revision);",
    ),
    profile: "mixed",
    seed: 11,
  },
  {
    name: "a repeat that need not wait settles nothing",
    promise: REVOKED,
    without: instead(
      GUARD,
      "if (latest <= memory.settled) return { waitMs: 0, settles: 0 };",
      "if (latest <= memory.settled) return { waitMs: 0, settles: revision };",
    ),
    profile: "repeats",
    seed: 16,
  },
  {
    name: "an isolate counts a lease from before its question",
    promise: REVOKED,
    without: instead(ISOLATE, "const end = sent.sentAt + Math.max(", "const end = now + Math.max("),
    profile: "far",
    seed: 9,
  },
  {
    name: "a lease is shorter by a slack for drift",
    promise: REVOKED,
    without: instead(ISOLATE, "Math.max(0, answer.leaseMs - slackMs)", "Math.max(0, answer.leaseMs)"),
    profile: "drift",
    seed: 79,
  },
  {
    name: "the start of a guard counts as a lease",
    promise: REVOKED,
    without: instead(GUARD, "given: givenBefore(store.group().longestLeaseMs),", "given: new Map(),"),
    profile: "lengths",
    seed: 1,
  },
  {
    name: "a longer lease is on record before it leaves",
    promise: REVOKED,
    without: instead(
      GUARD,
      "if (leaseMs > group.longestLeaseMs) store.putGroup(",
      "if (0 > 1) store.putGroup(",
    ),
    profile: "lengths",
    seed: 1,
  },
  {
    name: "a longer lease stays on record while it may be in use",
    promise: REVOKED,
    without: instead(GUARD, "const longest = longestOutstanding(given);", "const longest = leaseMs;"),
    profile: "lengths",
    seed: 1,
  },
  {
    name: "a change waits by a timer, not by a difference of clock readings",
    promise: REVOKED,
    without: byTheClock("Math.min(length, end - given.at)"),
    profile: "guardSteps",
    seed: 2,
  },
  {
    name: "no reading of the clock ends a lease at the guard",
    promise: REVOKED,
    without: byTheClock("(given.at < end + 10_000 ? length : 0)"),
    profile: "guardSteps",
    seed: 2,
  },
  {
    name: "a lease that was given again is waited for again",
    promise: REVOKED,
    without: instead(GIVEN, "else lease.isRenewed = true;", ""),
    profile: "mixed",
    seed: 6,
  },
  {
    name: "the group's row is read at every use",
    promise: REVOKED,
    without: instead(
      "guard/guard-storage.ts",
      'return this.#kv.get<StoredGroup>("group") ?? NOTHING;',
      'try { this.lastGroup = this.#kv.get("group"); } catch {} return this.lastGroup ?? NOTHING;',
    ),
    profile: "mixed",
    seed: 47,
  },
  {
    name: "an answer older than the revision held vouches for nothing",
    promise: REVOKED,
    without: instead(ISOLATE, "const isOlder = answer.revision < group.revision;", "const isOlder = false;"),
    profile: "far",
    seed: 29,
  },
  {
    name: "an answer lists the changes of all keys of the group",
    promise: REVOKED,
    without: instead(
      GUARD,
      "const changed = changedSince(question.have, keys);",
      "const changed = Object.fromEntries(Object.entries(changedSince(question.have, keys)).filter(([id]) => answers[id]));",
    ),
    profile: "mixed",
    seed: 4,
  },
  {
    name: "an answer that lists no changes makes the isolate forget what it holds",
    promise: REVOKED,
    without: instead(
      ISOLATE,
      "if (answer.revision > group.revision && sent.question.have === 0) {",
      "if (0 > 1) {",
    ),
    profile: "fresh",
    seed: 2,
  },
  {
    name: "an answer that was dropped brings no record",
    promise: REVOKED,
    without: instead(
      ISOLATE,
      'return key.isKnown ? { kind: "refused", refusal: judge.absent, held: null } : UNDECIDED;',
      'return { kind: "refused", refusal: judge.absent, held: null };',
    ),
    profile: "fresh",
    seed: 62,
  },
  {
    name: "a group that was never created vouches for nothing",
    promise: REVOKED,
    without: instead(GUARD, "leaseMs: revision === 0 ? 0 : leaseMs,", "leaseMs,"),
    profile: "lengths",
    seed: 33,
  },
  {
    name: "only a question that was sent after a request arrived answers for it",
    promise: REVOKED,
    without: instead(
      ISOLATE,
      "group.covered <= request.askedBefore) return UNDECIDED;",
      "group.covered < Math.max(1, request.askedBefore)) return UNDECIDED;",
    ),
    profile: "far",
    seed: 3,
  },
  {
    name: "a request is judged by what is held when it is decided",
    promise: REVOKED,
    without: [
      {
        file: ISOLATE,
        snippet: UNVOUCHED,
        replacement: `  if (key.held) request.first ??= { refusal: judge.refusalOf(key.held), held: key.held };\n${UNVOUCHED}`,
      },
      {
        file: ISOLATE,
        snippet: 'if (refusal !== null) return { kind: "refused", refusal, held: key.held };\n  return pay(',
        replacement:
          "const first = request.first ?? { refusal, held: key.held };\n  if (first.refusal !== null) return { kind: 'refused', ...first };\n  key = Object.assign(key, { held: key.held });\n  return pay(",
      },
    ],
    profile: "mixed",
    seed: 4,
  },
  {
    name: "a refusal needs a lease, too",
    promise: REVOKED,
    without: instead(
      ISOLATE,
      UNVOUCHED,
      `  if (key.held && judge.refusalOf(key.held) !== null) return { kind: "refused", refusal: judge.refusalOf(key.held), held: key.held };\n${UNVOUCHED}`,
    ),
    profile: "mixed",
    seed: 3,
  },
  {
    name: "a clock that steps back ends what was measured before",
    promise: REVOKED,
    without: instead(ISOLATE, "if (reading < isolate.highest) {", "if (0 > 1) {"),
    profile: "steps",
    seed: 9,
  },
  {
    name: "a question from before a step of the clock brings no lease",
    promise: REVOKED,
    without: instead(
      ISOLATE,
      "const isSameClock = sent.epoch === isolate.epoch;",
      "const isSameClock = true;",
    ),
    profile: "steps",
    seed: 24,
  },
  {
    name: "a lease ends by a timer, too",
    promise: REVOKED,
    without: instead(ISOLATE, "if (group.leaseSequence <= sent.sequence) group.leaseEnd = NEVER;", ""),
    profile: "hiddenSteps",
    seed: 86,
  },
  {
    name: "revoked wins whatever the version",
    promise: HONEST,
    without: instead(
      RECORDS,
      "if (put.revokedAt !== null && current.revokedAt === null) return revoked(current, put.revokedAt);",
      "",
    ),
    profile: "mixed",
    seed: 100,
  },
  {
    name: "revoked is final",
    promise: REVOKED,
    without: instead(
      RECORDS,
      "revokedAt: current.revokedAt ?? put.revokedAt };",
      "revokedAt: put.revokedAt };",
    ),
    profile: "mixed",
    seed: 3,
  },
  {
    name: "a change is confirmed by its content, not by its version",
    promise: HONEST,
    without: instead(
      RECORDS,
      "return contentOf(inForce) === contentOf(put);",
      "return inForce.version === put.version;",
    ),
    profile: "mixed",
    seed: 2,
  },
  {
    name: "the revocation of a token is a change of its key",
    promise: REVOKED,
    without: instead(
      GUARD,
      "store.putKey(id, { ...stored, denials, revision });",
      "store.putKey(id, { ...stored, denials });",
    ),
    profile: "mixed",
    seed: 4,
  },
  {
    name: "an edit keeps the tokens that were revoked",
    promise: REVOKED,
    without: instead(GUARD, "denials: current?.denials ?? NO_DENIALS,", "denials: NO_DENIALS,"),
    profile: "mixed",
    seed: 6,
  },
  {
    name: "a window is on record before its units leave",
    promise: LIMIT,
    without: instead(GUARD, "    store.putWindows(storedWindows(memory));\n", ""),
    profile: "rate",
    seed: 1,
  },
  {
    name: "after a crash all counts as used that was on record",
    promise: LIMIT,
    without: instead(
      WINDOW,
      "if (counted.used <= counted.recorded) return",
      "if (counted.used <= counted.recorded + reserve(counted, limit)) return",
    ),
    profile: "rate",
    seed: 65,
  },
  {
    name: "what a failed question returned is gone",
    promise: LIMIT,
    without: instead(
      PACE,
      "for (const key of group.keys.values()) key.demand = 0;",
      `for (const key of group.keys.values()) key.demand = 0;
  for (const { id, returned } of sent.question.keys) {
    const key = group.keys.get(id);
    if (returned !== null && key?.window?.number === returned.window) key.units += returned.units;
  }`,
    ),
    profile: "lastWords",
    seed: 14,
  },
  {
    name: "units that were returned are gone",
    promise: LIMIT,
    without: instead(ISOLATE, "    key.surplus = 0;\n    return { ...want", "    return { ...want"),
    profile: "returns",
    seed: 3,
  },
  {
    name: "units go back to their window alone",
    promise: LIMIT,
    without: instead(GUARD, "window?.number === returned.window) {", "window !== undefined) {"),
    profile: "rate",
    seed: 72,
  },
  {
    name: "a unit that is given up counts for its window alone",
    promise: LIMIT,
    without: instead(ISOLATE, "if (key.window?.number === own.window) key.surplus", "key.surplus"),
    profile: "crossing",
    seed: 597,
  },
  {
    name: "units end with their window",
    promise: LIMIT,
    without: instead(ISOLATE, "    key.units = 0;\n    key.surplus = 0;", "    key.surplus = 0;"),
    profile: "rate",
    seed: 1,
  },
  {
    name: "units to be returned end with their window",
    promise: LIMIT,
    without: instead(ISOLATE, "    key.units = 0;\n    key.surplus = 0;", "    key.units = 0;"),
    profile: "crossing",
    seed: 37,
  },
  {
    name: "units of a window that is over are nothing",
    promise: LIMIT,
    without: instead(
      ISOLATE,
      "if (key.window !== null && told.number < key.window.number) return false;",
      "",
    ),
    profile: "crossing",
    seed: 196,
  },
  {
    name: "units are not used after the end of their window",
    promise: LIMIT,
    without: instead(
      ISOLATE,
      "if (window === null || now >= window.end) return",
      "if (window === null) return",
    ),
    profile: "rate",
    seed: 182,
  },
  {
    name: "an isolate stops using units a little before the end",
    promise: LIMIT,
    without: instead(
      ISOLATE,
      "const margin = told.resetInMs / WINDOW_DRIFT.SHARE + slackMs;",
      "const margin = 0;",
    ),
    profile: "rateDrift",
    seed: 200,
  },
  {
    name: "windows have numbers",
    promise: LIMIT,
    without: instead(WINDOW, "number: nextNumber(window, now),", "number: now,"),
    profile: "windowSteps",
    seed: 915,
  },
  {
    name: "units end with a change of the limit",
    promise: LIMIT,
    without: instead(ISOLATE, "if (key.isKnown && !isSameLimit(key.held, held)) setAside(key);", ""),
    profile: "limits",
    seed: 144,
  },
  {
    name: "the end of a window is told anew after a change",
    promise: LIMIT,
    without: instead(
      ISOLATE,
      "if (key.window !== null) key.window.end = NEVER;\n  key.isKnown = true;",
      "key.isKnown = true;",
    ),
    profile: "windowLengths",
    seed: 9359,
  },
  {
    name: "a window that a shorter limit ends goes on while leases from before are in use",
    promise: LIMIT,
    without: instead(WINDOW, "now + longestLeaseMs);", "now);"),
    profile: "windowLengths",
    seed: 11,
  },
  {
    name: "a guard hands out no more than is left",
    promise: LIMIT,
    without: instead(
      WINDOW,
      "return Math.min(Math.max(0, remaining), Math.max(",
      "return Math.max(0, Math.max(",
    ),
    profile: "costs",
    seed: 1,
  },
  {
    name: "a request is admitted by the guard for its whole cost alone",
    promise: LIMIT,
    without: instead(ISOLATE, "if (units >= cost) {\n        own", "if (units > 0) {\n        own"),
    profile: "costs",
    seed: 3,
  },
  {
    name: "the units of a request are taken as a whole",
    promise: LIMIT,
    without: instead(ISOLATE, "if (key.units >= cost) {", "if (key.units > 0) {"),
    profile: "costs",
    seed: 1,
  },
  {
    name: "what is left here and at the guard is enough or not together",
    promise: NEEDLESS,
    without: instead(
      ISOLATE,
      "return key.units + window.remaining < cost ?",
      "return window.remaining < cost ?",
    ),
    profile: "costs",
    seed: 15,
  },
];

/** What the platform is relied on for: the model finds that it would be missing, too. */
export const RELIED_ON = [
  {
    name: "an answer leaves once what was written before it is durable",
    platform: { holdsAnswers: false, stopsSuperseded: true },
    profile: "mixed",
    seed: 16,
  },
  {
    name: "the storage of an instance that another has superseded throws",
    platform: { holdsAnswers: true, stopsSuperseded: false },
    profile: "mixed",
    seed: 21,
  },
] as const;
