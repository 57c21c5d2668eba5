import type { Actor } from "../../core/organization.ts";

export interface AuditEntry {
  /** What was done, as `<thing>.<past participle>`. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly target: string;
  /** What it was before and after; never a secret or a hash. */
  readonly before: object | null;
  readonly after: object | null;
}

/** Who has changed what; rows are only ever added. */
export class AuditLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** To be called in the transaction of the change. */
  add(actor: Pick<Actor, "id" | "name" | "address" | "requestId">, entry: AuditEntry, now: number): void {
    this.#sql.exec(
      `INSERT INTO audit (at, actor_id, actor_name, action, target, address, request_id, before, after)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      now,
      actor.id,
      actor.name,
      entry.action,
      entry.target,
      actor.address,
      actor.requestId,
      entry.before === null ? null : JSON.stringify(entry.before),
      entry.after === null ? null : JSON.stringify(entry.after),
    );
  }
}
