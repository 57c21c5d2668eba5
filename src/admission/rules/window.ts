import type { RateLimit } from "../../core/key/key-record.ts";
import type { WindowTold } from "../protocol.ts";

/** A fixed window of a key's budget, which starts with the first request in it. Times are milliseconds since the epoch. */
export interface Window {
  /** Names the window; its start does not, since clocks step. */
  readonly number: number;
  readonly start: number;
  /** A limit that is changed later can only end it sooner (see {@link shortened}). */
  readonly end: number;
  /** Units handed out. */
  readonly used: number;
  /** Units that count as used on record; -1 when nothing is on record. */
  readonly recorded: number;
  /** Units handed out in the current slot of {@link SLOT_MS}, in the one before, and by the last grant. */
  readonly lately: number;
  readonly before: number;
  readonly handed: number;
  readonly slotAt: number;
}

/** The part of a window that survives the guard's instance. */
export type StoredWindow = Pick<Window, "number" | "start" | "end" | "used">;

/** Constants of the windows; the exhaustive search makes them small. */
export const WINDOW = {
  /** A grant takes at most this share of what remains; a crash forgets at most this share of the limit. */
  SHARE: 20,
  /** The record runs ahead by so many times what was handed out of late. */
  AHEAD: 4,
  SLOT_MS: 10_000,
};

const NEVER = -1e15;

/** A window as it stands on record: what was reserved and not recorded as handed out counts as used. */
export function openStored(stored: StoredWindow): Window {
  return { ...stored, recorded: stored.used, lately: 0, before: 0, handed: 0, slotAt: NEVER };
}

export function toStored({ number, start, end, recorded }: Window): StoredWindow {
  return { number, start, end, used: recorded };
}

/** The window that holds at `now`. One in the future (the clock was set back) is moved to now and keeps its use. */
export function windowAt(window: Window | undefined, limit: RateLimit, now: number): Window {
  const length = limit.windowSeconds * 1000;
  if (window !== undefined) {
    if (now < window.start) return { ...window, start: now, end: now + length };
    if (now < window.end) return window;
  }
  return {
    number: nextNumber(window, now),
    start: now,
    end: now + length,
    used: 0,
    recorded: -1,
    lately: window?.lately ?? 0,
    before: window?.before ?? 0,
    handed: window?.handed ?? 0,
    slotAt: window?.slotAt ?? NEVER,
  };
}

/**
 * Later than any that an isolate can hold: a guard whose storage was restored counts from an older one. Numbers grow more
 * slowly than milliseconds pass.
 */
function nextNumber(window: Window | undefined, now: number): number {
  return Math.max((window?.number ?? 0) + 1, now);
}

/**
 * The window under a limit of shorter windows than it was opened by. It goes on while isolates that do not know the limit
 * may use units of it, for the longest lease that is in use: they would exceed the window that follows.
 */
export function shortened(window: Window, limit: RateLimit, now: number, longestLeaseMs: number): Window {
  const end = Math.max(window.start + limit.windowSeconds * 1000, now + longestLeaseMs);
  return end < window.end ? { ...window, end } : window;
}

export function tellWindow(stored: Window | undefined, limit: RateLimit, now: number): WindowTold {
  const window = windowAt(stored, limit, now);
  return {
    number: window.number,
    limit,
    remaining: Math.max(0, limit.requests - window.used),
    resetInMs: window.end - now,
  };
}

/** Units that are asked for: in all, by requests that wait, and by the one that asks. */
interface Wanted {
  readonly want: number;
  readonly waiting: number;
  readonly need: number;
}

/** What a grant took. */
export interface Handed {
  readonly units: number;
  readonly window: Window;
  /** Whether the window must be on record before the units leave. */
  readonly mustRecord: boolean;
}

/**
 * Hands out units of a window: what requests wait for, as far as there is any left, and for requests to come at most a
 * twentieth of what remains, so that no isolate starves the others and small limits are exact.
 */
export function handOut(
  stored: Window | undefined,
  { want, waiting, need }: Wanted,
  limit: RateLimit,
  now: number,
): Handed {
  const window = windowAt(stored, limit, now);
  const remaining = limit.requests - window.used;
  const units = unitsOf(remaining, want, waiting, need);
  if (units === 0) return { units, window, mustRecord: false };
  const counted = countHanded({ ...window, used: window.used + units }, units, now);
  if (counted.used <= counted.recorded) return { units, window: counted, mustRecord: false };
  const recorded = Math.min(Math.max(limit.requests, counted.used), counted.used + reserve(counted, limit));
  return { units, window: { ...counted, recorded }, mustRecord: true };
}

function unitsOf(remaining: number, want: number, waiting: number, need: number): number {
  // What does not pay for the asking request is left to others.
  if (need > 0 && need > remaining) return unitsOf(remaining, want - need, waiting - need, 0);
  const share = Math.max(1, Math.floor(remaining / WINDOW.SHARE));
  return Math.min(Math.max(0, remaining), Math.max(waiting, Math.min(want, share), 0));
}

/**
 * Whether a unit may be handed out that no request waits for: of an open window, since windows open with requests, and
 * of one with plenty left, since others starve otherwise.
 */
export function hasPlenty(stored: Window | undefined, limit: RateLimit, now: number): boolean {
  if (stored === undefined || windowAt(stored, limit, now) !== stored) return false;
  return limit.requests - stored.used >= WINDOW.SHARE;
}

/** The window with its record as far ahead of its use as {@link handOut} would write it, if it is open and in use. */
export function recordAhead(window: Window, limit: RateLimit, now: number): Window {
  const isInUse = now - window.slotAt < 2 * WINDOW.SLOT_MS && windowAt(window, limit, now) === window;
  const recorded = Math.min(limit.requests, window.used + reserve(window, limit));
  return isInUse && recorded > window.recorded ? { ...window, recorded } : window;
}

/** Puts units back that an isolate had and did not use. */
export function takeBack(window: Window, units: number): Window {
  return { ...window, used: Math.max(0, window.used - units) };
}

/**
 * How far the record runs ahead of what was handed out: four times what the last 10 to 20 s took, at most a twentieth
 * of the limit. A key that is rarely used is on record exactly, so that an eviction of the guard forgets nothing.
 */
function reserve(window: Window, limit: RateLimit): number {
  const recent = window.before + window.lately - window.handed - 1;
  return Math.max(0, Math.min(Math.floor(limit.requests / WINDOW.SHARE) - 1, WINDOW.AHEAD * recent));
}

function countHanded(window: Window, units: number, now: number): Window {
  const age = now - window.slotAt;
  if (age >= 0 && age < WINDOW.SLOT_MS) return { ...window, lately: window.lately + units, handed: units };
  const before = age >= 0 && age < 2 * WINDOW.SLOT_MS ? window.lately : 0;
  return { ...window, before, lately: units, handed: units, slotAt: now };
}
