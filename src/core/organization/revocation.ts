import type { Leak } from "./leak.ts";
import type { Actor } from "./organization.ts";

/** Emergency revocation: what operators name, and what becomes of it. Times are milliseconds since the epoch. */

/** How many targets one request may name. */
export const MAX_TARGETS = 10_000;

/** A key that is to be cut. */
export interface KeyTarget {
  /** Which target of the request named it, from 0. */
  readonly target: number;
  readonly keyId: string;
  /** The organisation that it must belong to; `null` when only the key was named. */
  readonly orgId: string | null;
  /** SHA-256 of the secret that was presented, lower-case hex: only the key that it belongs to is cut. */
  readonly hash: string | null;
  /** Where it was found; absent when it was named for another reason. */
  readonly leak?: Leak;
}

/** An owner, or with `null` a whole organisation, whose keys are to be cut. */
export interface OwnerTarget {
  readonly target: number;
  readonly orgId: string;
  readonly ownerId: string | null;
}

/** `would_revoke` is the answer of a dry run; `unconfirmed` is retried until it is confirmed. */
export const REVOCATION_STATUSES = ["revoked", "unconfirmed", "not_found", "would_revoke"] as const;
export type RevocationStatus = (typeof REVOCATION_STATUSES)[number];

/** What became of one key. What does not apply is `null`. */
export interface RevocationResult {
  readonly target: number;
  /** `null` when the target named no key, or its organisation could not be asked which. */
  readonly keyId: string | null;
  readonly status: RevocationStatus;
  readonly requestedAt: number | null;
  readonly effectiveAt: number | null;
  readonly version: number | null;
}

/** The author of a cut, and the reason. */
export interface RevocationRequest {
  /** The id of the request that asked for it. */
  readonly id: string;
  readonly at: number;
  readonly reason: string;
  readonly operator: { readonly id: string; readonly name: string; readonly address: string };
}

/** A key that its guard has cut, for the organisation to take in. */
export interface Cut {
  readonly keyId: string;
  readonly revokedAt: number;
  readonly effectiveAt: number;
  readonly version: number;
  /** Where it was found, if it is cut because it has leaked. */
  readonly leak: Leak | null;
}

/** An access token that is dead while its key goes on, for the key's organisation to take in. */
export interface TokenCut {
  readonly orgId: string;
  readonly keyId: string;
  /** The token's `jti`. */
  readonly tokenId: string;
  /** Of the token, in milliseconds since the epoch; a Worker of the version before does not tell them. */
  readonly issuedAt?: number;
  readonly expiresAt?: number;
  /** Who has revoked it. */
  readonly author: Pick<Actor, "id" | "name" | "address" | "requestId">;
  /** Where it was found, if it was revoked because it has leaked. */
  readonly leak: Leak | null;
}

/** One line of the record of emergency revocations. */
export interface RevocationEntry extends RevocationResult {
  readonly id: number;
  readonly request: RevocationRequest;
  readonly orgId: string | null;
  readonly ownerId: string | null;
  /** Whether the key's organisation has taken it in. */
  readonly organizationTold: boolean;
  /** How often it was tried in vain. */
  readonly failures: number;
}

export interface RevocationQuery {
  readonly status: "unconfirmed" | "confirmed" | "all";
  readonly limit: number;
  /** The id of the last line of the page before; the newest come first. */
  readonly before: number | null;
}

/** A result for which there is no receipt. */
export function withoutReceipt(
  target: number,
  keyId: string | null,
  status: RevocationStatus,
  requestedAt: number | null = null,
): RevocationResult {
  return { target, keyId, status, requestedAt, effectiveAt: null, version: null };
}

/** The answer to the finder of a token. */
type LeakLabel = "true_positive" | "false_positive";

/**
 * A key that cannot be confirmed as dead yet counts as real: its checksum is right, which chance hits once in four
 * thousand million times, and it is retried until its guard has answered.
 */
export function leakLabel(status: RevocationStatus): LeakLabel {
  return status === "not_found" ? "false_positive" : "true_positive";
}
