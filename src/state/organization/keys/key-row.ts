import type { KeyRecord, VaultSet } from "../../../core/key/key-record.ts";
import {
  developerVaults,
  type ManagedKey,
  type VaultRoles,
} from "../../../core/organization/organization.ts";

export type KeyRow = Record<string, SqlStorageValue>;

/** Keys with what their owners may do. */
export const SELECT_KEYS = `SELECT keys.*, users.kind AS owner_kind, users.name AS owner_name,
  users.vault_roles AS owner_vault_roles, users.active AS owner_active FROM keys JOIN users ON users.id = keys.owner_id`;

/** The record that a key's guard is to have. */
export function recordOf(key: ManagedKey, orgId: string): KeyRecord {
  return {
    id: key.id,
    orgId,
    ownerId: key.owner.id,
    ownerKind: key.owner.kind,
    hash: key.hash,
    version: key.version,
    scopes: key.scopes,
    vaults: key.vaults,
    ownerVaults: key.ownerVaults,
    allowedIps: key.allowedIps,
    rateLimit: key.rateLimit,
    disabled: key.disabled,
    expiresAt: key.expiresAt,
    revokedAt: key.revokedAt,
    retiresAt: key.retiresAt,
  };
}

function readJson<T>(value: SqlStorageValue | undefined): T {
  return JSON.parse(value as string) as T;
}

/** A row of {@link SELECT_KEYS}. */
export function readKey(row: KeyRow): ManagedKey {
  return {
    id: row["id"] as string,
    name: row["name"] as string,
    description: row["description"] as string | null,
    keyPrefix: row["key_prefix"] as string,
    hash: row["hash"] as string,
    owner: {
      id: row["owner_id"] as string,
      kind: row["owner_kind"] as "user" | "service",
      name: row["owner_name"] as string,
    },
    ownerVaults:
      row["owner_active"] === 1 ? developerVaults(readJson<VaultRoles>(row["owner_vault_roles"])) : [],
    scopes: readJson(row["scopes"]),
    vaults: readJson<VaultSet>(row["vaults"]),
    allowedIps: readJson(row["allowed_ips"]),
    rateLimit: row["rate_limit"] === null ? null : readJson(row["rate_limit"]),
    disabled: row["disabled"] === 1,
    version: row["version"] as number,
    createdAt: row["created_at"] as number,
    createdBy: row["created_by"] as string,
    expiresAt: row["expires_at"] as number | null,
    revokedAt: row["revoked_at"] as number | null,
    revokedBy: row["revoked_by"] as string | null,
    revocationReason: row["revocation_reason"] as string | null,
    retiresAt: row["retires_at"] as number | null,
    successorId: row["successor_id"] as string | null,
    predecessorId: row["predecessor_id"] as string | null,
    lastUsedAt: row["last_used_at"] as number | null,
    lastUsedIp: row["last_used_ip"] as string | null,
    lastRefusedAt: row["last_refused_at"] as number | null,
    lastRefusedIp: row["last_refused_ip"] as string | null,
  };
}
