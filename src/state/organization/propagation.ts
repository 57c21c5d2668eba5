import { refuse } from "../../core/refusal.ts";
import type { Confirmation } from "../../admission/guard/key-guard.ts";
import type { Env } from "../../env.ts";
import type { Alarm } from "../alarm.ts";
import type { KeyTable } from "./key-table.ts";
import { Outbox } from "./outbox.ts";
import type { Settings } from "./settings.ts";

/** The guard has not said that a change is in force: it is committed, and the outbox goes on trying. */
export const UNCONFIRMED = refuse("admission_unavailable", { retryAfter: 2 });

/** How many guards are written to at a time: a change of a person's roles may concern hundreds of keys. */
const CONCURRENT_PUSHES = 64;

/** Brings committed changes of keys to their guards, and knows when they are in force. */
export class Propagation {
  readonly #keys: KeyTable;
  readonly #settings: Settings;
  readonly #outbox: Outbox;
  readonly #context: DurableObjectState;

  constructor(context: DurableObjectState, env: Env, keys: KeyTable, settings: Settings, alarm: Alarm) {
    this.#context = context;
    this.#keys = keys;
    this.#settings = settings;
    this.#outbox = new Outbox(context.storage, env, alarm);
  }

  /** Notes that the current version of a key is to be pushed. To be called in the transaction of the change. */
  note(keyId: string): void {
    this.#outbox.add(keyId, this.#keys.version(keyId));
  }

  /** Pushes the current version of a key to its guard; `null` when the guard does not confirm it. */
  async push(keyId: string): Promise<Confirmation | null> {
    const record = this.#keys.record(keyId, this.#settings.orgId());
    const applied = await this.#outbox.push(record);
    if (applied === null) return null;
    if (record.revokedAt !== null) this.#keys.setEffective(keyId, applied.effectiveAt);
    this.#context.waitUntil(this.#outbox.cache(record));
    return applied;
  }

  /** Pushes many keys; tells which were not confirmed. */
  async pushAll(keyIds: readonly string[]): Promise<string[]> {
    const waiting = [...keyIds];
    const unconfirmed: string[] = [];
    const worker = async (): Promise<void> => {
      for (let keyId = waiting.pop(); keyId !== undefined; keyId = waiting.pop()) {
        if ((await this.push(keyId)) === null) unconfirmed.push(keyId);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_PUSHES }, worker));
    return unconfirmed;
  }

  /** Pushes what an earlier call did not finish, and plans the next attempt for what still fails. */
  async retry(): Promise<void> {
    const due = this.#outbox.due(Date.now());
    if (due.length === 0) return;
    await this.pushAll(due);
    this.#outbox.retryLater();
  }

  /** When {@link retry} is to be called again; milliseconds since the epoch. */
  nextRetry(): number | null {
    return this.#outbox.nextAttempt();
  }
}
