import type { Actor } from "../../../core/organization/organization.ts";
import { deleteInSteps, type Perishable } from "../../retention.ts";

/** Which requests have made which keys, for a day: one that comes again makes no second key. */
export class CreationTable implements Perishable {
  /** Long enough for a client that lost an answer to ask again. */
  readonly keptMs = 86_400_000;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The key that the actor's request of this name has made, or `null`. */
  find(actor: Actor, request: string, now: number): string | null {
    const rows = this.#sql.exec<{ key_id: string }>(
      `SELECT key_id FROM creations WHERE actor_id = ? AND request = ? AND at >= ?`,
      actor.id,
      request,
      now - this.keptMs,
    );
    return [...rows][0]?.key_id ?? null;
  }

  note(actor: Actor, request: string, keyId: string, now: number): void {
    this.#sql.exec(
      `INSERT INTO creations (actor_id, request, key_id, at) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET key_id = ?3, at = ?4`,
      actor.id,
      request,
      keyId,
      now,
    );
  }

  oldest(): number | null {
    return this.#sql.exec<{ at: number | null }>(`SELECT min(at) AS at FROM creations`).one().at;
  }

  async forget(before: number): Promise<void> {
    await deleteInSteps(
      this.#sql,
      `DELETE FROM creations WHERE at < ?1 AND (actor_id, request) IN
         (SELECT actor_id, request FROM creations WHERE at < ?1 ORDER BY at LIMIT ?2)`,
      before,
    );
  }

  /** For a creation that came to nothing: the request may come again. */
  withdraw(keyId: string): void {
    this.#sql.exec(`DELETE FROM creations WHERE key_id = ?`, keyId);
  }
}
