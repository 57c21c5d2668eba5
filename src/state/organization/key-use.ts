import { within } from "../../core/concurrency.ts";
import type { CallCounts } from "../../core/calls.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { Actor, KeyChange, KeyUsage, UsageBucket } from "../../core/organization.ts";
import { isRefusal, refuse, type Refusal } from "../../core/refusal.ts";
import type { UsageBatch } from "../../core/usage.ts";
import type { Env } from "../../env.ts";
import type { CallTable } from "./call-table.ts";
import type { Keys } from "./keys.ts";
import type { UsageTable } from "./usage-table.ts";
import type { DirectoryUser } from "./people/user-table.ts";

/** Whoever reads usage waits this long for a guard to deliver its latest counts. */
const DELIVERY_TIMEOUT_MS = 1000;

/** A key before and after a change that has not been made, and what the key was used for. */
export interface UpdatePreview {
  readonly before: KeyRecord;
  readonly after: KeyRecord;
  readonly calls: CallCounts;
}

interface Parts {
  readonly keys: Keys;
  readonly usage: UsageTable;
  readonly calls: CallTable;
  readonly guards: Env["KEY_GUARD"];
}

/** What keys are used for: taken in from their guards, and told. */
export class KeyUse {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** Takes in what a key's guard has counted. */
  record(keyId: string, batch: UsageBatch): void {
    const { usage, calls } = this.#parts;
    this.#storage.transactionSync(() => {
      if (usage.record(keyId, batch)) calls.record(keyId, batch, Date.now());
    });
  }

  /** Counts of one key since `from` in buckets of `bucketMs`, those that its guard has not delivered yet included. */
  async ofKey(
    me: DirectoryUser,
    keyId: string,
    from: number,
    bucketMs: number,
  ): Promise<UsageBucket[] | Refusal> {
    if (this.#parts.keys.find(me, keyId) === null) return refuse("not_found");
    await this.#fetch(keyId);
    return this.#parts.usage.buckets(keyId, from, bucketMs);
  }

  /** Counts of the whole organisation since `from`, by time and by key. */
  ofAll(from: number, bucketMs: number): { buckets: UsageBucket[]; byKey: KeyUsage[] } {
    const { usage } = this.#parts;
    return { buckets: usage.buckets(null, from, bucketMs), byKey: usage.byKey(from) };
  }

  /** What a change would make of a key, and what the key was used for since `from`. It changes nothing. */
  async preview(
    actor: Actor,
    me: DirectoryUser,
    keyId: string,
    change: KeyChange,
    from: number,
  ): Promise<UpdatePreview | Refusal> {
    const records = this.#parts.keys.preview(actor.orgId, me, keyId, change);
    if (isRefusal(records)) return records;
    await this.#fetch(keyId);
    return { ...records, calls: this.#parts.calls.since(keyId, from) };
  }

  /** Has a key's guard deliver its counts. One that does not answer delivers later; what is here is told all the same. */
  async #fetch(keyId: string): Promise<void> {
    const delivered = this.#parts.guards.getByName(keyId).deliverUsage();
    await within(DELIVERY_TIMEOUT_MS, delivered).catch(() => {});
  }
}
