import { number, numberOrNull, text, textOrNull, type SqlRow } from "../../sql-row.ts";
import {
  nextAttemptAt,
  webhookPayload,
  type DeliveryStatus,
  type WebhookDelivery,
  type WebhookEventType,
} from "../../../core/organization/webhook.ts";
import type { Perishable } from "../../retention.ts";
import type { Attempt } from "./webhook-sender.ts";
import { required } from "../../../core/required.ts";

/** A message to be sent now. */
export interface DueMessage {
  readonly id: string;
  readonly payload: string;
  /** How often it has been sent, this time included. */
  readonly attempts: number;
}

/** The most settled messages that are kept. */
const KEPT_ROWS = 1000;
/** So many may wait; of more the oldest are given up. */
const MAX_PENDING = 10_000;
const TOO_MANY = "Too many messages were waiting";

/** Messages for the endpoint. A row is written in the transaction of the event and stays until it is settled. */
export class WebhookOutbox implements Perishable {
  /** What is settled can be looked at for so long. */
  readonly keptMs = 30 * 86_400_000;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Call this in the transaction of the event. */
  add(type: WebhookEventType, keyId: string | null, data: object, now: number): WebhookDelivery {
    const [row] = this.#sql.exec<SqlRow>(
      `INSERT INTO webhook_messages (id, type, key_id, payload, status, next_attempt_at, created_at)
       VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?5) RETURNING *`,
      `msg_${crypto.randomUUID()}`,
      type,
      keyId,
      webhookPayload(type, data, now),
      now,
    );
    return readDelivery(required(row, "delivery"));
  }

  /**
   * Takes the message that has been due for longest, if any is. It counts as attempted, and is due again at `again`
   * unless its outcome is noted: after a crash it is sent once more.
   */
  claim(now: number, again: number): DueMessage | null {
    const rows = this.#sql.exec<{ id: string; payload: string; attempts: number }>(
      `UPDATE webhook_messages SET attempts = attempts + 1, next_attempt_at = ?
       WHERE sequence = (SELECT sequence FROM webhook_messages WHERE status = 'pending' AND next_attempt_at <= ?
         ORDER BY next_attempt_at, sequence LIMIT 1) RETURNING id, payload, attempts`,
      again,
      now,
    );
    return rows.toArray()[0] ?? null;
  }

  /** Notes what became of an attempt. A message that was given up meanwhile stays so, unless it has arrived. */
  settle({ id, attempts }: DueMessage, attempt: Attempt, now: number): void {
    const retryAt = attempt.delivered
      ? null
      : nextAttemptAt(attempts, now, Math.random(), attempt.retryAfterMs);
    const status: DeliveryStatus = attempt.delivered ? "delivered" : retryAt === null ? "failed" : "pending";
    this.#sql.exec(
      `UPDATE webhook_messages SET status = ?, last_status = ?, last_error = ?, next_attempt_at = ?, settled_at = ?
       WHERE id = ? AND (status = 'pending' OR ?1 = 'delivered')`,
      status,
      attempt.status,
      attempt.error,
      retryAt,
      retryAt === null ? now : null,
      id,
    );
  }

  /** Queues a message again, delivered or not, as if it were new; `null` when it is gone. */
  resend(id: string, now: number): WebhookDelivery | null {
    const rows = this.#sql.exec<SqlRow>(
      `UPDATE webhook_messages SET status = 'pending', attempts = 0, next_attempt_at = ?, settled_at = NULL
       WHERE id = ? RETURNING *`,
      now,
      id,
    );
    const [row] = rows.toArray();
    return row === undefined ? null : readDelivery(row);
  }

  /** Gives up what has not arrived. */
  abandon(reason: string, now: number): void {
    this.#sql.exec(
      `UPDATE webhook_messages SET status = 'failed', last_error = ?, next_attempt_at = NULL, settled_at = ?
       WHERE status = 'pending'`,
      reason,
      now,
    );
    this.prune(now);
  }

  /** When the next message is due; milliseconds since the epoch. */
  nextAttempt(): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(next_attempt_at) AS at FROM webhook_messages WHERE status = 'pending'`,
      )
      .one().at;
  }

  /** A page, the newest first, and one more if there is a next page. */
  list(limit: number, before: number | null): WebhookDelivery[] {
    const rows = this.#sql.exec<SqlRow>(
      `SELECT * FROM webhook_messages WHERE sequence < ? ORDER BY sequence DESC LIMIT ?`,
      before ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    );
    return [...rows].map(readDelivery);
  }

  /** What of a type has not arrived and is not given up, the newest first. */
  pendingOf(type: WebhookEventType): WebhookDelivery[] {
    const rows = this.#sql.exec<SqlRow>(
      `SELECT * FROM webhook_messages WHERE status = 'pending' AND type = ? ORDER BY sequence DESC`,
      type,
    );
    return [...rows].map(readDelivery);
  }

  oldest(): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(settled_at) AS at FROM webhook_messages WHERE status <> 'pending'`,
      )
      .one().at;
  }

  forget(before: number): void {
    this.prune(before + this.keptMs);
  }

  /** Gives up messages beyond the limit of the queue, and deletes those settled long ago. */
  prune(now: number): void {
    this.#sql.exec(
      `UPDATE webhook_messages SET status = 'failed', last_error = ?, next_attempt_at = NULL, settled_at = ?
       WHERE status = 'pending' AND sequence <=
         (SELECT sequence FROM webhook_messages WHERE status = 'pending' ORDER BY sequence DESC LIMIT 1 OFFSET ?)`,
      TOO_MANY,
      now,
      MAX_PENDING,
    );
    this.#sql.exec(
      `DELETE FROM webhook_messages WHERE status <> 'pending' AND (settled_at < ?1 OR sequence <=
         (SELECT sequence FROM webhook_messages WHERE status <> 'pending' ORDER BY sequence DESC LIMIT 1 OFFSET ?2))`,
      now - this.keptMs,
      KEPT_ROWS,
    );
  }
}

function readDelivery(row: SqlRow): WebhookDelivery {
  return {
    sequence: number(row, "sequence"),
    id: text(row, "id"),
    type: text<WebhookEventType>(row, "type"),
    keyId: textOrNull(row, "key_id"),
    status: text<DeliveryStatus>(row, "status"),
    attempts: number(row, "attempts"),
    lastStatus: numberOrNull(row, "last_status"),
    lastError: textOrNull(row, "last_error"),
    nextAttemptAt: numberOrNull(row, "next_attempt_at"),
    createdAt: number(row, "created_at"),
  };
}
