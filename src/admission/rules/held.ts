/**
 * What an isolate holds of groups and keys, and a request that waits for a decision. Times are milliseconds since the
 * epoch on the isolate's clock unless they are durations.
 */

import type { UsageTally } from "../../core/usage/usage-tally.ts";
import type { Guarded, Question, WindowTold } from "../protocol.ts";

export const NEVER = -1e15;

/** All that an isolate holds. */
export interface Isolate<R extends Guarded> {
  /** The highest reading of the clock. */
  highest: number;
  /** Grows each time the clock steps back. */
  epoch: number;
  /** Names it to guards: random, chosen before its first question. */
  id: string;
  /** Reports that were made. */
  reports: number;
  readonly groups: Map<string, Group<R>>;
}

/** What an isolate holds of a group. */
export interface Group<R extends Guarded> extends GroupPace {
  /** The name of its guard. */
  readonly name: string;
  /** The revision that the guard has vouched for; 0 for none. */
  revision: number;
  leaseEnd: number;
  /** The question that the lease came from. */
  leaseSequence: number;
  /** Questions sent, and the latest of them that was answered. */
  asked: number;
  covered: number;
  readonly keys: Map<string, HeldKey<R>>;
}

/** What an isolate holds of a key. */
export interface HeldKey<R extends Guarded> extends KeyPace {
  /** Whether `held` says anything. */
  isKnown: boolean;
  /** `null`: there is no such key. */
  held: R | null;
  /** Units of the window that may be used under a lease. */
  units: number;
  /** Units that must not be used any more; they go back with the next question. */
  surplus: number;
  window: HeldWindow | null;
}

export interface HeldWindow extends WindowTold {
  remaining: number;
  /** Until when units may be used, and when the window has surely reset. */
  end: number;
  endLatest: number;
  /** The question that `remaining` came from. */
  sequence: number;
}

/** A question under way. */
export interface SentQuestion {
  readonly question: Question;
  readonly sequence: number;
  readonly sentAt: number;
  readonly epoch: number;
  /** The timer of the lease that it brings has run out. */
  leaseOver: boolean;
}

/** A request that waits for a decision. */
export interface Waiting {
  readonly keyId: string;
  /** Units that it takes; 0 takes none. */
  readonly cost: number;
  /** Questions that were sent before it arrived, which were not asked for it. */
  readonly askedBefore: number;
  /** The question that its demand is counted in, and the failures of the group by then. */
  countedIn: number;
  countedAtFailures: number;
  polls: number;
}

export interface GroupPace {
  /** Questions under way. */
  underWay: SentQuestion[];
  /** Failures in a row, and when the next question may be sent after them. */
  failures: number;
  retryAt: number;
  /** The shortest round trip of late, without the guard's queue; and how long answers usually take. */
  roundTripMs: number;
  tookMs: number;
  /** The latest lease that was given. */
  leaseMs: number;
  askedAt: number;
  usedAt: number;
  /** Times that requests have waited by a timer since the last answer. */
  waits: number;
  /** The usual time between two uses. */
  gapMs: number;
  /** Units used, and requests refused under the lease, since the last question. */
  spent: number;
  refused: number;
  /** Units that requests wait for and no question has asked for yet. */
  demand: number;
  /** A busy key is low on units. */
  isLow: boolean;
  /** The guard's record of a window runs ahead of its use. */
  isAhead: boolean;
  /** Counts that wait to be reported, by key; and when the latest report was made. */
  usage: Map<string, UsageTally>;
  reportedAt: number;
  /** Counts that were sent, as long as no answer says that they have arrived. */
  report: Report | null;
  /** The instance of the guard that answered last; empty before one did. */
  instance: string;
}

export interface KeyPace {
  /** Units that requests wait for, and units used, since `since`. */
  demand: number;
  spent: number;
  since: number;
  /** Units a second. */
  rate: number;
  usedAt: number;
  /** It was used before the last question. */
  isInUse: boolean;
}

export function newGroupPace(): GroupPace {
  return {
    underWay: [],
    failures: 0,
    retryAt: 0,
    roundTripMs: 0,
    tookMs: 0,
    leaseMs: 0,
    askedAt: 0,
    usedAt: 0,
    waits: 0,
    gapMs: 0,
    spent: 0,
    refused: 0,
    demand: 0,
    isLow: false,
    isAhead: false,
    usage: new Map(),
    reportedAt: NEVER,
    report: null,
    instance: "",
  };
}

export function newKeyPace(): KeyPace {
  return { demand: 0, spent: 0, since: 0, rate: 0, usedAt: 0, isInUse: false };
}

export function newIsolate<R extends Guarded>(): Isolate<R> {
  return { highest: NEVER, epoch: 0, id: "", reports: 0, groups: new Map() };
}

export function newGroup<R extends Guarded>(name: string): Group<R> {
  return {
    name,
    revision: 0,
    leaseEnd: NEVER,
    leaseSequence: 0,
    asked: 0,
    covered: 0,
    keys: new Map(),
    ...newGroupPace(),
  };
}

export function keyOf<R extends Guarded>(group: Group<R>, id: string): HeldKey<R> {
  let key = group.keys.get(id);
  if (key === undefined) {
    key = { isKnown: false, held: null, units: 0, surplus: 0, window: null, ...newKeyPace() };
    group.keys.set(id, key);
  }
  return key;
}

/** A request as it arrives. */
export function arrive<R extends Guarded>(group: Group<R>, keyId: string, cost: number): Waiting {
  return { keyId, cost, askedBefore: group.asked, countedIn: 0, countedAtFailures: 0, polls: 0 };
}

/** A cost above the key's whole limit takes the whole limit. */
export function costOf<R extends Guarded>(key: HeldKey<R>, { cost }: Waiting): number {
  return key.window === null ? cost : Math.min(cost, key.window.limit.requests);
}

/** Puts units aside: they go back with the next question. */
export function setAside<R extends Guarded>(key: HeldKey<R>, units = key.units): void {
  key.surplus += units;
  key.units -= units;
}

export interface Report {
  readonly number: number;
  readonly usage: ReadonlyMap<string, UsageTally>;
  /** The guard's instance that was known when it was first sent. */
  readonly firstTo: string;
  isRepeated: boolean;
}
