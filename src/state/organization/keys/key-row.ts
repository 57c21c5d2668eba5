import {
  flag,
  json,
  jsonOrNull,
  number,
  numberOrNull,
  text,
  textOrNull,
  type SqlRow,
} from "../../sql-row.ts";
import type { KeyRecord, VaultSet } from "../../../core/key/key-record.ts";
import { developerVaults, type VaultRoles } from "../../../core/organization/organization.ts";
import type { ManagedKey } from "../../../core/organization/managed-key.ts";

export type KeyRow = SqlRow;

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

/** A row of {@link SELECT_KEYS}. */
export function readKey(row: KeyRow): ManagedKey {
  return {
    id: text(row, "id"),
    name: text(row, "name"),
    description: textOrNull(row, "description"),
    keyPrefix: text(row, "key_prefix"),
    hash: text(row, "hash"),
    owner: {
      id: text(row, "owner_id"),
      kind: text<"user" | "service">(row, "owner_kind"),
      name: text(row, "owner_name"),
    },
    ownerVaults: flag(row, "owner_active") ? developerVaults(json<VaultRoles>(row, "owner_vault_roles")) : [],
    scopes: json(row, "scopes"),
    vaults: json<VaultSet>(row, "vaults"),
    allowedIps: json(row, "allowed_ips"),
    rateLimit: jsonOrNull(row, "rate_limit"),
    disabled: flag(row, "disabled"),
    version: number(row, "version"),
    createdAt: number(row, "created_at"),
    createdBy: text(row, "created_by"),
    expiresAt: numberOrNull(row, "expires_at"),
    revokedAt: numberOrNull(row, "revoked_at"),
    revokedBy: textOrNull(row, "revoked_by"),
    revocationReason: textOrNull(row, "revocation_reason"),
    retiresAt: numberOrNull(row, "retires_at"),
    successorId: textOrNull(row, "successor_id"),
    predecessorId: textOrNull(row, "predecessor_id"),
    lastUsedAt: numberOrNull(row, "last_used_at"),
    lastUsedIp: textOrNull(row, "last_used_ip"),
    lastRefusedAt: numberOrNull(row, "last_refused_at"),
    lastRefusedIp: textOrNull(row, "last_refused_ip"),
  };
}
