import { BATCH_TIMEOUT_MS } from "../../core/concurrency.ts";

/** Longer than any step of an erasure takes: an attempt that has died leaves its place so soon. */
const KEPT_MS = BATCH_TIMEOUT_MS + 10_000;

/** Which attempt at an erasure is under way. In memory alone: should two meet after a restart, each of their steps may be repeated. */
export class ErasureClaims {
  readonly #claims = new Map<string, { readonly attempt: string; readonly until: number }>();

  /** Whether the attempt has its place, which is kept for it until some time after `now` (milliseconds since the epoch). */
  claim(orgId: string, attempt: string, now: number): boolean {
    const held = this.#claims.get(orgId);
    // The clock may have been set back.
    const isHeld = held !== undefined && Math.abs(held.until - now) <= KEPT_MS && now < held.until;
    if (isHeld && held.attempt !== attempt) return false;
    this.#claims.set(orgId, { attempt, until: now + KEPT_MS });
    return true;
  }

  release(orgId: string, attempt: string): void {
    if (this.#claims.get(orgId)?.attempt === attempt) this.#claims.delete(orgId);
  }
}
