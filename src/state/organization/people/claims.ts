import { intersection, isNothing, NOTHING, type Grants } from "../../../core/scim/roles.ts";

/** What a person's identity tokens say. Times are milliseconds since the epoch. */
export interface Claims {
  readonly claimed: Grants;
  /** When the latest token was issued, by the provider's clock: it may run ahead of ours. */
  readonly claimsIat: number;
  /** The same, but never later than the token was first seen: what happened since then was after it. */
  readonly claimsAt: number;
}

/** Of two tokens issued in one second, the one seen last while both are fresh counts as the later. */
const FRESH_MS = 5000;

/**
 * What counts once a token has been seen at `now`; `null` when a later one has said otherwise. Where the order of two
 * tokens is not known, as of the same second once they have aged or of clocks that differ, only what both say counts,
 * so that a token that has been superseded brings nothing back.
 */
export function latestClaims(
  known: Claims | null,
  token: { readonly grants: Grants; readonly issuedAt: number },
  now: number,
): Claims | null {
  const { grants, issuedAt } = token;
  if (known === null || issuedAt > known.claimsIat || isFreshTwin(known, issuedAt, now)) {
    return { claimed: grants, claimsIat: issuedAt, claimsAt: Math.min(issuedAt, now) };
  }
  if (issuedAt < known.claimsAt) return null;
  const { claimsIat, claimsAt } = known;
  return { claimed: intersection(known.claimed, grants), claimsIat, claimsAt };
}

/** What a token of this age still says; `maxAgeMs` is `null` where tokens do not age. */
export function grantsInTime(
  { grants, issuedAt }: { readonly grants: Grants; readonly issuedAt: number },
  maxAgeMs: number | null,
  now: number,
): Grants {
  return lapseOf({ claimed: grants, claimsAt: issuedAt }, maxAgeMs) <= now ? NOTHING : grants;
}

/** When what a token says counts no more; milliseconds since the epoch. */
export function lapseOf(
  { claimed, claimsAt }: Pick<Claims, "claimed" | "claimsAt">,
  maxAgeMs: number | null,
): number {
  return maxAgeMs === null || isNothing(claimed) ? Number.POSITIVE_INFINITY : claimsAt + maxAgeMs;
}

function isFreshTwin({ claimsIat, claimsAt }: Claims, issuedAt: number, now: number): boolean {
  return issuedAt === claimsIat && claimsAt === claimsIat && now - issuedAt < FRESH_MS;
}
