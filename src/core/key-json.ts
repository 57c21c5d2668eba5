import { isoTime } from "./iso-time.ts";
import { keyStatus, type KeyStatus, type RateLimit, type VaultSet } from "./key-record.ts";
import type { ManagedKey } from "./organization.ts";
import type { Scope } from "./scope.ts";

/** A key as it is shown to people and programs: no secret, no hash. Times are ISO 8601 in UTC. */
export interface KeyJson {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly keyPrefix: string;
  readonly scopes: readonly Scope[];
  readonly vaults: VaultSet;
  readonly allowedIps: readonly string[];
  readonly rateLimit: RateLimit | null;
  readonly status: KeyStatus;
  readonly disabled: boolean;
  readonly version: number;
  readonly owner: ManagedKey["owner"];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly lastUsedIp: string | null;
  readonly lastRefusedAt: string | null;
  readonly lastRefusedIp: string | null;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  readonly revocationReason: string | null;
  /** When a key that was rotated is revoked by itself. */
  readonly retiresAt: string | null;
  /** The key that took this one's place by rotation, and the one whose place it took. */
  readonly successorId: string | null;
  readonly predecessorId: string | null;
}

/** A key as JSON, with its status at `now`. */
export function keyJson(key: ManagedKey, now: number): KeyJson {
  return {
    id: key.id,
    name: key.name,
    description: key.description,
    keyPrefix: key.keyPrefix,
    scopes: key.scopes,
    vaults: key.vaults,
    allowedIps: key.allowedIps,
    rateLimit: key.rateLimit,
    status: keyStatus(key, now),
    disabled: key.disabled,
    version: key.version,
    owner: key.owner,
    createdAt: isoTime(key.createdAt),
    createdBy: key.createdBy,
    expiresAt: isoTime(key.expiresAt),
    lastUsedAt: isoTime(key.lastUsedAt),
    lastUsedIp: key.lastUsedIp,
    lastRefusedAt: isoTime(key.lastRefusedAt),
    lastRefusedIp: key.lastRefusedIp,
    revokedAt: isoTime(key.revokedAt),
    revokedBy: key.revokedBy,
    revocationReason: key.revocationReason,
    retiresAt: isoTime(key.retiresAt),
    successorId: key.successorId,
    predecessorId: key.predecessorId,
  };
}
