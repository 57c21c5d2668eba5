/** How long leases are: policy, on which speed rests and safety does not. Times are milliseconds. */

/** The bounds of a lease: `ADMISSION_LEASE_MS` and `ADMISSION_LEASE_MAX_MS`. With a base of 0 every request asks. */
export interface LeaseBounds {
  readonly base: number;
  readonly max: number;
}

/** A guard lengthens leases to be called no more often than this; half of the platform's soft limit. */
export const GUARD_CALLS_PER_S = 450;
/** An isolate asks for longer leases to call no more often than this, over all its groups. */
export const ISOLATE_CALLS_PER_S = 200;

/** Leases come in few lengths, so that the longest on record is rarely written. */
const LEASE_GRAIN_MS = 50;
const PERIOD_MS = 250;
/** A period in which there were already too many calls may be as short as this. */
const CROWDED_PERIOD_MS = 50;
const ROUND_TRIPS_PER_LEASE = 4;
/** In one period a length at most doubles, and falls by at most this share. */
const MAX_GROWTH = 2;
const MAX_FALL = 0.85;

/** The calls that an isolate makes or a guard gets, and the lease that keeps them few. */
export interface Load {
  leaseMs: number;
  calls: number;
  since: number;
}

export function newLoad(now: number): Load {
  return { leaseMs: 0, calls: 0, since: now };
}

/** Counts a call and adapts the lease once a period. */
export function noteCall(load: Load, now: number, perSecond: number, bounds: LeaseBounds): void {
  load.calls++;
  const elapsed = now - load.since;
  const isCrowded = load.calls > (perSecond * PERIOD_MS) / 1000;
  if (elapsed >= 0 && elapsed < (isCrowded ? CROWDED_PERIOD_MS : PERIOD_MS)) return;
  const rate = elapsed > 0 ? (load.calls * 1000) / elapsed : 0;
  const change = Math.min(MAX_GROWTH, Math.max(MAX_FALL, rate / perSecond));
  const ms = Math.max(load.leaseMs, bounds.base) * change;
  load.leaseMs = elapsed > 20 * PERIOD_MS ? 0 : Math.min(bounds.max, Math.max(bounds.base, ms));
  load.calls = 0;
  load.since = now;
}

/** The lease that a guard gives: what the asker wants or its own load calls for, within the bounds. */
export function leaseLength(bounds: LeaseBounds, load: Load, wanted: number): number {
  if (bounds.base === 0) return 0;
  const ms = Math.max(bounds.base, wanted, load.leaseMs);
  if (ms === bounds.base) return ms;
  return Math.min(Math.max(bounds.base, bounds.max), Math.ceil(ms / LEASE_GRAIN_MS) * LEASE_GRAIN_MS);
}

/** The lease that an isolate wants: several round trips, or what keeps its calls few. */
export function leaseWanted(roundTripMs: number, load: Load, slackMs: number): number {
  return Math.max(roundTripMs > 0 ? ROUND_TRIPS_PER_LEASE * roundTripMs + slackMs : 0, load.leaseMs);
}
