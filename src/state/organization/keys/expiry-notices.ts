import type { ManagedKey } from "../../../core/organization/managed-key.ts";

const DAY_MS = 86_400_000;
/** How many days before its expiry a key is announced. */
const DAYS_BEFORE = [14, 7, 1];

/** A key that is about to expire, or with no days left has expired. */
interface ExpiryNotice {
  readonly keyId: string;
  readonly daysLeft: number;
}

/**
 * When to tell that a key is about to expire. A row for each key that expires, with the moment of its next notice, or
 * `NULL` when all have been given.
 */
export class ExpiryNotices {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Plans the notices of a key as it is now; a new expiry starts them anew, an old one that has passed has none. To be called in its transaction. */
  plan(key: Pick<ManagedKey, "id" | "expiresAt" | "revokedAt" | "retiresAt">, now: number): void {
    const { id, expiresAt } = key;
    if (expiresAt === null || endsBefore(key, expiresAt)) {
      this.#sql.exec(`DELETE FROM expiry_notices WHERE key_id = ?`, id);
      return;
    }
    this.#sql.exec(
      `INSERT INTO expiry_notices (key_id, expires_at, next_at)
       VALUES (?1, ?2, CASE WHEN ?2 > ?4 THEN ?3 END)
       ON CONFLICT DO UPDATE SET expires_at = ?2, next_at = ?3 WHERE expires_at <> ?2`,
      id,
      expiresAt,
      nextNotice(expiresAt, now),
      now,
    );
  }

  /** Dead keys have none. To be called in the transaction that makes them so. */
  forget(keyIds: readonly string[]): void {
    const ids = JSON.stringify(keyIds);
    this.#sql.exec(`DELETE FROM expiry_notices WHERE key_id IN (SELECT value FROM json_each(?))`, ids);
  }

  /** Plans the notices of keys that were made before there were any. */
  planAll(now: number): void {
    const keys = this.#sql.exec<{ id: string; expiresAt: number; retiresAt: number | null }>(
      `SELECT id, expires_at AS expiresAt, retires_at AS retiresAt FROM keys WHERE expires_at > ?
       AND revoked_at IS NULL AND id NOT IN (SELECT key_id FROM expiry_notices)`,
      now,
    );
    for (const key of keys.toArray()) this.plan({ ...key, revokedAt: null }, now);
  }

  /**
   * Takes notices that are due, at most `limit`. A moment that was missed is not made up for: of several that have
   * passed only the last is given.
   */
  take(now: number, limit: number): ExpiryNotice[] {
    const due = this.#sql.exec<{ keyId: string; expiresAt: number }>(
      `SELECT key_id AS keyId, expires_at AS expiresAt FROM expiry_notices WHERE next_at <= ?
       ORDER BY next_at LIMIT ?`,
      now,
      limit,
    );
    return due.toArray().map(({ keyId, expiresAt }) => {
      const next = expiresAt <= now ? null : nextNotice(expiresAt, now);
      this.#sql.exec(`UPDATE expiry_notices SET next_at = ? WHERE key_id = ?`, next, keyId);
      const passed = DAYS_BEFORE.filter((days) => expiresAt - days * DAY_MS <= now);
      return { keyId, daysLeft: expiresAt <= now ? 0 : Math.min(...passed) };
    });
  }

  /** When the next notice is due; milliseconds since the epoch. */
  nextAt(): number | null {
    return this.#sql.exec<{ at: number | null }>(`SELECT min(next_at) AS at FROM expiry_notices`).one().at;
  }
}

/** The first moment after `now`; a life that is shorter than a notice is long has none of it. */
function nextNotice(expiresAt: number, now: number): number {
  const moments = DAYS_BEFORE.map((days) => expiresAt - days * DAY_MS);
  return moments.find((at) => at > now) ?? expiresAt;
}

/** The expiry of a key that is revoked or rotated by then needs no notice. */
function endsBefore(
  { revokedAt, retiresAt }: Pick<ManagedKey, "revokedAt" | "retiresAt">,
  at: number,
): boolean {
  return revokedAt !== null || (retiresAt !== null && retiresAt <= at);
}
