import { exactly } from "./exact.ts";
import { isoTime } from "../core/iso-time.ts";
import { keyStatus } from "../core/key/key-record.ts";
import type { ManagedKey } from "../core/organization/managed-key.ts";
import { KeySchema, type Key } from "./keys.ts";

/** A key as JSON, with its status at `now`. */
export function keyJson(key: Omit<ManagedKey, "ownerVaults">, now: number): Key {
  return exactly(KeySchema, {
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
  });
}
