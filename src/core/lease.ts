/**
 * The arithmetic of leases. A guard vouches for a key's record for a while; an isolate decides from that record until
 * the while is over; a change waits until no isolate can still be deciding from the old one.
 *
 * What makes it hold: the isolate counts from before it asked, the guard from after it heard, so the guard's end is
 * never the earlier one whatever their clocks say. Both measure durations on their own clock; `slackMs` absorbs the
 * drift between them within one lease. All times are milliseconds.
 */

import type { KeyRecord } from "./key-record.ts";
import type { TokenDenials } from "./token-denials.ts";
import type { WindowState } from "./rate-window.ts";
import type { Usage } from "./usage.ts";

/** What a request is going to be once admitted, by the version of the record that the isolate has; none if refused. */
export interface ExpectedCall {
  readonly name: string;
  readonly version: number;
}

/** What an isolate asks of a guard. */
export interface Ask {
  /** The revision that the guard has vouched for to this isolate before; 0 for none. */
  readonly have: number;
  /** How many units of the rate limit it wants; 0 to have only the record vouched for. */
  readonly want: number;
  /** Units of an earlier grant that the isolate did not use and will not use. */
  readonly returned: { readonly startedAt: number; readonly units: number } | null;
  /** The request that waits for this answer and takes the first unit; `null` when none does. */
  readonly request: {
    readonly at: number;
    readonly address: string;
    readonly call: ExpectedCall | null;
  } | null;
  /** What the isolate has seen of the key since it last asked. */
  readonly usage: Usage | null;
}

/** What a guard answers: a record that it vouches for during `leaseMs`, and units to admit requests with. */
export interface Grant {
  /** Grows with each change of what the guard knows of the key; 0 when no key of this id was ever created. */
  readonly revision: number;
  /** `null` when there is none, or when the isolate has this revision. */
  readonly record: KeyRecord | null;
  /** The key's access tokens that were revoked; comes with the record. */
  readonly denials: TokenDenials;
  readonly leaseMs: number;
  readonly units: number;
  readonly window: WindowState | null;
}

/** The moment up to which an isolate may decide from a record that it asked for at `askedAt`, on its own clock. */
export function isolateLeaseEnd(askedAt: number, leaseMs: number, slackMs: number): number {
  return askedAt + Math.max(0, leaseMs - slackMs);
}

/** The latest moment at which any lease can still be in use, after one more was given at `grantedAt`. */
export function guardLeaseEnd(latestEnd: number, grantedAt: number, leaseMs: number): number {
  return Math.max(latestEnd, grantedAt + leaseMs);
}

/**
 * How many units to ask for: what the recent rate would use in one lease, at most four times what was used since the
 * last ask, so that a burst of two requests does not reserve hundreds.
 */
export function unitsToAsk(spent: number, elapsedMs: number, leaseMs: number): number {
  const expected = Math.ceil((spent / Math.max(1, elapsedMs)) * leaseMs);
  return Math.max(1, Math.min(expected, spent * 4));
}
