import type { RateLimit } from "./key-record.ts";

/** A fixed window that starts with the first request in it. */
export interface RateWindow {
  /** Milliseconds since the epoch; also the window's name. */
  readonly startedAt: number;
  /** When it ends by the limit it was opened under; a limit that is changed later can only end it sooner. */
  readonly endsAt: number;
  /** How much of the limit has been handed out. */
  readonly used: number;
}

/** A window as isolates and clients see it. */
interface WindowState {
  readonly startedAt: number;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** When the window resets, in milliseconds since the epoch on the teller's clock. */
  readonly resetAt: number;
  /** The same as a duration from the moment of telling, for clocks that disagree. */
  readonly resetInMs: number;
}

/** The share of the remaining budget that one grant takes at most, and of the limit that a crash may forget. */
const SHARE = 20;

/** The window that holds at `now`: the one given while it lasts, else a fresh one. */
export function windowAt(window: RateWindow | null, limit: RateLimit, now: number): RateWindow {
  if (window !== null && now < endOf(window, limit)) return window;
  return { startedAt: now, endsAt: now + limit.windowSeconds * 1000, used: 0 };
}

/**
 * How many units a grant takes when `wanted` are asked for: none when the window is used up, else at least one and
 * at most a twentieth of what remains, so that no isolate starves the others and small limits are exact.
 */
export function unitsToGrant(wanted: number, window: RateWindow, limit: RateLimit): number {
  const remaining = limit.requests - window.used;
  if (wanted < 1 || remaining < 1) return 0;
  return Math.max(1, Math.min(wanted, Math.floor(remaining / SHARE)));
}

/**
 * How much is to be on record as used before `used` may be handed out. It runs ahead by a twentieth of the limit, so
 * that a window takes about twenty writes; what a crash then forgets was reserved and not used, never spent.
 */
export function reserveAhead(used: number, limit: RateLimit): number {
  return Math.max(used, Math.min(limit.requests, used + Math.floor(limit.requests / SHARE) - 1));
}

/** The state of a window at `now`. */
export function windowState(window: RateWindow, limit: RateLimit, now: number): WindowState {
  const resetAt = endOf(window, limit);
  return {
    startedAt: window.startedAt,
    limit: limit.requests,
    windowSeconds: limit.windowSeconds,
    remaining: Math.max(0, limit.requests - window.used),
    resetAt,
    resetInMs: resetAt - now,
  };
}

function endOf(window: RateWindow, limit: RateLimit): number {
  return Math.min(window.endsAt, window.startedAt + limit.windowSeconds * 1000);
}

/** Whole seconds to wait for a duration in milliseconds, at least 1 (RFC 9110 section 10.2.3). */
export function retryAfterSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

/** What a response tells of the key's window. */
export interface RateHeaders {
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Milliseconds since the epoch. */
  readonly resetAt: number;
}

/**
 * Sets the common `X-RateLimit-*` headers (reset in Unix seconds) and those of
 * draft-ietf-httpapi-ratelimit-headers-10 (reset in seconds from now).
 */
export function setRateHeaders(headers: Headers, rate: RateHeaders, now: number): void {
  headers.set("X-RateLimit-Limit", `${rate.limit}`);
  headers.set("X-RateLimit-Remaining", `${rate.remaining}`);
  headers.set("X-RateLimit-Reset", `${Math.ceil(rate.resetAt / 1000)}`);
  headers.set("RateLimit-Policy", `"key";q=${rate.limit};w=${rate.windowSeconds}`);
  headers.set(
    "RateLimit",
    `"key";r=${rate.remaining};t=${Math.max(0, Math.ceil((rate.resetAt - now) / 1000))}`,
  );
}
