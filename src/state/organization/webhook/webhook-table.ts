import { flag, number, numberOrNull, text, textOrNull, type SqlRow } from "../../sql-row.ts";
import {
  SECRET_OVERLAP_MS,
  type WebhookDraft,
  type WebhookEndpoint,
} from "../../../core/organization/webhook.ts";

/** The organisation's endpoint and its secrets. The secrets are kept as they are: messages are signed with them. */
export class WebhookTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(): WebhookEndpoint | null {
    const [row] = this.#sql.exec<SqlRow>(`SELECT * FROM webhook`);
    return row === undefined ? null : readEndpoint(row);
  }

  /** What messages are signed with at a moment: the secret and, while they overlap, the one before. */
  secrets(now: number): string[] {
    const rows = this.#sql.exec<{ secret: string; previous: string | null }>(
      `SELECT secret, CASE WHEN previous_secret_until > ? THEN previous_secret END AS previous FROM webhook`,
      now,
    );
    return [...rows].flatMap(({ secret, previous }) => (previous === null ? [secret] : [secret, previous]));
  }

  create(draft: WebhookDraft, secret: string, now: number): void {
    this.#sql.exec(
      `INSERT INTO webhook (id, url, description, disabled, secret, created_at, updated_at)
       VALUES (1, ?1, ?2, ?3, ?4, ?5, ?5)`,
      draft.url,
      draft.description,
      draft.disabled ? 1 : 0,
      secret,
      now,
    );
  }

  update(draft: WebhookDraft, now: number): void {
    this.#sql.exec(
      `UPDATE webhook SET url = ?, description = ?, disabled = ?, disabled_reason = NULL, updated_at = ?`,
      draft.url,
      draft.description,
      draft.disabled ? 1 : 0,
      now,
    );
  }

  disable(reason: string, now: number): void {
    this.#sql.exec(`UPDATE webhook SET disabled = 1, disabled_reason = ?, updated_at = ?`, reason, now);
  }

  /** The secret becomes the one before; what was that no longer counts. */
  rotate(secret: string, now: number): void {
    this.#sql.exec(
      `UPDATE webhook SET previous_secret = secret, previous_secret_until = ?, secret = ?, updated_at = ?`,
      now + SECRET_OVERLAP_MS,
      secret,
      now,
    );
  }

  delete(): void {
    this.#sql.exec(`DELETE FROM webhook`);
  }
}

function readEndpoint(row: SqlRow): WebhookEndpoint {
  return {
    url: text(row, "url"),
    description: textOrNull(row, "description"),
    disabled: flag(row, "disabled"),
    disabledReason: textOrNull(row, "disabled_reason"),
    previousSecretUntil: numberOrNull(row, "previous_secret_until"),
    createdAt: number(row, "created_at"),
    updatedAt: number(row, "updated_at"),
  };
}
