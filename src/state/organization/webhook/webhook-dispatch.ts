import { config } from "../../../config.ts";
import { webhookBounds, webhookUrlProblem } from "../../../core/organization/webhook.ts";
import type { Alarm } from "../../alarm.ts";
import { SYSTEM, type AuditEntry, type AuditLog } from "../audit/audit-log.ts";
import type { DueMessage, WebhookOutbox } from "./webhook-outbox.ts";
import { send, type Attempt } from "./webhook-sender.ts";
import type { WebhookTable } from "./webhook-table.ts";

/** An invocation may have six connections that wait for an answer. */
const CONCURRENT = 6;
/** Messages sent one after the other before the alarm is to start afresh: an invocation may make so many calls. */
const IN_A_ROW = 20;
/** When a message is sent again of which nothing was heard: longer than the slowest answer takes. */
const CLAIM_MS = 30_000;

const BOUNDS = webhookBounds(config);

const GONE = "The endpoint answered 410 Gone";

interface Parts {
  readonly table: WebhookTable;
  readonly outbox: WebhookOutbox;
  readonly audit: AuditLog;
  readonly alarm: Alarm;
}

/** The sending of the webhook's messages. Nobody waits for it: an endpoint that is slow must hold up nothing else. */
export class WebhookDispatch {
  readonly #context: DurableObjectState;
  readonly #parts: Parts;
  /** The messages that are being sent, by their ids, and until when they count as such; milliseconds since the epoch. */
  readonly #sending = new Map<string, number>();

  constructor(context: DurableObjectState, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Starts to send due messages, up to the concurrency limit, and deletes old ones. */
  run(now: number): void {
    this.#parts.outbox.prune(now);
    for (let message = this.#take(); message !== null; message = this.#take()) {
      this.#context.waitUntil(this.#sendFrom(message));
    }
  }

  /** When there is something to send and a place to send it from; milliseconds since the epoch. */
  nextAt(now: number): number | null {
    const { table, outbox } = this.#parts;
    if (table.find()?.disabled !== false) return null;
    const busy = [...this.#sending.values()].filter((until) => until > now);
    return busy.length < CONCURRENT ? outbox.nextAttempt() : Math.min(...busy);
  }

  /** Takes a message to be sent at once: from here to the sending nothing can come in between. */
  #take(): DueMessage | null {
    const { table, outbox } = this.#parts;
    const now = Date.now();
    for (const [id, until] of this.#sending) if (until <= now) this.#sending.delete(id);
    if (table.find()?.disabled !== false || this.#sending.size >= CONCURRENT) return null;
    const message = outbox.claim(now, now + CLAIM_MS);
    if (message !== null) this.#sending.set(message.id, now + CLAIM_MS);
    return message;
  }

  /** Sends a message, and then others that are due. */
  async #sendFrom(first: DueMessage): Promise<void> {
    let message: DueMessage | null = first;
    for (let left = IN_A_ROW - 1; message !== null; left--) {
      try {
        await this.#sendOne(message);
      } finally {
        this.#sending.delete(message.id);
        const at = this.nextAt(Date.now());
        if (at !== null) this.#parts.alarm.ringBy(at);
      }
      message = left > 0 ? this.#take() : null;
    }
  }

  async #sendOne(message: DueMessage): Promise<void> {
    const { table, outbox, audit } = this.#parts;
    const now = Date.now();
    const endpoint = table.find();
    if (endpoint === null) return;
    // Settings may have changed since the URL was set, and so may what is known of names.
    const problem = webhookUrlProblem(endpoint.url, BOUNDS);
    const attempt =
      problem === null
        ? await send(endpoint.url, message, table.secrets(now), now)
        : notSent(`The URL is not allowed: ${problem}`);
    this.#context.storage.transactionSync(() => {
      outbox.settle(message, attempt, Date.now());
      const before = table.find();
      if (attempt.status !== 410 || before?.url !== endpoint.url || before.disabled) return;
      table.disable(GONE, Date.now());
      outbox.abandon(GONE, Date.now());
      const entry: AuditEntry = {
        action: "webhook.disabled",
        target: "webhook",
        before,
        after: table.find(),
      };
      audit.add(SYSTEM, entry, Date.now());
    });
  }
}

function notSent(error: string): Attempt {
  return { delivered: false, status: null, error, retryAfterMs: null };
}
