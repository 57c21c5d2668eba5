import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import type { RateHeaders } from "../../core/key/rate-window.ts";
import type { Refusal } from "../../core/refusal.ts";
import type { HeldKey } from "../rules/held.ts";
import type { Decided } from "../rules/isolate.ts";

/**
 * How a decision came about: `lease` without I/O, `waited` for another request's question, `guard` by asking, `fact` by
 * what never changes again.
 */
export type AdmissionSource = "lease" | "waited" | "guard" | "fact" | "unavailable";

export type Outcome = { readonly source: AdmissionSource; readonly rate: KeyRate | null } & (
  | { readonly kind: "admitted"; readonly key: CompiledKey }
  | { readonly kind: "refused"; readonly key: CompiledKey | null; readonly refusal: Refusal }
  | { readonly kind: "limited"; readonly key: CompiledKey }
  | { readonly kind: "unavailable"; readonly reason: string | undefined }
);

/** A key's rate window as this isolate knows it. Moments are milliseconds since the epoch. */
export interface KeyRate extends RateHeaders {
  /** When the window has surely reset. */
  readonly retryAt: number;
}

export function outcomeOf(
  decision: Decided<CompiledKey, Refusal>,
  key: HeldKey<CompiledKey>,
  source: AdmissionSource,
): Outcome {
  if (decision.kind === "refused")
    return { kind: "refused", source, rate: null, key: decision.held, refusal: decision.refusal };
  return { kind: decision.kind, source, rate: rateOf(key), key: decision.held };
}

export function rateOf({ window, units, surplus }: HeldKey<CompiledKey>): KeyRate | null {
  if (window === null) return null;
  const { requests, windowSeconds } = window.limit;
  return {
    limit: requests,
    windowSeconds,
    remaining: Math.min(requests, window.remaining + units + surplus),
    resetAt: window.endLatest,
    retryAt: window.endLatest,
  };
}

/** Rate headers when the guard did not answer: nothing is admitted for a second. */
export function unknownRate({ requests, windowSeconds }: RateLimit): KeyRate {
  const resetAt = Date.now() + 1000;
  return { limit: requests, windowSeconds, remaining: 0, resetAt, retryAt: resetAt };
}
