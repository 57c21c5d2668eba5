import type { Actor } from "../../../core/organization.ts";

/** Long enough for whoever lost an answer to ask again. */
const KEPT_MS = 86_400_000;

/** Which requests have made which keys, for a day: one that comes again makes no second key. */
export class CreationTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The key that the actor's request of this name has made, or `null`. */
  find(actor: Actor, request: string): string | null {
    const rows = this.#sql.exec<{ key_id: string }>(
      `SELECT key_id FROM creations WHERE actor_id = ? AND request = ?`,
      actor.id,
      request,
    );
    return [...rows][0]?.key_id ?? null;
  }

  note(actor: Actor, request: string, keyId: string, now: number): void {
    this.#sql.exec(`DELETE FROM creations WHERE at < ?`, now - KEPT_MS);
    this.#sql.exec(
      `INSERT INTO creations (actor_id, request, key_id, at) VALUES (?, ?, ?, ?)`,
      actor.id,
      request,
      keyId,
      now,
    );
  }

  /** For a creation that came to nothing: the request may come again. */
  forget(keyId: string): void {
    this.#sql.exec(`DELETE FROM creations WHERE key_id = ?`, keyId);
  }
}
