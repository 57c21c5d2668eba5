import type { Actor, Credentials } from "../../../core/organization/organization.ts";
import { invalid, isRefusal, refuse, type Result } from "../../../core/refusal.ts";
import {
  generateWebhookSecret,
  TEST_EVENT,
  type WebhookDelivery,
  type WebhookDraft,
  type WebhookEndpoint,
} from "../../../core/organization/webhook.ts";
import type { Alarm } from "../../alarm.ts";
import type { AuditEntry, AuditLog, Author } from "../audit/audit-log.ts";
import type { ExpiryNotices } from "../keys/expiry-notices.ts";
import type { Settings } from "../settings.ts";
import type { WebhookOutbox } from "./webhook-outbox.ts";
import type { WebhookTable } from "./webhook-table.ts";
import { required } from "../../../core/required.ts";

const DISABLED = "The webhook was disabled";
const DELETED = "The webhook was deleted";
/** While so many tests wait to be sent, another one would tell nothing new. */
const MAX_TESTS = 20;

interface Parts {
  readonly table: WebhookTable;
  readonly settings: Settings;
  readonly outbox: WebhookOutbox;
  readonly expiry: ExpiryNotices;
  readonly audit: AuditLog;
  readonly alarm: Alarm;
}

/** The organisation's webhook as its admins set it: where its events go, and what became of them. */
export class Webhooks {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  find(): Result<WebhookEndpoint> {
    return this.#parts.table.find() ?? refuse("not_found");
  }

  /** Sets the endpoint. A new endpoint gets a secret, returned only here; a changed URL keeps its secret. */
  put(actor: Actor, draft: WebhookDraft): Result<{ endpoint: WebhookEndpoint; secret: string | null }> {
    const { table, outbox, expiry } = this.#parts;
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      const before = table.find();
      if (before === null && !actor.freshMfa) return refuse("mfa_required");
      if (before !== null && isSame(before, draft)) return { endpoint: before, secret: null };
      const secret = before === null ? generateWebhookSecret() : null;
      if (secret === null) table.update(draft, now);
      else {
        table.create(draft, secret, now);
        this.#noteSecret(actor, now);
      }
      if (draft.disabled) outbox.abandon(DISABLED, now);
      expiry.planAll(now);
      const noticeAt = expiry.nextAt();
      if (noticeAt !== null) this.#parts.alarm.ringBy(noticeAt);
      this.#note(actor, before === null ? "webhook.created" : "webhook.updated", before, now);
      return { endpoint: required(table.find(), "webhook"), secret };
    });
  }

  delete(actor: Actor): Result<{ deleted: true }> {
    const { table, outbox } = this.#parts;
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      const before = table.find();
      if (before === null) return refuse("not_found");
      table.delete();
      outbox.abandon(DELETED, now);
      this.#note(actor, "webhook.deleted", before, now);
      return { deleted: true };
    });
  }

  /** Since when there is the secret, and by whom. */
  describeSecret(): Credentials["webhookSecret"] {
    const endpoint = this.#parts.table.find();
    if (endpoint === null) return null;
    return { made: this.#parts.settings.made("webhookSecret"), createdAt: endpoint.createdAt };
  }

  /** Makes a new secret, returned only here. */
  rotateSecret(actor: Actor): Result<{ endpoint: WebhookEndpoint; secret: string }> {
    const { table } = this.#parts;
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      const before = table.find();
      if (!actor.freshMfa) return refuse("mfa_required");
      if (before === null) return refuse("not_found");
      const secret = generateWebhookSecret();
      table.rotate(secret, now);
      this.#noteSecret(actor, now);
      this.#note(actor, "webhook.secret_rotated", before, now);
      return { endpoint: required(table.find(), "webhook"), secret };
    });
  }

  /** Sends an event that says nothing; while very many wait already, tells of the latest of them instead. */
  test(actor: Actor): Result<WebhookDelivery> {
    const { outbox, alarm } = this.#parts;
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      const endpoint = this.#enabled();
      if (isRefusal(endpoint)) return endpoint;
      const waiting = outbox.pendingOf(TEST_EVENT);
      const [first] = waiting;
      if (first !== undefined && waiting.length >= MAX_TESTS) return first;
      const delivery = outbox.add(TEST_EVENT, null, { orgId: actor.orgId }, now);
      this.#note(actor, "webhook.tested", endpoint, now);
      alarm.ringBy(now);
      return delivery;
    });
  }

  /** Has an event sent once more, under the same id. */
  resend(actor: Actor, id: string): Result<WebhookDelivery> {
    const { outbox, alarm, audit } = this.#parts;
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      const endpoint = this.#enabled();
      if (isRefusal(endpoint)) return endpoint;
      const delivery = outbox.resend(id, now);
      if (delivery === null) return refuse("not_found");
      const after = { type: delivery.type, keyId: delivery.keyId };
      audit.add(actor, { action: "webhook.resent", target: id, before: null, after }, now);
      alarm.ringBy(now);
      return delivery;
    });
  }

  /** A page of deliveries, the newest first, and one more if there is a next page. */
  deliveries(limit: number, before: number | null): WebhookDelivery[] {
    return this.#parts.outbox.list(limit, before);
  }

  /** The endpoint; `not_found` where there is none, `invalid_value` while it is disabled. */
  #enabled(): Result<WebhookEndpoint> {
    const endpoint = this.#parts.table.find();
    if (endpoint === null) return refuse("not_found");
    return endpoint.disabled ? invalid(DISABLED, "disabled") : endpoint;
  }

  #noteSecret({ id, name }: Actor, at: number): void {
    this.#parts.settings.setMade("webhookSecret", { at, by: { id, name } });
  }

  /** Writes the audit event of a change, in its transaction; secrets are no part of an endpoint. */
  #note(author: Author, action: AuditEntry["action"], before: WebhookEndpoint | null, now: number): void {
    const { audit, table } = this.#parts;
    audit.add(author, { action, target: "webhook", before, after: table.find() }, now);
  }
}

function isSame(endpoint: WebhookEndpoint, draft: WebhookDraft): boolean {
  const { url, description, disabled } = endpoint;
  return url === draft.url && description === draft.description && disabled === draft.disabled;
}
