import type { KeyUsage, UsageBucket } from "../../../core/organization/organization.ts";
import {
  addOutcomes,
  NO_OUTCOMES,
  stepStart,
  USAGE_STEPS,
  type OutcomeCounts,
  type UsageStep,
} from "../../../core/usage/usage.ts";
import { deleteCounts } from "../../retention.ts";

/** In the place of a key's id: all keys together. */
export const ALL_KEYS = "";

const [MINUTES, HOURS, DAYS] = USAGE_STEPS;
/** An organisation's usage names so many keys, the busiest. */
const MAX_KEYS = 1000;

const COLUMNS = "succeeded, client_errors AS clientErrors, origin_errors AS originErrors, refused, limited";
const SUMS = `sum(succeeded) AS succeeded, sum(client_errors) AS clientErrors, sum(origin_errors) AS originErrors,
  sum(refused) AS refused, sum(limited) AS limited`;

type CountRow = Record<"succeeded" | "clientErrors" | "originErrors" | "refused" | "limited", number>;

/** Counts by outcome of each key and of all together, by the minute, the hour and the day. */
export class OutcomeTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds what was counted of a key, by the start of the minute. Minutes before `minutesFrom` are not kept as such. */
  add(keyId: string, minutes: ReadonlyMap<number, OutcomeCounts>, minutesFrom: number): void {
    for (const step of USAGE_STEPS) {
      const sums = new Map<number, OutcomeCounts>();
      for (const [minute, counts] of minutes) {
        if (step === MINUTES && minute < minutesFrom) continue;
        const start = stepStart(minute, step);
        sums.set(start, addOutcomes(sums.get(start) ?? NO_OUTCOMES, counts));
      }
      for (const [start, counts] of sums) this.#addOne(step, start, keyId, counts);
    }
  }

  #addOne(step: UsageStep, start: number, keyId: string, counts: OutcomeCounts): void {
    this.#sql.exec(
      `INSERT INTO usage_counts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
       ON CONFLICT DO UPDATE SET succeeded = succeeded + ?4, client_errors = client_errors + ?5,
         origin_errors = origin_errors + ?6, refused = refused + ?7, limited = limited + ?8`,
      step,
      start,
      keyId,
      counts.succeeded,
      counts.clientErrors,
      counts.originErrors,
      counts.refused,
      counts.limited,
    );
  }

  /** Counts in so many steps since `from`, of one key or of {@link ALL_KEYS}; empty buckets are left out. */
  buckets(keyId: string, from: number, step: UsageStep, length: number): UsageBucket[] {
    const starts = Array.from({ length }, (_, i) => from + i * step);
    return [
      ...this.#sql.exec<CountRow & { start: number }>(
        `SELECT start, ${COLUMNS} FROM usage_counts
         WHERE step = ? AND start IN (SELECT value FROM json_each(?)) AND key_id = ? ORDER BY start`,
        step,
        JSON.stringify(starts),
        keyId,
      ),
    ];
  }

  /** Counts since `from`, the start of a step, by key, the busiest first. */
  byKey(from: number, step: UsageStep): KeyUsage[] {
    // Whole days are read as days: a month in hours would be very many rows.
    const firstDay = step === HOURS ? stepStart(from + DAYS - 1, DAYS) : Number.MAX_SAFE_INTEGER;
    return [
      ...this.#sql.exec<CountRow & { keyId: string; name: string }>(
        `SELECT key_id AS keyId, keys.name, ${SUMS} FROM (
           SELECT * FROM usage_counts WHERE step = ?1 AND start >= ?2 AND start < ?3
           UNION ALL SELECT * FROM usage_counts WHERE step = ?4 AND start >= ?3)
         JOIN keys ON keys.id = key_id GROUP BY key_id
         ORDER BY sum(succeeded + client_errors + origin_errors + refused + limited) DESC, key_id LIMIT ?5`,
        step,
        from,
        firstDay,
        DAYS,
        MAX_KEYS,
      ),
    ];
  }

  /** Forgets what was counted by a step before a moment. */
  prune(step: UsageStep, before: number): Promise<void> {
    return deleteCounts(this.#sql, "usage_counts", step, before);
  }

  /** The start of the oldest counts by a step. */
  oldest(step: UsageStep): number | null {
    return this.#sql
      .exec<{ start: number | null }>(`SELECT min(start) AS start FROM usage_counts WHERE step = ?`, step)
      .one().start;
  }
}
