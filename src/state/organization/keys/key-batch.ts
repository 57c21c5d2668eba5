import type { KeyRecord } from "../../../core/key/key-record.ts";
import type { ManagedKey } from "../../../core/organization/managed-key.ts";
import type { Cut } from "../../../core/organization/revocation.ts";
import { readKey, recordOf, SELECT_KEYS, type KeyRow } from "./key-row.ts";

const AMONG = `keys.id IN (SELECT value FROM json_each(?))`;

/** The keys of an organisation, many at a time: every method is one statement. */
export class KeyBatch {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Those of these keys that are here, by id. */
  find(ids: readonly string[]): Map<string, ManagedKey> {
    const rows = this.#sql.exec<KeyRow>(`${SELECT_KEYS} WHERE ${AMONG}`, JSON.stringify(ids));
    return new Map([...rows].map(readKey).map((key) => [key.id, key]));
  }

  /** The records that their guards are to have, by id. */
  records(ids: readonly string[], orgId: string): Map<string, KeyRecord> {
    return new Map([...this.find(ids)].map(([id, key]) => [id, recordOf(key, orgId)]));
  }

  /** Marks keys as revoked; those that are already stay as they are. */
  revoke(ids: readonly string[], by: string, reason: string | null, now: number): void {
    this.#sql.exec(
      `UPDATE keys SET revoked_at = ?, revoked_by = ?, revocation_reason = ?, version = version + 1,
         revocation_version = version + 1 WHERE revoked_at IS NULL AND ${AMONG}`,
      now,
      by,
      reason,
      JSON.stringify(ids),
    );
  }

  /** Marks live keys as revoked by cuts that their guards have made, each with its reason. */
  noteCuts(cuts: readonly (Cut & { readonly reason: string })[], by: string): void {
    this.#sql.exec(
      `UPDATE keys SET revoked_at = value ->> 'revokedAt', revoked_by = ?, revocation_reason = value ->> 'reason',
         version = max(version + 1, value ->> 'version'), revocation_version = value ->> 'version'
       FROM json_each(?) WHERE keys.id = value ->> 'keyId' AND revoked_at IS NULL`,
      by,
      JSON.stringify(cuts),
    );
  }

  /** Notes what guards say of revocations: when they came into force, and by which versions. */
  confirmRevocations(cuts: readonly Pick<Cut, "keyId" | "effectiveAt" | "version">[]): void {
    this.#sql.exec(
      `UPDATE keys SET revocation_effective_at = value ->> 'effectiveAt', revocation_version = value ->> 'version',
         version = max(version, value ->> 'version')
       FROM json_each(?) WHERE keys.id = value ->> 'keyId'
         AND (revocation_effective_at IS NOT value ->> 'effectiveAt' OR revocation_version IS NOT value ->> 'version')`,
      JSON.stringify(cuts.map(({ keyId, effectiveAt, version }) => ({ keyId, effectiveAt, version }))),
    );
  }

  /** New versions without a change of the keys themselves: what their owner may do has changed. */
  touch(ids: readonly string[]): void {
    this.#sql.exec(`UPDATE keys SET version = version + 1 WHERE ${AMONG}`, JSON.stringify(ids));
  }
}
