import type { Scheduled } from "./schedule.ts";

/** Rows that are kept for a time and then forgotten. */
export interface Perishable {
  readonly keptMs: number;
  /** Since when the oldest that may be forgotten is kept; milliseconds since the epoch, `null` when there is none. */
  oldest(): number | null;
  /** Deletes rows from before a moment. */
  forget(before: number): void | Promise<void>;
}

/** Rows past their retention are deleted together, this much later at most. */
const SLACK_MS = 3_600_000;
/** Rows that are forgotten in one step. */
const AT_ONCE = 1000;

/** Deletes rows past their retention. */
export class Retention implements Scheduled {
  readonly #perishables: readonly Perishable[];

  constructor(perishables: readonly Perishable[]) {
    this.#perishables = perishables;
  }

  /** None waits for another. */
  async run(now: number): Promise<void> {
    await Promise.all(
      this.#perishables.map(async (each) => {
        const oldest = each.oldest();
        if (oldest !== null && oldest < now - each.keptMs) await each.forget(now - each.keptMs);
      }),
    );
  }

  nextAt(now: number): number | null {
    const times = this.#perishables.flatMap((each) => {
      const oldest = each.oldest();
      return oldest === null ? [] : [Math.max(oldest + each.keptMs, now) + SLACK_MS];
    });
    return times.length === 0 ? null : Math.min(...times);
  }
}

/** Deletes many rows in steps between which others have their turn; the statement's last parameter is a step's number of rows. */
export async function deleteInSteps(
  sql: SqlStorage,
  statement: string,
  ...values: readonly SqlStorageValue[]
): Promise<void> {
  while (sql.exec(statement, ...values, AT_ONCE).rowsWritten >= AT_ONCE) await scheduler.wait(0);
}

/** The same of counts by a step of time that began before a moment. */
export async function deleteCounts(
  sql: SqlStorage,
  table: "usage_counts" | "usage_tallies",
  step: number,
  before: number,
): Promise<void> {
  for (;;) {
    const [last] = sql.exec<{ start: number; keyId: string }>(
      `SELECT start, key_id AS keyId FROM ${table} WHERE step = ? AND start < ?
       ORDER BY start, key_id LIMIT 1 OFFSET ?`,
      step,
      before,
      AT_ONCE - 1,
    );
    if (last === undefined) break;
    sql.exec(
      `DELETE FROM ${table} WHERE step = ? AND (start, key_id) <= (?, ?)`,
      step,
      last.start,
      last.keyId,
    );
    await scheduler.wait(0);
  }
  sql.exec(`DELETE FROM ${table} WHERE step = ? AND start < ?`, step, before);
}
