import { eachOf } from "../../core/concurrency.ts";
import type { Actor } from "../../core/organization.ts";
import { refuse, type Refusal } from "../../core/refusal.ts";
import {
  generateWebhookSecret,
  TEST_EVENT,
  type WebhookDelivery,
  type WebhookDraft,
  type WebhookEndpoint,
} from "../../core/webhook.ts";
import type { Alarm } from "./alarm.ts";
import { SYSTEM, type AuditLog, type Author } from "./audit-log.ts";
import type { ExpiryNotices } from "./expiry-notices.ts";
import type { DueMessage, WebhookOutbox } from "./webhook-outbox.ts";
import { send } from "./webhook-sender.ts";
import type { WebhookTable } from "./webhook-table.ts";

/** An invocation may have six connections that wait for an answer. */
const CONCURRENT = 6;
const BATCH = 5 * CONCURRENT;
/** When a message is sent again of which nothing was heard: longer than a whole batch of the slowest answers takes. */
const CLAIM_MS = 90_000;

const GONE = "The endpoint answered 410 Gone";
const DISABLED = "The webhook was disabled";
const DELETED = "The webhook was deleted";

interface Parts {
  readonly table: WebhookTable;
  readonly outbox: WebhookOutbox;
  readonly expiry: ExpiryNotices;
  readonly audit: AuditLog;
  readonly alarm: Alarm;
}

/** The organisation's webhook: where its events go, and the sending. */
export class Webhooks {
  readonly #context: DurableObjectState;
  readonly #parts: Parts;
  /** While messages are being sent, the moment at which they are due again; milliseconds since the epoch. */
  #sendingUntil: number | null = null;

  constructor(context: DurableObjectState, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  find(): WebhookEndpoint | Refusal {
    return this.#parts.table.find() ?? refuse("not_found");
  }

  /** Sets the endpoint. A new one gets a secret, which is told this once; another address keeps the one it has. */
  put(actor: Actor, draft: WebhookDraft): { endpoint: WebhookEndpoint; secret: string | null } {
    const { table, outbox, expiry } = this.#parts;
    const now = Date.now();
    return this.#context.storage.transactionSync(() => {
      const before = table.find();
      const secret = before === null ? generateWebhookSecret() : null;
      if (secret === null) table.update(draft, now);
      else table.create(draft, secret, now);
      if (draft.disabled) outbox.abandon(DISABLED, now);
      expiry.planAll(now);
      const noticeAt = expiry.nextAt();
      if (noticeAt !== null) this.#parts.alarm.ringBy(noticeAt);
      this.#note(actor, before === null ? "webhook.created" : "webhook.updated", before, now);
      return { endpoint: table.find() as WebhookEndpoint, secret };
    });
  }

  delete(actor: Actor): { deleted: true } | Refusal {
    const { table, outbox } = this.#parts;
    const now = Date.now();
    return this.#context.storage.transactionSync(() => {
      const before = table.find();
      if (before === null) return refuse("not_found");
      table.delete();
      outbox.abandon(DELETED, now);
      this.#note(actor, "webhook.deleted", before, now);
      return { deleted: true };
    });
  }

  /** Makes a new secret, which is told this once. */
  rotateSecret(actor: Actor): { endpoint: WebhookEndpoint; secret: string } | Refusal {
    const { table } = this.#parts;
    const now = Date.now();
    return this.#context.storage.transactionSync(() => {
      const before = table.find();
      if (before === null) return refuse("not_found");
      const secret = generateWebhookSecret();
      table.rotate(secret, now);
      this.#note(actor, "webhook.secret_rotated", before, now);
      return { endpoint: table.find() as WebhookEndpoint, secret };
    });
  }

  /** Sends an event that says nothing. */
  test(actor: Actor): WebhookDelivery | Refusal {
    const { table, outbox, alarm } = this.#parts;
    const now = Date.now();
    return this.#context.storage.transactionSync(() => {
      const endpoint = table.find();
      if (endpoint === null) return refuse("not_found");
      if (endpoint.disabled) {
        return refuse("invalid_value", { details: { field: "disabled", problem: DISABLED } });
      }
      const delivery = outbox.add(TEST_EVENT, null, { orgId: actor.orgId }, now);
      this.#note(actor, "webhook.tested", endpoint, now);
      alarm.ringBy(now);
      return delivery;
    });
  }

  /** A page of deliveries, the newest first, and one more if there is a next page. */
  deliveries(limit: number, before: number | null): WebhookDelivery[] {
    return this.#parts.outbox.list(limit, before);
  }

  /** Sends what is due, without anybody waiting for it: an endpoint that is slow must hold up nothing else. */
  deliver(): void {
    const { table, outbox } = this.#parts;
    if (this.#sendingUntil !== null || table.find()?.disabled !== false) return;
    const now = Date.now();
    const due = outbox.claim(now, now + CLAIM_MS, BATCH);
    if (due.length === 0) return;
    this.#sendingUntil = now + CLAIM_MS;
    const sending = eachOf(due, CONCURRENT, (message) => this.#sendOne(message));
    this.#context.waitUntil(
      sending.finally(() => {
        this.#sendingUntil = null;
        outbox.prune(Date.now());
        this.#ringForNext();
      }),
    );
  }

  /** When the alarm is to ring for the webhook; milliseconds since the epoch. */
  nextAt(): number | null {
    const { table, outbox, expiry } = this.#parts;
    const endpoint = table.find();
    const sends =
      endpoint === null || endpoint.disabled ? null : (this.#sendingUntil ?? outbox.nextAttempt());
    const moments = [sends, expiry.nextAt()].filter((at) => at !== null);
    return moments.length === 0 ? null : Math.min(...moments);
  }

  #ringForNext(): void {
    const at = this.nextAt();
    if (at !== null) this.#parts.alarm.ringBy(at);
  }

  async #sendOne(message: DueMessage): Promise<void> {
    const { table, outbox } = this.#parts;
    const now = Date.now();
    const endpoint = table.find();
    // It may have been disabled since the message was taken; then the message has been given up.
    if (endpoint === null || endpoint.disabled) return;
    const attempt = await send(endpoint.url, message, table.secrets(now), now);
    this.#context.storage.transactionSync(() => {
      outbox.settle(message, attempt, Date.now());
      const after = table.find();
      if (attempt.status !== 410 || after?.url !== endpoint.url || after.disabled) return;
      table.disable(GONE, Date.now());
      outbox.abandon(GONE, Date.now());
      this.#note(SYSTEM, "webhook.disabled", after, Date.now());
    });
  }

  /** Writes the audit event of a change, in its transaction; secrets are no part of an endpoint. */
  #note(author: Author, action: string, before: WebhookEndpoint | null, now: number): void {
    const { audit, table } = this.#parts;
    audit.add(author, { action, target: "webhook", before, after: table.find() }, now);
  }
}
