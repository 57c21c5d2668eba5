import { flag, number, text, textOrNull } from "../../sql-row.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import { withoutSecrets } from "../../../core/key/key-secret.ts";
import type { AuditEventName, ChangingOperation } from "../../../core/organization/audit-event.ts";
import type { Actor, AuditEvent, AuditQuery } from "../../../core/organization/organization.ts";
import type { FieldProblem } from "../../../core/http/field-problems.ts";
import type { RefusalCode } from "../../../core/refusal-table.ts";
import type { Alarm } from "../../alarm.ts";
import { pageOf } from "../../page.ts";
import { deleteInSteps } from "../../retention.ts";
import { SCIM_USER_NAME } from "../people/scim-store.ts";
import { filterOf } from "./audit-filter.ts";
import { cut } from "./cut.ts";
import { targetNames } from "./target-names.ts";

/** The author of a change, as the audit log keeps it. */
export type Author = Pick<Actor, "id" | "name" | "address" | "requestId">;

/** The actor of events that nobody asked for. */
export const SYSTEM: Author = { id: "portcullis", name: "Portcullis", address: "", requestId: "" };

export interface AuditEntry {
  readonly action: AuditEventName;
  /** The id of its subject. */
  readonly target: string;
  /** What it was before and after; never a secret or a hash. */
  readonly before: object | null;
  readonly after: object | null;
}

/** A refused attempt, under the operation that was asked for. */
interface AuditRefusal extends Pick<AuditEntry, "target"> {
  readonly action: ChangingOperation;
  readonly refusal: RefusalCode;
  /** The first field that was wrong, and what was wrong with it; kept as what would have been. */
  readonly fault?: FieldProblem | undefined;
}

/** Longest JSON of the values before or after: a row has at most 2 MB, and a cut must not fail for its record. */
const MAX_JSON = 250_000;
/** Letters of an event without them. */
const MAX_OTHERS = 2000;
/** Refused attempts of one actor that are kept in a time: nobody can fill the log by being refused. */
const MAX_REFUSALS = 20;
const REFUSALS_IN_MS = 60_000;
/** Events that are past their retention are forgotten together, this much later at most. */
const SLACK_MS = 3_600_000;

/** What the subject of a SCIM event was called then: a group that was deleted has no row any more, and a user may have none. */
const NAME_THEN = `iif(action LIKE 'scim!_%' ESCAPE '!', coalesce(
  json_extract(coalesce(after, before), '$.displayName'), json_extract(coalesce(after, before), '$.userName')), NULL)`;

/** With the names that keys, people and groups have now, or had, and whether they are still there. */
const SELECT = `SELECT audit.*,
    EXISTS (SELECT 1 FROM users AS u WHERE u.id = actor_id AND u.kind = 'user' AND u.deleted_at IS NULL)
      AS actor_known,
    keys.id IS NOT NULL OR (users.id IS NOT NULL AND users.deleted_at IS NULL)
      OR (scim_users.id IS NOT NULL AND scim_users.deleted_at IS NULL) AS target_known,
    coalesce(keys.name, users.name, ${SCIM_USER_NAME}, scim_groups.display_name, ${NAME_THEN}) AS target_name
  FROM audit LEFT JOIN keys ON keys.id = target LEFT JOIN users ON users.id = target
  LEFT JOIN scim_users ON scim_users.id = target LEFT JOIN scim_groups ON scim_groups.id = target`;

/** Changes and refused attempts, with their authors. Rows are only ever added, and deleted after their retention. */
export class AuditLog {
  readonly #sql: SqlStorage;
  readonly #alarm: Alarm;
  readonly #retentionMs: number;

  constructor(sql: SqlStorage, { alarm, retentionMs }: { alarm: Alarm; retentionMs: number }) {
    this.#sql = sql;
    this.#alarm = alarm;
    this.#retentionMs = retentionMs;
  }

  /** Call this in the transaction of the change. */
  add(actor: Author, entry: AuditEntry, now: number): void {
    this.#insert(actor, { ...entry, refusal: null }, now);
  }

  /** The same of a change that a repeat does not make again: one that is on record since `from` is not noted twice. */
  addOnce(actor: Author, entry: AuditEntry, from: number, now: number): void {
    const known = this.#sql.exec(
      `SELECT 1 FROM audit WHERE at >= ? AND action = ? AND target = ? AND after IS ? AND refusal IS NULL LIMIT 1`,
      from,
      entry.action,
      cut(entry.target),
      toJson(entry.after),
    );
    if ([...known].length === 0) this.add(actor, entry, now);
  }

  #insert(
    actor: Author,
    entry: Omit<AuditEntry, "action"> & { readonly action: string; readonly refusal: RefusalCode | null },
    now: number,
  ): void {
    this.#sql.exec(
      `INSERT INTO audit (at, actor_id, actor_name, actor_key, action, target, refusal, address, request_id, before,
         after, target_names) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      now,
      cut(actor.id),
      cut(actor.name),
      foldName(cut(actor.name)),
      entry.action,
      cut(entry.target),
      entry.refusal,
      cut(actor.address),
      actor.requestId,
      toJson(entry.before),
      toJson(entry.after),
      targetNames(entry.action, entry.before, entry.after),
    );
    this.#alarm.ringBy(now + this.#retentionMs + SLACK_MS);
  }

  /** Notes an attempt that was refused, unless there were very many of this actor's just now. */
  addRefusal(actor: Author, entry: AuditRefusal, now: number): void {
    const [row] = this.#sql.exec<{ at: number }>(
      `SELECT at FROM audit WHERE actor_id = ? AND refusal IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?`,
      cut(actor.id),
      MAX_REFUSALS - 1,
    );
    if (row === undefined || row.at <= now - REFUSALS_IN_MS)
      this.#insert(actor, { ...entry, before: null, after: entry.fault ?? null }, now);
  }

  /**
   * A page of events, the newest first, and one more if there is a next page. With `endsEarly` it has no more than fit into
   * an answer, and its last event tells whether there are more.
   */
  list(query: AuditQuery, now: number): AuditEvent[] {
    const events = this.read(query, now);
    if (query.endsEarly !== true) return [...events];
    const { items, hasMore } = pageOf(events, query.limit, lettersOf);
    const last = items.at(-1);
    return last !== undefined && hasMore ? [...items.slice(0, -1), { ...last, hasMore }] : items;
  }

  /** The same events, and one more if there is a next page, each read when it is asked for. */
  *read(query: AuditQuery, now: number): Iterable<AuditEvent> {
    const kept = { ...query, from: Math.max(query.from ?? 0, now - this.#retentionMs) };
    const { where, values } = filterOf(this.#sql, kept);
    const rows = this.#sql.exec<Record<string, SqlStorageValue>>(
      `${SELECT} WHERE ${where} ORDER BY audit.id DESC LIMIT ?`,
      ...values,
      query.limit + 1,
    );
    for (const row of rows) yield readEvent(row);
  }

  /** Deletes events past their retention. */
  async run(now: number): Promise<void> {
    await deleteInSteps(
      this.#sql,
      `DELETE FROM audit WHERE at < ? AND id IN (SELECT id FROM audit ORDER BY id LIMIT ?)`,
      now - this.#retentionMs,
    );
  }

  /** When {@link run} is to be called next; milliseconds since the epoch, `null` when there are no events. */
  nextAt(): number | null {
    const [oldest] = this.#sql.exec<{ at: number }>(`SELECT at FROM audit ORDER BY id LIMIT 1`);
    return oldest === undefined ? null : oldest.at + this.#retentionMs + SLACK_MS;
  }
}

function toJson(value: object | null): string | null {
  if (value === null) return null;
  const json = JSON.stringify(value, (_, each: unknown) => cutWithin(each));
  return json.length <= MAX_JSON
    ? withoutSecrets(json)
    : JSON.stringify({ leftOut: `${json.length} characters` });
}

/** Names of attributes are a caller's text, too. */
function cutWithin(value: unknown): unknown {
  if (typeof value === "string") return cut(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [cut(name), each]));
}

/** Every text of an event but the values before and after is short. */
function lettersOf({ before, after }: AuditEvent): number {
  return (before?.length ?? 0) + (after?.length ?? 0) + MAX_OTHERS;
}

function readEvent(row: Record<string, SqlStorageValue>): AuditEvent {
  const targetName = textOrNull(row, "target_name");
  return {
    id: number(row, "id"),
    at: number(row, "at"),
    actor: { id: text(row, "actor_id"), name: textOrNull(row, "actor_name") },
    actorKnown: flag(row, "actor_known"),
    action: text(row, "action"),
    target: text(row, "target"),
    targetName: targetName && cut(targetName),
    targetKnown: flag(row, "target_known"),
    refusal: textOrNull<RefusalCode>(row, "refusal"),
    address: textOrNull(row, "address"),
    requestId: textOrNull(row, "request_id"),
    before: textOrNull(row, "before"),
    after: textOrNull(row, "after"),
  };
}
