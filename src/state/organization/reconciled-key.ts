import { differingFields } from "../../core/key/key-differences.ts";
import type { KeyRecord } from "../../core/key/key-record.ts";
import type { Difference, DifferenceKind } from "../../core/key/reconciliation.ts";
import type { DeniableToken } from "../../core/token/token-denials.ts";

/** Stands among the fields that differ for access tokens that the guard has forgotten to be revoked. */
const REVOKED_TOKENS = "revokedTokens";

/** What three places know of a key; `null` for one that does not know it. */
export interface Known {
  readonly keyId: string;
  readonly ours: KeyRecord | null;
  readonly guards: KeyRecord | null;
  readonly copy: KeyRecord | null;
  /** Access tokens that were revoked here and that the guard takes for live ones. */
  readonly forgottenTokens: readonly DeniableToken[];
  /** Whether a change is on its way to KV, so that the copy may be an older one. */
  readonly isUnderWay: boolean;
}

export function differenceOf(
  keyId: string | null,
  guard: string,
  kind: DifferenceKind,
  fields: readonly string[] = [],
): Difference {
  return { keyId, guard, kind, fields, settled: false };
}

/** How the holders of a key's record differ. One that lacks a dead key, or has it as dead, does not differ. */
export function differencesOf(
  { keyId, ours, guards, copy, forgottenTokens, isUnderWay }: Known,
  guard: string,
): Difference[] {
  if (ours === null) {
    return guards === null || guards.revokedAt !== null ? [] : [differenceOf(keyId, guard, "unknown_key")];
  }
  const found: Difference[] = [];
  if (guards === null && ours.revokedAt === null) found.push(differenceOf(keyId, guard, "missing_at_guard"));
  if (guards !== null) {
    const fields: string[] = [...differingFields(ours, guards)];
    if (guards.revokedAt === null && forgottenTokens.length > 0) fields.push(REVOKED_TOKENS);
    if (fields.length > 0) found.push(differenceOf(keyId, guard, "differs_from_guard", fields));
  }
  if (isUnderWay) return found;
  const fields = copy === null ? ["id"] : differingFields(ours, copy);
  if (fields.length > 0) found.push(differenceOf(keyId, guard, "differs_from_kv", fields));
  return found;
}

/** Whether two records are of one key; a copy of another's says nothing of it. */
export function isSameKey(a: KeyRecord, b: KeyRecord): boolean {
  return a.id === b.id && a.hash === b.hash && a.orgId === b.orgId && a.ownerId === b.ownerId;
}
