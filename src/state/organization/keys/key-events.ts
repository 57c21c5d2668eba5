import { keyJson } from "../../../api-types/key-json.ts";
import type { Leak } from "../../../core/organization/leak.ts";
import type { ManagedKey } from "../../../core/organization/managed-key.ts";
import { KEY_EVENTS, type KeyEventType } from "../../../core/organization/webhook.ts";
import { recordExpiry } from "../../../core/usage/key-metrics.ts";
import type { Env } from "../../../env.ts";
import type { Alarm } from "../../alarm.ts";
import type { ExpiryNotices } from "./expiry-notices.ts";
import type { KeyTable } from "./key-table.ts";
import type { Settings } from "../settings.ts";
import type { WebhookOutbox } from "../webhook/webhook-outbox.ts";
import type { WebhookTable } from "../webhook/webhook-table.ts";

/** Notices that one run of the alarm gives; the next run gives more. */
const NOTICES_A_RUN = 100;

interface Parts {
  readonly keys: KeyTable;
  readonly settings: Settings;
  readonly webhook: WebhookTable;
  readonly outbox: WebhookOutbox;
  readonly expiry: ExpiryNotices;
  readonly alarm: Alarm;
  /** Where operators ask for keys of all organisations. */
  readonly dataset: Env["METRICS"];
}

/** Events of keys for the organisation's webhook. Without an endpoint, or while it is disabled, none are kept. */
export class KeyEvents {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** Takes in a change of keys, named as in the audit log. To be called in its transaction. */
  changed(action: string, keys: readonly ManagedKey[], now: number): void {
    const { expiry, alarm } = this.#parts;
    const dead = keys.filter(({ revokedAt }) => revokedAt !== null);
    if (dead.length > 0) expiry.forget(dead.map(({ id }) => id));
    for (const key of keys) if (key.revokedAt === null) expiry.plan(key, now);
    const noticeAt = expiry.nextAt();
    if (noticeAt !== null) alarm.ringBy(noticeAt);
    const type = KEY_EVENTS.find((event) => event === action);
    if (type === undefined || !this.#isListening()) return;
    for (const key of keys) this.#tell(type, key, {}, now);
  }

  /** Tells that a key was found where it does not belong. To be called in the transaction that notes it. */
  leaked(key: ManagedKey, leak: Leak, now: number): void {
    this.#tell("api_key.leaked", key, { leak }, now);
  }

  /** Tells that an access token of a key was found, which is dead while its key goes on. */
  tokenLeaked(key: ManagedKey, tokenId: string, leak: Leak, now: number): void {
    this.#tell("api_key.leaked", key, { leak, tokenId }, now);
  }

  /** Announces keys that expire soon or have expired. Takes a notice and queues its event in one transaction. */
  noteExpiries(now: number): void {
    const noted = this.#storage.transactionSync(() =>
      this.#parts.expiry.take(now, NOTICES_A_RUN).map(({ keyId, daysLeft }) => {
        const key = this.#parts.keys.get(keyId);
        if (daysLeft === 0) this.#tell("api_key.expired", key, {}, now);
        else this.#tell("api_key.expiring", key, { daysLeft }, now);
        return key;
      }),
    );
    const orgId = this.#parts.settings.orgId();
    for (const { id: keyId, expiresAt } of noted) {
      recordExpiry(this.#parts.dataset, { orgId, keyId, expiresAt: expiresAt ?? 0 });
    }
  }

  /** When {@link noteExpiries} is to be called next; milliseconds since the epoch. */
  nextNoticeAt(): number | null {
    return this.#parts.expiry.nextAt();
  }

  #isListening(): boolean {
    return this.#parts.webhook.find()?.disabled === false;
  }

  #tell(type: KeyEventType, key: ManagedKey, more: object, now: number): void {
    const { settings, outbox, alarm } = this.#parts;
    if (!this.#isListening()) return;
    outbox.add(type, key.id, { ...keyJson(key, now), orgId: settings.orgId(), ...more }, now);
    alarm.ringBy(now);
  }
}
