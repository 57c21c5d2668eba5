/**
 * When an isolate asks, what it wants, how long it waits: policy, on which speed rests and safety does not. Times are
 * milliseconds; `now` is on the isolate's clock.
 */

import { MAX_GROUP_KEYS, type Answer, type Guarded, type KeyQuestion } from "../protocol.ts";
import {
  costOf,
  keyOf,
  setAside,
  type Group,
  type HeldKey,
  type Report,
  type SentQuestion,
  type Waiting,
} from "./held.ts";
import { noteReported } from "./report.ts";

/** A key that was not used for so long returns its units. */
const KEEP_UNITS_MS = 60_000;
/** A group that was not used for so long reports and returns everything. */
export const QUIET_MS = 2_000;
/** The same when all that is owed is to make the record of a window exact, or is under way; a guard may be evicted after 10 s. */
const QUIET_AHEAD_MS = 8_000;
/** Beyond two usual answers: then the asking request counts as dead. */
const PATIENCE_MS = 100;
/** A request waits no longer than this for a decision. */
const DEADLINE_MS = 5_000;
const BACKOFF_MS = 60;
const MAX_BACKOFF_MS = 800;
/** Requests wait through so many failures in a row, as when a guard moves; after more they get 503 at once. */
const FAILURES_WAITED = 3;
const POLL_MS = 3;
const MAX_POLL_MS = 25;
/** The more requests wait, the more rarely each looks: polling must not take the CPU that deciding needs. */
const WAITS_PER_POLL_MS = 20;
/** The share of the latest gap in the usual one. */
const GAP_WEIGHT = 1 / 8;
/** Leases shorter than this count as this long when units are planned. */
const MIN_PLANNED_MS = 100;

/** Notes a request that cannot be decided yet: the next question asks for it. */
export function noteDemand<R extends Guarded>(
  group: Group<R>,
  key: HeldKey<R>,
  request: Waiting,
  now: number,
): void {
  const isAskedFor = request.countedIn > group.covered && request.countedAtFailures === group.failures;
  if (isAskedFor) return;
  request.countedIn = group.asked + 1;
  request.countedAtFailures = group.failures;
  if (key.since === 0) key.since = now;
  const cost = costOf(key, request);
  key.demand += cost;
  group.demand += cost;
}

/** Notes units used for a request. */
export function noteUse<R extends Guarded>(
  group: Group<R>,
  key: HeldKey<R>,
  units: number,
  now: number,
): void {
  if (key.since === 0) key.since = now;
  const gap = Math.min(QUIET_MS, Math.max(0, now - group.usedAt));
  group.gapMs += (gap - group.gapMs) * GAP_WEIGHT;
  group.spent += units;
  key.spent += units;
  key.usedAt = now;
  group.usedAt = now;
  // Less than a round trip and a half would use at the key's rate.
  if (key.rate >= 5 && key.units < (key.rate * (1.5 * group.roundTripMs + 20)) / 1000) group.isLow = true;
}

/** Notes a request that the record refused: it uses nothing, and needs a lease as any other. */
export function noteRefusal<R extends Guarded>(group: Group<R>): void {
  group.refused++;
}

export type NextStep =
  | { readonly kind: "ask" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "give up" };

const ASK: NextStep = { kind: "ask" };
const GIVE_UP: NextStep = { kind: "give up" };

/** What a request that cannot be decided does now. `arrivedAt` is when it began to wait. */
export function nextStep<R extends Guarded>(
  group: Group<R>,
  request: Waiting,
  arrivedAt: number,
  now: number,
): NextStep {
  if (now - arrivedAt > DEADLINE_MS) return GIVE_UP;
  if (now < group.retryAt) {
    return group.failures > FAILURES_WAITED ? GIVE_UP : { kind: "wait", ms: group.retryAt - now + 1 };
  }
  const question = awaited(group, now);
  if (question === null) return ASK;
  if (request.polls++ === 0) {
    return { kind: "wait", ms: Math.max(POLL_MS, question.sentAt + group.tookMs - now + 1) };
  }
  const longest = Math.max(MAX_POLL_MS, group.waits++ / WAITS_PER_POLL_MS);
  return { kind: "wait", ms: Math.min(longest, POLL_MS * 1.5 ** (request.polls - 1)) };
}

/** Whether the lease is to be renewed behind a request that was decided by it. */
export function isRenewalDue<R extends Guarded>(group: Group<R>, now: number): boolean {
  if (group.leaseMs === 0 || group.spent + group.refused < 2 || now < group.retryAt) return false;
  const isDue =
    group.leaseEnd - now < renewalMargin(group) ||
    (group.isLow && now - group.askedAt > Math.max(20, group.roundTripMs / 2));
  return isDue && awaited(group, now) === null;
}

type Want = Pick<KeyQuestion, "id" | "want" | "waiting" | "need" | "spare" | "usage">;

/** A question to be made: for a request, with a report, as the last word. */
interface Planned {
  readonly asker: Waiting | null;
  readonly report: Report | null;
  readonly isFinal: boolean;
}

/** The keys that have something to say in the next question, and how many units they want. */
export function wantsOf<R extends Guarded>(
  group: Group<R>,
  { asker, report, isFinal }: Planned,
  now: number,
): Want[] {
  const isSteady = !isFinal && isInSteadyUse(group, now);
  const wants: Want[] = [];
  const consider = (id: string, key: HeldKey<R>) => {
    const usage = report?.usage.get(id) ?? null;
    const cost = asker?.keyId === id ? costOf(key, asker) : 0;
    // A cost is paid as a whole: units that do not suffice go back and count for it.
    if (key.units < cost) setAside(key);
    const waiting = Math.max(cost, key.demand);
    const want = Math.max(waiting, unitsWanted(group, key, { isSteady, isFinal }, now));
    const returns = key.surplus > 0 && group.failures === 0;
    const spare = want === 0 && isSteady && isSpareUseful(key, now);
    const isAsked = want > 0 || spare || asker?.keyId === id;
    noteAsked(key, now);
    if (isAsked || returns || usage !== null) wants.push({ id, want, waiting, need: cost, spare, usage });
  };
  const first = new Set(report?.usage.keys());
  if (asker !== null && !first.has(asker.keyId)) consider(asker.keyId, keyOf(group, asker.keyId));
  for (const id of first) consider(id, keyOf(group, id));
  if (asker !== null) first.add(asker.keyId);
  for (const [id, key] of group.keys) {
    if (wants.length >= MAX_GROUP_KEYS) break;
    if (!first.has(id) && (isFinal || !isAtRest(key, now))) consider(id, key);
  }
  group.spent = 0;
  group.refused = 0;
  group.demand = 0;
  group.isLow = false;
  group.askedAt = now;
  return wants;
}

/** A key in use has no unit for its next request, as at the end of each window. */
function isSpareUseful<R extends Guarded>(
  { window, units, isInUse, usedAt }: HeldKey<R>,
  now: number,
): boolean {
  if (!isInUse || window === null || now - usedAt > KEEP_UNITS_MS) return false;
  return units === 0 || now >= window.end;
}

/** A key that was not used since the last question, and has what its next use needs. */
function isAtRest<R extends Guarded>(key: HeldKey<R>, now: number): boolean {
  if (key.spent + key.demand + key.surplus > 0) return false;
  if (!key.isInUse) return key.units === 0;
  const { window } = key;
  return key.units > 0 && window !== null && now < window.end && now - key.usedAt <= KEEP_UNITS_MS;
}

function noteAsked<R extends Guarded>(key: HeldKey<R>, now: number): void {
  if (key.spent + key.demand > 0) {
    key.since = now;
    key.isInUse = true;
  }
  key.demand = 0;
  key.spent = 0;
}

/** Notes that a question was sent. */
export function noteSent<R extends Guarded>(group: Group<R>, sent: SentQuestion): void {
  group.underWay.push(sent);
}

/** A question is over. No request waits for those before it any more: their senders may be gone. */
function noteOver<R extends Guarded>(group: Group<R>, sent: SentQuestion): void {
  group.underWay = group.underWay.filter(({ sequence }) => sequence > sent.sequence);
}

export function noteAnswered<R extends Guarded>(
  group: Group<R>,
  sent: SentQuestion,
  answer: Answer<R>,
  now: number,
): void {
  noteOver(group, sent);
  noteReported(group, sent.question);
  const took = Math.max(0, now - sent.sentAt);
  group.roundTripMs = group.roundTripMs === 0 ? took : Math.min(took, group.roundTripMs * 1.05 + 0.5);
  const weight = took > group.tookMs ? 0.5 : 0.25;
  group.tookMs = group.tookMs === 0 ? took : group.tookMs + (took - group.tookMs) * weight;
  group.leaseMs = answer.leaseMs;
  group.waits = 0;
  group.isAhead = !sent.question.final && answer.ahead;
  group.instance = answer.instance ?? "";
  group.failures = 0;
  group.retryAt = 0;
  group.isLow = false;
}

/** After a failure there is one probe at a time, ever more rarely. `random` is from 0 to 1. */
export function noteFailed<R extends Guarded>(
  group: Group<R>,
  sent: SentQuestion,
  { isOverloaded, random }: { readonly isOverloaded: boolean; readonly random: number },
  now: number,
): void {
  noteOver(group, sent);
  group.failures = isOverloaded ? Math.max(FAILURES_WAITED + 1, group.failures + 1) : group.failures + 1;
  const delay = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (group.failures - 1));
  group.retryAt = now + delay * (0.5 + random / 2);
  for (const key of group.keys.values()) key.demand = 0;
  group.demand = 0;
}

/** When a group owes its guard a last word if it stays quiet; `null` when it owes none. */
export function lastWordAt<R extends Guarded>(group: Group<R>): number | null {
  if (group.usage.size > 0) return group.usedAt + QUIET_MS;
  for (const key of group.keys.values()) {
    if (key.units + key.surplus > 0) return group.usedAt + QUIET_MS;
  }
  // One that is under way may fail.
  if (group.report !== null) return group.usedAt + (group.underWay.length > 0 ? QUIET_AHEAD_MS : QUIET_MS);
  return group.isAhead ? group.usedAt + QUIET_AHEAD_MS : null;
}

/** The latest question, while its answer may still be expected; each one more makes the wait longer. */
function awaited<R extends Guarded>(group: Group<R>, now: number): SentQuestion | null {
  const latest = group.underWay.at(-1);
  if (latest === undefined) return null;
  const patience = group.tookMs === 0 ? 3 * PATIENCE_MS : 2 * group.tookMs + PATIENCE_MS;
  return now - latest.sentAt < patience * 2 ** (group.underWay.length - 1) ? latest : null;
}

/** How long before its end a lease is renewed. Answers that take long mean a queue: then only at the very end. */
function renewalMargin<R extends Guarded>(group: Group<R>): number {
  if (group.tookMs > 0.3 * group.leaseMs) return 0;
  // Early enough that a request of a group in slow use still comes before the end.
  const gaps = Math.min(1.5 * group.gapMs, group.leaseMs / 2);
  return Math.max(1.5 * group.tookMs + 20, group.leaseMs / 8, gaps);
}

function isInSteadyUse<R extends Guarded>(group: Group<R>, now: number): boolean {
  const recent = 2 * Math.max(group.leaseMs, MIN_PLANNED_MS) + group.tookMs;
  return group.spent + group.demand >= 2 && now - group.askedAt < recent;
}

/** What the key's rate uses in a lease and two answers, and two standard deviations more. */
function unitsWanted<R extends Guarded>(
  group: Group<R>,
  key: HeldKey<R>,
  { isSteady, isFinal }: { readonly isSteady: boolean; readonly isFinal: boolean },
  now: number,
): number {
  const recent = key.spent + key.demand;
  let target = 0;
  let want = 0;
  if (recent > 0) {
    // A first use has no rate yet.
    const rate = key.isInUse ? (recent * 1000) / Math.max(50, now - key.since) : 0;
    key.rate = key.rate > 0 ? (key.rate + rate) / 2 : rate;
    if (isSteady) target = key.isInUse ? unitsFor(group, key.rate) : 1;
    want = Math.min(Math.max(0, key.demand + target - key.units), 4 * recent + 1);
  }
  if (group.failures > 0) return want;
  if (isFinal || (recent === 0 && now - key.usedAt > KEEP_UNITS_MS)) {
    setAside(key);
    key.isInUse = false;
    key.rate = 0;
  } else if (recent > 0 && key.units > 2 * target + 8) setAside(key, key.units - 2 * target);
  return want;
}

function unitsFor<R extends Guarded>(group: Group<R>, rate: number): number {
  const mean = (rate * (Math.max(group.leaseMs, MIN_PLANNED_MS) + 2 * group.tookMs)) / 1000;
  return Math.ceil(mean + 2 * Math.sqrt(mean)) + 1;
}
