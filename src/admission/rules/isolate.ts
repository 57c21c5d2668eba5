/**
 * The isolate's side of the protocol, as far as safety rests on it. Pure: no I/O, no clock. `now` is milliseconds since
 * the epoch on the isolate's clock, as {@link readClock} gave it.
 */

import type { Answer, Guarded, KeyQuestion, Question, WindowTold } from "../protocol.ts";
import {
  costOf,
  keyOf,
  NEVER,
  setAside,
  type Group,
  type HeldKey,
  type Isolate,
  type Report,
  type SentQuestion,
  type Waiting,
} from "./held.ts";
import { nameOf } from "./report.ts";

/** An isolate stops using units this share of the window's rest early: clocks drift. */
export const WINDOW_DRIFT = { SHARE: 1000 };

/** Refusals by the record: steps 3 and 4 of a request. */
export interface Judge<R, F> {
  /** There is no such key. */
  readonly absent: F;
  /** Why the record refuses, or `null`. */
  refusalOf(held: R): F | null;
}

export type Decision<R, F> = Decided<R, F> | Undecided;

export type Decided<R, F> =
  /** `window` is the number of the window that paid; 0 when nothing was taken. */
  | { readonly kind: "admitted"; readonly held: R; readonly by: "lease" | "guard"; readonly window: number }
  | { readonly kind: "refused"; readonly refusal: F; readonly held: R | null }
  | { readonly kind: "limited"; readonly held: R };

/** What is missing for a decision. */
export interface Undecided {
  readonly kind: "undecided";
}

/** Units that the guard gave to the asking request itself. */
export interface OwnUnits {
  readonly window: number;
  readonly units: number;
}

const UNDECIDED: Undecided = { kind: "undecided" };

/** Every reading of the clock goes through here: one below the highest ends all that was measured before it. */
export function readClock<R extends Guarded>(isolate: Isolate<R>, reading: number): number {
  if (reading < isolate.highest) {
    isolate.epoch++;
    for (const group of isolate.groups.values()) forgetTimes(group);
  }
  isolate.highest = reading;
  return reading;
}

function forgetTimes<R extends Guarded>(group: Group<R>): void {
  group.leaseEnd = NEVER;
  group.retryAt = 0;
  group.underWay = [];
  for (const key of group.keys.values()) {
    setAside(key);
    if (key.window !== null) key.window.end = NEVER;
    key.since = 0;
    key.usedAt = 0;
  }
}

/** Decides under a lease, or by the answer to a question that was sent after the request arrived; in one turn. */
export function decide<R extends Guarded, F>(
  group: Group<R>,
  key: HeldKey<R>,
  request: Waiting,
  judge: Judge<R, F>,
  now: number,
): Decision<R, F> {
  if (now >= group.leaseEnd && group.covered <= request.askedBefore) return UNDECIDED;
  if (!key.isKnown) return UNDECIDED;
  if (key.held === null) return { kind: "refused", refusal: judge.absent, held: null };
  const refusal = judge.refusalOf(key.held);
  if (refusal !== null) return { kind: "refused", refusal, held: key.held };
  return pay(key, key.held, costOf(key, request), now);
}

function pay<R extends Guarded, F>(key: HeldKey<R>, held: R, cost: number, now: number): Decision<R, F> {
  if (cost === 0) return { kind: "admitted", held, by: "lease", window: 0 };
  const { window } = key;
  if (window === null || now >= window.end) return UNDECIDED;
  if (key.units >= cost) {
    key.units -= cost;
    return { kind: "admitted", held, by: "lease", window: window.number };
  }
  return key.units + window.remaining < cost ? { kind: "limited", held } : UNDECIDED;
}

/** What a question is to say. */
interface Asking {
  readonly wants: readonly Pick<KeyQuestion, "id" | "want" | "waiting" | "need" | "spare" | "usage">[];
  readonly report: Report | null;
  /** The lease that is asked for. */
  readonly leaseMs: number;
  readonly isFinal: boolean;
}

/** Makes the next question. What it returns is gone from here, whatever becomes of the question. */
export function compose<R extends Guarded>(
  isolate: Isolate<R>,
  group: Group<R>,
  { wants, report, leaseMs, isFinal }: Asking,
  now: number,
): SentQuestion {
  const keys = wants.map((want): KeyQuestion => {
    const key = keyOf(group, want.id);
    const returned =
      key.surplus > 0 && key.window !== null ? { window: key.window.number, units: key.surplus } : null;
    key.surplus = 0;
    return { ...want, record: !key.isKnown || group.revision === 0, returned };
  });
  const question: Question = {
    have: group.revision,
    leaseWanted: leaseMs,
    final: isFinal,
    ...(report !== null && { report: nameOf(isolate, report) }),
    keys,
  };
  return { question, sequence: ++group.asked, sentAt: now, epoch: isolate.epoch, leaseOver: false };
}

/** A question that was answered; `asker` is the request that asked it. */
interface Answered<R extends Guarded> {
  readonly sent: SentQuestion;
  readonly answer: Answer<R>;
  readonly asker: Waiting | null;
  /** What is taken off a lease for the drift of clocks. */
  readonly slackMs: number;
}

/** Takes an answer in. Gives the units that belong to the asking request, `null` when it got none. */
export function receive<R extends Guarded>(
  isolate: Isolate<R>,
  group: Group<R>,
  { sent, answer, asker, slackMs }: Answered<R>,
  now: number,
): OwnUnits | null {
  group.covered = Math.max(group.covered, sent.sequence);
  const isOlder = answer.revision < group.revision;
  const isSameClock = sent.epoch === isolate.epoch;
  if (!isOlder) {
    takeRecords(group, sent, answer);
    // Counted from before the question was sent; the guard counts from after it heard it.
    const end = sent.sentAt + Math.max(0, answer.leaseMs - slackMs);
    if (isSameClock && !sent.leaseOver && end >= group.leaseEnd) {
      group.leaseEnd = end;
      group.leaseSequence = sent.sequence;
    }
  }
  let own: OwnUnits | null = null;
  for (const [id, told] of Object.entries(answer.keys)) {
    if (told.window === null) continue;
    let { units } = told;
    if (asker?.keyId === id && asker.cost > 0) {
      const cost = Math.min(asker.cost, told.window.limit.requests);
      if (units >= cost) {
        own = { window: told.window.number, units: cost };
        units -= cost;
      }
    }
    // A key that has changed and is not held needs no window.
    const key = units > 0 ? keyOf(group, id) : group.keys.get(id);
    if (key === undefined) continue;
    if (!takeWindow(key, told.window, sent, { isOlder, isSameClock, slackMs, now })) continue;
    if (isOlder || !isSameClock) key.surplus += units;
    else key.units += units;
  }
  return own;
}

function takeRecords<R extends Guarded>(group: Group<R>, sent: SentQuestion, answer: Answer<R>): void {
  if (answer.revision > group.revision && sent.question.have === 0) {
    // It lists no changes of what is held.
    for (const key of group.keys.values()) {
      setAside(key);
      key.isKnown = false;
    }
  }
  for (const [id, record] of Object.entries(answer.changed)) {
    const key = group.keys.get(id);
    if (key !== undefined) accept(key, record);
  }
  for (const [id, told] of Object.entries(answer.keys)) {
    if (told.record !== undefined) accept(keyOf(group, id), told.record);
  }
  group.revision = answer.revision;
}

interface Received {
  readonly isOlder: boolean;
  readonly isSameClock: boolean;
  readonly slackMs: number;
  readonly now: number;
}

/** Takes a window in; `false` for one that is over, whose units are nothing. */
function takeWindow<R extends Guarded>(
  key: HeldKey<R>,
  told: WindowTold,
  { sequence, sentAt }: SentQuestion,
  { isOlder, isSameClock, slackMs, now }: Received,
): boolean {
  if (key.window !== null && told.number < key.window.number) return false;
  if (key.window === null || told.number > key.window.number) {
    key.units = 0;
    key.surplus = 0;
    key.window = { ...told, end: NEVER, endLatest: now + told.resetInMs, sequence: 0 };
  }
  const { window } = key;
  const margin = told.resetInMs / WINDOW_DRIFT.SHARE + slackMs;
  if (isOlder) return true;
  const isLater = sequence > window.sequence;
  if (isSameClock) {
    const end = sentAt + told.resetInMs - margin;
    const isOtherLength = told.limit.windowSeconds !== window.limit.windowSeconds;
    window.end = isLater && isOtherLength ? end : Math.max(window.end, end);
  }
  if (isLater) {
    key.window = { ...told, end: window.end, endLatest: now + told.resetInMs, sequence };
  }
  return true;
}

/** A request that has asked, and what came for it. */
interface Asked<R, F> {
  readonly request: Waiting;
  readonly own: OwnUnits | null;
  readonly judge: Judge<R, F>;
}

/**
 * The decision of the request that asked, in the turn in which its answer was taken in. An answer that was dropped as
 * older may have brought no record: then the request goes on like any other.
 */
export function decideAsked<R extends Guarded, F>(
  group: Group<R>,
  key: HeldKey<R>,
  { request, own, judge }: Asked<R, F>,
  now: number,
): Decision<R, F> {
  if (own === null) return decide(group, key, request, judge, now);
  if (!key.isKnown || key.held === null) {
    giveBack(key, own);
    return key.isKnown ? { kind: "refused", refusal: judge.absent, held: null } : UNDECIDED;
  }
  const refusal = judge.refusalOf(key.held);
  if (refusal === null) return { kind: "admitted", held: key.held, by: "guard", window: own.window };
  giveBack(key, own);
  return { kind: "refused", refusal, held: key.held };
}

/** The lease of a question ends by a timer, too, that was started before it was sent. */
export function endLease<R extends Guarded>(group: Group<R>, sent: SentQuestion): void {
  sent.leaseOver = true;
  if (group.leaseSequence <= sent.sequence) group.leaseEnd = NEVER;
}

/** Gives units up that the asking request got and does not use; they count for their window alone. */
export function giveBack<R extends Guarded>(key: HeldKey<R>, own: OwnUnits): void {
  if (key.window?.number === own.window) key.surplus += own.units;
}

/**
 * Takes a record over. Units of another limit are void. The limit may have changed and changed back meanwhile, so the
 * window's end is unknown until the guard's next answer.
 */
function accept<R extends Guarded>(key: HeldKey<R>, held: R | null): void {
  if (key.isKnown && !isSameLimit(key.held, held)) setAside(key);
  if (key.window !== null) key.window.end = NEVER;
  key.isKnown = true;
  key.held = held;
}

function isSameLimit<R extends Guarded>(a: R | null, b: R | null): boolean {
  const before = a?.record.rateLimit;
  const after = b?.record.rateLimit;
  return before?.requests === after?.requests && before?.windowSeconds === after?.windowSeconds;
}
