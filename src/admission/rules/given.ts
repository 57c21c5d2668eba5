/**
 * Which lengths of lease may be in use, as the guard knows it. Timers alone end them: a clock may step, and no reading of
 * it shortens the wait of a change.
 */

export interface GivenLease {
  /** A timer of the length runs. */
  isTimed: boolean;
  /** Given again since the timer was started. */
  isRenewed: boolean;
}

/** By the length of the lease in milliseconds. */
export type GivenLeases = Map<number, GivenLease>;

/** A guard starts as if it had just given the longest lease on record: a predecessor may have. */
export function givenBefore(longestLeaseMs: number): GivenLeases {
  const given: GivenLeases = new Map();
  giveLease(given, longestLeaseMs);
  return given;
}

export function giveLease(given: GivenLeases, leaseMs: number): void {
  if (leaseMs === 0) return;
  const lease = given.get(leaseMs);
  if (lease === undefined) given.set(leaseMs, { isTimed: false, isRenewed: false });
  else lease.isRenewed = true;
}

/** Lengths of which a timer is to be started in this turn; {@link endLeases} when it has run out. */
export function timersToStart(given: GivenLeases): number[] {
  const lengths: number[] = [];
  for (const [leaseMs, lease] of given) {
    if (lease.isTimed) continue;
    lease.isTimed = true;
    lengths.push(leaseMs);
  }
  return lengths;
}

/** The timer of a length has run out: what was given before it was started has ended. */
export function endLeases(given: GivenLeases, leaseMs: number): void {
  if (given.get(leaseMs)?.isRenewed === true) given.set(leaseMs, { isTimed: false, isRenewed: false });
  else given.delete(leaseMs);
}

/** The longest lease that may be in use, in milliseconds; 0 for none. */
export function longestOutstanding(given: GivenLeases): number {
  return Math.max(0, ...given.keys());
}
