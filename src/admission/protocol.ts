/**
 * The admission protocol.
 *
 * Every gateway of this kind either asks a central place on each request, which is slow, or caches, which lets a
 * revoked key in for a while. This protocol does neither. The authority on up to 64 keys of one organisation (a
 * *group*) is a *guard*, a Durable Object. An *isolate* of the Worker that wants to decide about a request asks the
 * guard for a *lease*: "at revision R nothing has changed; decide by what you hold for so many milliseconds, and here
 * are units of these keys' budgets". While the lease holds, requests are decided without any I/O. A *change* (revoke,
 * disable, edit, a role lost) is committed by the guard first, then waits until every lease given before has ended, and
 * only then is acknowledged. A request that arrives after that finds no valid lease anywhere, so it asks the guard and
 * is decided by the change.
 *
 *   isolate                      guard                        organisation
 *      │ question(have R) ─────────▶ │                              │
 *      │ ◀──── answer(R, lease, units)│                              │
 *      │ decides, decides, decides   │ ◀──────────── put(record) ── │
 *      │                             │ commits R+1                  │
 *      │ lease ends                  │ waits for the longest lease  │
 *      │ question(have R) ─────────▶ │ ── in force ───────────────▶ │ acknowledges
 *      │ ◀──── answer(R+1, changed)  │                              │
 *
 * What safety rests on (`rules/guard.ts`, `rules/isolate.ts`); `test/promise/protocol` takes each out and sees the model
 * fail:
 *
 *  1. An isolate counts a lease from before it sent the question, less a slack for drift; the guard counts it from
 *     after it heard the question. So the guard's end is never the earlier one, whatever the clocks say. A lease also
 *     ends by a timer, and a clock that reads less than before ends all leases (an *epoch*).
 *  2. An answer older than the revision held vouches for nothing, and its units are not used.
 *  3. An answer lists every change of the group since the revision held, not only those of the keys asked about.
 *  4. A decision, a refusal too, needs a valid lease or the answer to a question sent after the request arrived.
 *     Exceptions are facts that never change: the hash behind a key id, and that a key is revoked.
 *  5. Units live until their window ends and are used under a lease only. Windows have numbers, and units that come
 *     back count for the window of their number.
 *  6. A guard that starts assumes a lease of the longest length on record. A longer lease is on record before it
 *     leaves the guard. A group with nothing on record vouches for nothing.
 *  7. A change waits by a timer for the whole longest lease, never for a difference of two clock readings. A repeated
 *     change waits like the first.
 *  8. Revoked wins whatever the version. The answer to a change says what is in force.
 *  9. What a failed question returned is gone from the isolate: it is never used again.
 *
 * What only speed rests on (`rules/pace.ts`, `rules/load.ts`): how long a lease is, when it is renewed, how many units
 * are asked for, when a question is put again. Nothing there can make an admission wrong.
 *
 * Counts are neither lost nor doubled when an answer is: an isolate reports one lot at a time, under a number, and again
 * under that number until an answer says that it has arrived (`rules/report.ts`). What an earlier instance of the guard may
 * have taken in is not taken in by a later one: a crash loses counts and doubles none.
 *
 * Windows on record run ahead of what was handed out, so that a busy key writes seldom and a crash errs on the side of
 * less. When a group goes quiet, the isolate says a last word (`final`) and the record is made exact.
 */

import type { RateLimit } from "../core/key/key-record.ts";
import type { KeyUsageReport } from "../core/usage/usage.ts";

/** Keys of a group, and of a question. */
export const MAX_GROUP_KEYS = 64;

/** What the rules need to know of a record. */
export interface Guarded {
  readonly record: { readonly rateLimit: RateLimit | null };
}

/** What an isolate asks of the guard of a group. Only keys that have something to say are in it. */
export interface Question {
  /** The revision that the isolate holds; 0 for none. */
  readonly have: number;
  /** How long a lease it would like, in milliseconds; 0 for the shortest. */
  readonly leaseWanted: number;
  /** The group has gone quiet: this returns and reports all there is. */
  readonly final: boolean;
  /** Names the counts that `keys` report; a Worker of the version before sends none, and may count twice. */
  readonly report?: ReportName;
  /** At most {@link MAX_GROUP_KEYS}, and those that were reported in vain. */
  readonly keys: readonly KeyQuestion[];
}

/** Each report of an isolate has a greater number than those before. */
export interface ReportName {
  /** Random for each isolate. */
  readonly isolate: string;
  readonly number: number;
  /** Of a report that is sent again: the guard's instance that was known when it was first sent, empty for none. */
  readonly firstTo?: string;
}

export interface KeyQuestion {
  readonly id: string;
  /** Whether the answer is to hold the record. */
  readonly record: boolean;
  /** Units of the rate limit that are wanted in all. */
  readonly want: number;
  /** Units of them that waiting requests need; the rest is for requests to come. */
  readonly waiting: number;
  /** Units of those that the asking request takes as a whole or not at all; 0 when none asks. */
  readonly need: number;
  /** A unit for a request to come is useful, if the window is open and has plenty. */
  readonly spare: boolean;
  /** Units of a window, by its number, that the isolate has and will not use. */
  readonly returned: { readonly window: number; readonly units: number } | null;
  /** What the isolate has seen of the key since its last report. */
  readonly usage: KeyUsageReport | null;
}

/** What a guard answers; `R` is a record with what belongs to it. */
export interface Answer<R extends Guarded> {
  /** Grows with each change of a key of the group; 0 when the group was never created. */
  readonly revision: number;
  readonly leaseMs: number;
  /** Every key of the group that has changed since the revision held. */
  readonly changed: Readonly<Record<string, R>>;
  /** By the ids that were asked about, and those that have changed. */
  readonly keys: Readonly<Record<string, KeyAnswer<R>>>;
  /** Whether a window's record runs ahead of its use, so that a last word makes it exact. */
  readonly ahead: boolean;
  /** Random for each start of the guard. Missing in the answer of the version before. */
  readonly instance?: string;
}

export interface KeyAnswer<R extends Guarded> {
  /** Present when it was asked for; `null` when there is no such key. */
  readonly record?: R | null;
  readonly units: number;
  /** `null` when there is no such key. */
  readonly window: WindowTold | null;
}

/** A rate window as the guard tells it. */
export interface WindowTold {
  /** Its number; a later window has a greater one. */
  readonly number: number;
  readonly limit: RateLimit;
  /** Units that no isolate has. */
  readonly remaining: number;
  /** Milliseconds from the moment of telling. */
  readonly resetInMs: number;
}
