import { MAX_REFUSALS, type UsageRefusal } from "../../../core/usage/usage.ts";
import { deleteInSteps } from "../../retention.ts";
import { storedJson } from "../../../core/json.ts";

/** The last refusals of each key and of all together. */
export class RefusalTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds refusals; the oldest make room for them. */
  add(keyId: string, refusals: readonly UsageRefusal[]): void {
    if (refusals.length === 0) return;
    const known = [...this.latest(keyId), ...refusals];
    const kept = known.toSorted((a, b) => b.time - a.time).slice(0, MAX_REFUSALS);
    this.#sql.exec(
      `INSERT INTO usage_refusals VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET last_at = ?2, refusals = ?3`,
      keyId,
      kept[0]?.time ?? 0,
      JSON.stringify(kept),
    );
  }

  /** The latest first. */
  latest(keyId: string): UsageRefusal[] {
    const [row] = this.#sql.exec<{ refusals: string }>(
      `SELECT refusals FROM usage_refusals WHERE key_id = ?`,
      keyId,
    );
    return row === undefined ? [] : storedJson<UsageRefusal[]>(row.refusals);
  }

  /** Forgets those of keys that were last refused before a moment. */
  prune(before: number): Promise<void> {
    return deleteInSteps(
      this.#sql,
      `DELETE FROM usage_refusals WHERE key_id IN
         (SELECT key_id FROM usage_refusals WHERE last_at < ? ORDER BY last_at LIMIT ?)`,
      before,
    );
  }
}
