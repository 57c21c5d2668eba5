import { addCalls, CALLS_KEPT_MS, type CallCounts } from "../../../core/usage/calls.ts";
import { hourOf } from "../../../core/usage/usage.ts";
import { deleteInSteps, type Perishable } from "../../retention.ts";
import { storedJson } from "../../../core/json.ts";

/** The calls of an organisation's keys that were let through in the last day: a row for a key's hour. */
export class CallTable implements Perishable {
  readonly keptMs = CALLS_KEPT_MS;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds calls that were made at a moment. */
  record(keyId: string, calls: CallCounts, at: number): void {
    const hour = hourOf(at);
    const [stored] = this.#rows(`hour = ?`, keyId, hour);
    const counts = new Map(stored);
    for (const [name, count] of calls) addCalls(counts, name, count);
    this.#sql.exec(
      `INSERT INTO calls (key_id, hour, counts) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET counts = ?3`,
      keyId,
      hour,
      JSON.stringify([...counts]),
    );
  }

  oldest(): number | null {
    return this.#sql.exec<{ hour: number | null }>(`SELECT min(hour) AS hour FROM calls`).one().hour;
  }

  async forget(before: number): Promise<void> {
    await deleteInSteps(
      this.#sql,
      `DELETE FROM calls WHERE hour < ?1 AND (key_id, hour) IN
         (SELECT key_id, hour FROM calls WHERE hour < ?1 ORDER BY hour LIMIT ?2)`,
      before,
    );
  }

  /** The calls of a key since `from`, in milliseconds since the epoch. */
  since(keyId: string, from: number): CallCounts {
    const sum = new Map<string, number>();
    for (const [name, calls] of this.#rows(`hour >= ?`, keyId, from).flat()) {
      sum.set(name, (sum.get(name) ?? 0) + calls);
    }
    return sum;
  }

  #rows(hours: string, keyId: string, hour: number): [name: string, calls: number][][] {
    const rows = this.#sql.exec<{ counts: string }>(
      `SELECT counts FROM calls WHERE key_id = ? AND ${hours}`,
      keyId,
      hour,
    );
    return [...rows].map(({ counts }) => storedJson<[string, number][]>(counts));
  }
}
