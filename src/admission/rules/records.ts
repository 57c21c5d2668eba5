import type { KeyRecord } from "../../core/key/key-record.ts";
import type { TokenDenials } from "../../core/token/token-denials.ts";

/** A key as its guard keeps it and tells it. */
export interface GuardedKey {
  readonly record: KeyRecord;
  /** Access tokens of the key that were revoked. */
  readonly denials: TokenDenials;
}

/**
 * What is in force once `put` has been merged into `current`; `null` when nothing changes. A later version replaces an
 * earlier one. Revoked is final, and wins whatever the version: a restored organisation counts from an older one.
 */
export function merged(current: KeyRecord | undefined, put: KeyRecord): KeyRecord | null {
  if (current === undefined) return put;
  if (put.version > current.version) return { ...put, revokedAt: current.revokedAt ?? put.revokedAt };
  if (put.revokedAt !== null && current.revokedAt === null) return revoked(current, put.revokedAt);
  return null;
}

/** The next version of a record, revoked. */
export function revoked(record: KeyRecord, at: number): KeyRecord {
  return { ...record, version: record.version + 1, revokedAt: at };
}

/**
 * Whether what is in force says what was put. A restored organisation can give a version that the guard has another
 * content; all revoked records say the same.
 */
export function saysTheSame(inForce: KeyRecord, put: KeyRecord): boolean {
  if (inForce.revokedAt !== null && put.revokedAt !== null) return true;
  return contentOf(inForce) === contentOf(put);
}

/** The record as text, its members in one order. */
function contentOf(record: KeyRecord): string {
  return JSON.stringify(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A dead key without anything that was personal: who owned it, what it could do, from where. */
export function tombstoneOf(record: KeyRecord): KeyRecord {
  return {
    ...record,
    ownerId: "",
    scopes: [],
    vaults: [],
    ownerVaults: [],
    allowedIps: [],
    rateLimit: null,
    expiresAt: null,
    retiresAt: null,
  };
}
