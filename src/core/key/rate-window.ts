import type { RateLimit } from "./key-record.ts";

/** A fixed window of a limit, which starts with the first request in it. */
export interface RateWindow {
  /** Milliseconds since the epoch, as `endsAt`. */
  readonly startedAt: number;
  /** When it ends by the limit it was opened under; a limit that is changed later can only end it sooner. */
  readonly endsAt: number;
  /** How much of the limit has been handed out. */
  readonly used: number;
}

/** The window that holds at `now`: the one given while it lasts, else a fresh one, also where the clock was set back. */
export function windowAt(window: RateWindow | null, limit: RateLimit, now: number): RateWindow {
  if (window !== null && now >= window.startedAt && now < endOf(window, limit)) return window;
  return { startedAt: now, endsAt: now + limit.windowSeconds * 1000, used: 0 };
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
