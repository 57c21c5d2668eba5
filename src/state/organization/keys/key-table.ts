import type { Settled } from "../../../core/key/key-differences.ts";
import type { KeyRecord } from "../../../core/key/key-record.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import type {
  KeyChange,
  KeyDraft,
  KeyMaterial,
  KeyQuery,
  ManagedKey,
} from "../../../core/organization/managed-key.ts";
import { KeyBatch } from "./key-batch.ts";
import type { LiveKeys } from "./key-limit.ts";
import { KeyPlaces } from "./key-places.ts";
import { readKey, recordOf, SELECT_KEYS, type KeyRow } from "./key-row.ts";
import { searchOf } from "./key-search.ts";

/** A key to be added, served by the guard of its group or, if so said, by one of its own. */
interface NewKey {
  readonly material: KeyMaterial;
  readonly draft: KeyDraft;
  readonly createdBy: string;
  readonly hasOwnGuard?: boolean;
}

/** A page of vault ids: at most `limit`, from the one after `after`. */
export interface VaultIdQuery {
  readonly limit: number;
  readonly after: string;
  /** Only those that a role names, or a key that was used. */
  readonly inUse: boolean;
}

/** The keys of an organisation, as rows. Every method is one statement or a read. */
export class KeyTable {
  /** Many keys at a time. */
  readonly many: KeyBatch;
  /** Which guards have which keys. */
  readonly places: KeyPlaces;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.many = new KeyBatch(sql);
    this.places = new KeyPlaces(sql);
  }

  find(id: string): ManagedKey | null {
    const [row] = this.#sql.exec<KeyRow>(`${SELECT_KEYS} WHERE keys.id = ?`, id);
    return row === undefined ? null : readKey(row);
  }

  /** The key of an id that must exist. */
  get(id: string): ManagedKey {
    const key = this.find(id);
    if (key === null) throw new Error(`There is no key ${id}`);
    return key;
  }

  insert({ material, draft, createdBy, hasOwnGuard = false }: NewKey, now: number): void {
    this.#sql.exec(
      `INSERT INTO keys (id, owner_id, name, description, key_prefix, hash, scopes, vaults, allowed_ips,
         rate_limit, created_at, created_by, expires_at, disabled, name_key, own_guard)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      material.id,
      draft.ownerId,
      draft.name,
      draft.description,
      material.keyPrefix,
      material.hash,
      JSON.stringify(draft.scopes),
      JSON.stringify(draft.vaults),
      JSON.stringify(draft.allowedIps),
      draft.rateLimit === null ? null : JSON.stringify(draft.rateLimit),
      now,
      createdBy,
      draft.expiresAt,
      draft.disabled ? 1 : 0,
      foldName(draft.name),
      hasOwnGuard ? 1 : 0,
    );
  }

  /** Takes a key off the record that its guard never took. */
  remove(id: string): void {
    for (const table of ["outbox", "expiry_notices"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE key_id = ?`, id);
    }
    this.#sql.exec(`DELETE FROM keys WHERE id = ?`, id);
  }

  update(id: string, change: Required<KeyChange>): void {
    this.#sql.exec(
      `UPDATE keys SET name = ?, description = ?, scopes = ?, vaults = ?, allowed_ips = ?, rate_limit = ?,
         expires_at = ?, disabled = ?, name_key = ?, version = version + 1 WHERE id = ?`,
      change.name,
      change.description,
      JSON.stringify(change.scopes),
      JSON.stringify(change.vaults),
      JSON.stringify(change.allowedIps),
      change.rateLimit === null ? null : JSON.stringify(change.rateLimit),
      change.expiresAt,
      change.disabled ? 1 : 0,
      foldName(change.name),
      id,
    );
  }

  /** Marks a key as revoked; one that is already stays as it is. */
  revoke(id: string, by: string, reason: string | null, now: number): void {
    this.#sql.exec(
      `UPDATE keys SET revoked_at = ?, revoked_by = ?, revocation_reason = ?, version = version + 1,
         revocation_version = version + 1 WHERE id = ? AND revoked_at IS NULL`,
      now,
      by,
      reason,
      id,
    );
  }

  /** Takes over what was settled with a key's guard, as a version of its own. */
  settle(id: string, settled: Settled & Pick<KeyRecord, "version">): void {
    this.#sql.exec(
      `UPDATE keys SET scopes = ?, vaults = ?, allowed_ips = ?, rate_limit = ?, expires_at = ?, retires_at = ?,
         disabled = ?, version = ? WHERE id = ?`,
      JSON.stringify(settled.scopes),
      JSON.stringify(settled.vaults),
      JSON.stringify(settled.allowedIps),
      settled.rateLimit === null ? null : JSON.stringify(settled.rateLimit),
      settled.expiresAt,
      settled.retiresAt,
      settled.disabled ? 1 : 0,
      settled.version,
      id,
    );
  }

  /** Whether a key has been rotated, or is just being. */
  hasSuccessor(id: string): boolean {
    return (
      this.#sql.exec(`SELECT 1 FROM keys WHERE id = ? AND successor_id IS NOT NULL`, id).toArray().length > 0
    );
  }

  /** Notes that a key takes another one's place; both name each other. */
  setSuccessor(id: string, successorId: string): void {
    this.#sql.exec(`UPDATE keys SET successor_id = ? WHERE id = ?`, successorId, id);
    this.#sql.exec(`UPDATE keys SET predecessor_id = ? WHERE id = ?`, id, successorId);
  }

  /** Takes back that a key takes another one's place. */
  unsetSuccessor(id: string): void {
    this.#sql.exec(
      `UPDATE keys SET predecessor_id = NULL WHERE predecessor_id = ?1 AND id =
      (SELECT successor_id FROM keys WHERE id = ?1)`,
      id,
    );
    this.#sql.exec(`UPDATE keys SET successor_id = NULL WHERE id = ?`, id);
  }

  /** Plans the moment at which a rotated key is revoked by itself, or with `null` that it is not. */
  retire(id: string, at: number | null, disabled: boolean): void {
    this.#sql.exec(
      `UPDATE keys SET retires_at = ?, disabled = ?, version = version + 1 WHERE id = ?`,
      at,
      disabled ? 1 : 0,
      id,
    );
  }

  /** Rotated keys whose time has come and whose guards know it, with that time. */
  dueToRetire(now: number): { id: string; retiresAt: number }[] {
    return [
      ...this.#sql.exec<{ id: string; retiresAt: number }>(
        `SELECT id, retires_at AS retiresAt FROM keys WHERE retires_at <= ? AND revoked_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.key_id = keys.id AND confirmed < outbox.version)`,
        now,
      ),
    ];
  }

  /** When the next rotated key is to be revoked, after `now`; milliseconds since the epoch. */
  nextRetirement(now: number): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(retires_at) AS at FROM keys WHERE retires_at > ? AND revoked_at IS NULL`,
        now,
      )
      .one().at;
  }

  /** What a receipt tells of a revocation; `null` while it is not in force everywhere. */
  revocation(id: string): { requestedAt: number; effectiveAt: number; version: number } | null {
    const [row] = this.#sql.exec<{ at: number; effective: number; version: number }>(
      `SELECT revoked_at AS at, revocation_effective_at AS effective, revocation_version AS version FROM keys
       WHERE id = ? AND revocation_effective_at IS NOT NULL`,
      id,
    );
    return row === undefined
      ? null
      : { requestedAt: row.at, effectiveAt: row.effective, version: row.version };
  }

  /** How many keys of an owner are neither revoked nor expired. */
  countLive(ownerId: string, now: number): LiveKeys {
    return this.#sql
      .exec<{ all: number; replaced: number }>(
        `SELECT count(*) AS "all", count(successor_id) AS replaced FROM keys WHERE owner_id = ?1 AND revoked_at IS NULL
         AND (retires_at IS NULL OR retires_at > ?2) AND (expires_at IS NULL OR expires_at > ?2)`,
        ownerId,
        now,
      )
      .one();
  }

  idsOf(ownerId: string): string[] {
    return [
      ...this.#sql.exec<{ id: string }>(
        `SELECT id FROM keys WHERE owner_id = ? AND revoked_at IS NULL`,
        ownerId,
      ),
    ].map((row) => row.id);
  }

  /** An owner's keys of which the guard has not confirmed the latest change. */
  pendingOf(ownerId: string): string[] {
    return [
      ...this.#sql.exec<{ id: string }>(
        `SELECT keys.id FROM keys JOIN outbox ON outbox.key_id = keys.id WHERE owner_id = ?
           AND confirmed < outbox.version`,
        ownerId,
      ),
    ].map((row) => row.id);
  }

  /** Those of some keys of which the guard has not confirmed the latest change. */
  pendingAmong(ids: readonly string[]): string[] {
    const rows = this.#sql.exec<{ key_id: string }>(
      `SELECT key_id FROM outbox WHERE confirmed < version AND key_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ids),
    );
    return [...rows].map((row) => row.key_id);
  }

  /** Whether a change of a key has not reached both the guard and KV. */
  isUnderWay(id: string): boolean {
    return this.#sql.exec(`SELECT 1 FROM outbox WHERE key_id = ?`, id).toArray().length > 0;
  }

  /** A page of the ids of an owner's keys, or with `null` of everybody's, dead ones included, in order of id. */
  idsAfter(ownerId: string | null, after: string, limit: number): string[] {
    return [
      ...this.#sql.exec<{ id: string }>(
        `SELECT id FROM keys WHERE id > ?1 AND (?2 IS NULL OR owner_id = ?2) ORDER BY id LIMIT ?3`,
        after,
        ownerId,
        limit,
      ),
    ].map((row) => row.id);
  }

  /** One more than `limit` keys, so that the caller sees whether there is a next page. */
  list(query: KeyQuery, now: number): ManagedKey[] {
    const { where, values, order, from } = searchOf(query, now, (text) => this.#ownersNamed(text));
    return [
      ...this.#sql.exec<KeyRow>(
        `${SELECT_KEYS} WHERE keys.id IN (SELECT id FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ?)
         ORDER BY ${order}`,
        ...values,
        query.limit + 1,
      ),
    ].map(readKey);
  }

  /**
   * One more than `limit` ids of vaults that live keys and roles name: of one user, or with `null` of everybody. With
   * `inUse` only keys that were used count.
   */
  vaultIds(userId: string | null, { limit, after, inUse }: VaultIdQuery): string[] {
    const rows = this.#sql.exec<{ id: string }>(
      `WITH own AS (SELECT vaults, scopes FROM keys WHERE revoked_at IS NULL AND (?1 IS NULL OR owner_id = ?1)
           AND (?4 = 0 OR last_used_at IS NOT NULL)),
         filters AS (SELECT substr(json_extract(value, '$.resource'), 7) AS rest FROM own, json_each(own.scopes)
           WHERE json_extract(value, '$.resource') LIKE 'vault/%')
       SELECT id FROM (
         SELECT value AS id FROM own, json_each(own.vaults)
         UNION SELECT substr(rest, 1, instr(rest || '/', '/') - 1) FROM filters
         UNION SELECT json_each.key FROM users, json_each(users.vault_roles)
           WHERE (?1 IS NULL OR users.id = ?1) AND active = 1
       ) WHERE id NOT IN ('*', '#') AND id > ?2 ORDER BY id LIMIT ?3`,
      userId,
      after,
      limit + 1,
      inUse ? 1 : 0,
    );
    return rows.toArray().map(({ id }) => id);
  }

  /** The key of a key string, by its SHA-256 in lower-case hex. */
  findByHash(hash: string): ManagedKey | null {
    const [row] = this.#sql.exec<KeyRow>(`${SELECT_KEYS} WHERE keys.hash = ?`, hash);
    return row === undefined ? null : readKey(row);
  }

  /** The users whose names hold a text, as people read them. */
  #ownersNamed(text: string): string[] {
    const part = foldName(text);
    return this.#sql
      .exec<{ id: string; name: string }>(`SELECT id, name FROM users`)
      .toArray()
      .filter(({ name }) => foldName(name).includes(part))
      .map(({ id }) => id);
  }

  /** The record that the key's guard is to have: the key joined with what its owner may do. */
  record(id: string, orgId: string): KeyRecord {
    const row = this.#sql.exec<KeyRow>(`${SELECT_KEYS} WHERE keys.id = ?`, id).one();
    return recordOf(readKey(row), orgId);
  }
}
