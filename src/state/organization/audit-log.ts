import type { Actor, AuditEvent, AuditQuery } from "../../core/organization.ts";
import { withoutSecrets } from "../../core/key-secret.ts";
import type { RefusalCode } from "../../core/refusal.ts";

/** Who makes a change, as far as it is put on record. */
export type Author = Pick<Actor, "id" | "name" | "address" | "requestId">;

/** The author of what nobody asked for. */
export const SYSTEM: Author = { id: "portcullis", name: "Portcullis", address: "", requestId: "" };

export interface AuditEntry {
  /** What was done, as `<thing>.<past participle>`; of a refused attempt the operation. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly target: string;
  /** Why an attempt was refused; absent for what was done. */
  readonly refusal?: RefusalCode;
  /** What it was before and after; never a secret or a hash. */
  readonly before: object | null;
  readonly after: object | null;
}

/** Who has changed what, or has tried to; rows are only ever added. */
export class AuditLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** To be called in the transaction of the change. */
  add(actor: Author, entry: AuditEntry, now: number): void {
    this.#sql.exec(
      `INSERT INTO audit (at, actor_id, actor_name, action, target, refusal, address, request_id, before, after)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      now,
      actor.id,
      actor.name,
      entry.action,
      withoutSecrets(entry.target),
      entry.refusal ?? null,
      actor.address,
      actor.requestId,
      entry.before === null ? null : withoutSecrets(JSON.stringify(entry.before)),
      entry.after === null ? null : withoutSecrets(JSON.stringify(entry.after)),
    );
  }

  /** A page of events, the newest first, and one more if there is a next page. */
  list(query: AuditQuery): AuditEvent[] {
    const conditions: [string, SqlStorageValue][] = [];
    if (query.actor !== null) conditions.push(["actor_id = ?", query.actor]);
    if (query.action !== null) conditions.push(["action = ?", query.action]);
    if (query.target !== null) conditions.push(["target = ?", query.target]);
    if (query.from !== null) conditions.push(["at >= ?", query.from]);
    if (query.to !== null) conditions.push(["at < ?", query.to]);
    if (query.before !== null) conditions.push(["id < ?", query.before]);
    const where = conditions.map(([condition]) => condition).join(" AND ");
    const rows = this.#sql.exec<Record<string, SqlStorageValue>>(
      `SELECT * FROM audit ${where && `WHERE ${where}`} ORDER BY id DESC LIMIT ?`,
      ...conditions.map(([, value]) => value),
      query.limit + 1,
    );
    return [...rows].map(readEvent);
  }
}

function readEvent(row: Record<string, SqlStorageValue>): AuditEvent {
  return {
    id: row["id"] as number,
    at: row["at"] as number,
    actor: { id: row["actor_id"] as string, name: row["actor_name"] as string | null },
    action: row["action"] as string,
    target: row["target"] as string,
    refusal: row["refusal"] as RefusalCode | null,
    address: row["address"] as string | null,
    requestId: row["request_id"] as string | null,
    before: row["before"] as string | null,
    after: row["after"] as string | null,
  };
}
