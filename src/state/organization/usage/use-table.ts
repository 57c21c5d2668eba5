import type { KeyUsageReport } from "../../../core/usage/usage.ts";

/** When and from where each key was last used and last refused. */
export class UseTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Which of these are keys of the organisation. */
  known(keyIds: readonly string[]): string[] {
    return this.#sql
      .exec<{ id: string }>(
        `SELECT id FROM keys WHERE id IN (SELECT value FROM json_each(?))`,
        JSON.stringify(keyIds),
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** Notes the batch of a key's guard; `false` for one that has been noted before, and for a key that is not known. */
  noteSequence(keyId: string, sequence: number): boolean {
    const updated = this.#sql.exec(
      `UPDATE keys SET usage_sequence = ?1 WHERE id = ?2 AND usage_sequence < ?1`,
      sequence,
      keyId,
    );
    return updated.rowsWritten > 0;
  }

  note(keyId: string, { lastUsedAt, lastUsedIp, lastRefusedAt, lastRefusedIp }: KeyUsageReport): void {
    if (lastUsedAt !== null) {
      this.#sql.exec(
        `UPDATE keys SET last_used_at = ?1, last_used_ip = ?2 WHERE id = ?3 AND coalesce(last_used_at, 0) <= ?1`,
        lastUsedAt,
        lastUsedIp,
        keyId,
      );
    }
    if (lastRefusedAt !== null) {
      this.#sql.exec(
        `UPDATE keys SET last_refused_at = ?1, last_refused_ip = ?2
         WHERE id = ?3 AND coalesce(last_refused_at, 0) <= ?1`,
        lastRefusedAt,
        lastRefusedIp,
        keyId,
      );
    }
  }
}
