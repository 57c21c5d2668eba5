import type { Leak } from "../../core/leak.ts";

/** A key that is copied all over is not worth a notice for every copy. */
const MAX_PLACES = 20;

/** Where keys have been found, so that each place is told of once however often it is reported. */
export class LeakTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Notes where a key was found; whether that is worth telling. To be called in the transaction that tells of it. */
  add(keyId: string, { source, url }: Leak): boolean {
    const { places } = this.#sql
      .exec<{ places: number }>(`SELECT count(*) AS places FROM leaks WHERE key_id = ?`, keyId)
      .one();
    if (places >= MAX_PLACES) return false;
    const added = this.#sql.exec(
      `INSERT OR IGNORE INTO leaks (key_id, source, url) VALUES (?, ?, ?) RETURNING key_id`,
      keyId,
      source,
      url ?? "",
    );
    return added.toArray().length > 0;
  }
}
