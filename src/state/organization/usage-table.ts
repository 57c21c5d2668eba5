import type { KeyUsage, UsageBucket } from "../../core/organization.ts";
import type { UsageBatch } from "../../core/usage.ts";

/** Counts are kept by the hour for this long. */
const KEPT_MS = 30 * 86_400_000;

const SUMS = "sum(admitted) AS admitted, sum(limited) AS limited, sum(refused) AS refused";

/** What the keys of an organisation were used for, by the hour. */
export class UsageTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds delivered counts. `false` for a batch that comes again, which changes nothing. */
  record(keyId: string, batch: UsageBatch): boolean {
    const updated = this.#sql.exec(
      `UPDATE keys SET usage_sequence = ?1, last_used_at = max(coalesce(last_used_at, 0), ?2),
         last_used_ip = CASE WHEN ?2 >= coalesce(last_used_at, 0) THEN ?3 ELSE last_used_ip END
       WHERE id = ?4 AND usage_sequence < ?1`,
      batch.sequence,
      batch.lastUsedAt,
      batch.lastUsedIp,
      keyId,
    );
    if (updated.rowsWritten === 0) return false;
    for (const [hour, counts] of Object.entries(batch.hours)) {
      this.#sql.exec(
        `INSERT INTO usage (key_id, hour, admitted, limited, refused) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET admitted = admitted + ?3, limited = limited + ?4, refused = refused + ?5`,
        keyId,
        Number(hour),
        counts.admitted,
        counts.limited,
        counts.refused,
      );
    }
    this.#sql.exec(`DELETE FROM usage WHERE key_id = ? AND hour < ?`, keyId, batch.lastUsedAt - KEPT_MS);
    return true;
  }

  /** Counts since `from` in buckets of `bucketMs`, of one key or, with `null`, of all; empty buckets are left out. */
  buckets(keyId: string | null, from: number, bucketMs: number): UsageBucket[] {
    return [
      ...this.#sql.exec<Record<string, number>>(
        `SELECT hour - hour % ?1 AS start, ${SUMS} FROM usage WHERE hour >= ?2 AND (?3 IS NULL OR key_id = ?3)
         GROUP BY start ORDER BY start`,
        bucketMs,
        from,
        keyId,
      ),
    ] as unknown as UsageBucket[];
  }

  /** Counts since `from` by key, the busiest first. */
  byKey(from: number): KeyUsage[] {
    return [
      ...this.#sql.exec<Record<string, SqlStorageValue>>(
        `SELECT key_id AS keyId, keys.name, ${SUMS} FROM usage JOIN keys ON keys.id = key_id
         WHERE hour >= ? GROUP BY key_id ORDER BY admitted DESC, key_id`,
        from,
      ),
    ] as unknown as KeyUsage[];
  }
}
