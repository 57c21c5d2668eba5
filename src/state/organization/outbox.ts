import type { Confirmation } from "../../admission/guard/key-guard.ts";
import { groupOfKey } from "../../admission/key-guards.ts";
import { within } from "../../core/concurrency.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { Env } from "../../env.ts";
import type { Alarm } from "../alarm.ts";
import { CUT_TIMEOUT_MS } from "../cut-timeout.ts";

/** An alarm looks after what a call did not finish: soon after it should have, then ever more rarely. */
const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 60_000;

/**
 * Changes of keys on their way to the guards and to KV. A row is written in the transaction of the change and goes
 * when both have it; a guard takes versions in any order and any number of times, so a push may be repeated.
 */
export class Outbox {
  readonly #storage: DurableObjectStorage;
  readonly #guards: Env["KEY_GUARD"];
  readonly #records: KVNamespace;
  readonly #alarm: Alarm;
  /** When the next attempt is planned for; milliseconds since the epoch. */
  #retryAt = 0;

  constructor(storage: DurableObjectStorage, env: Env, alarm: Alarm) {
    this.#alarm = alarm;
    this.#storage = storage;
    this.#guards = env.KEY_GUARD;
    this.#records = env.KEY_RECORDS;
  }

  /** Notes that a version of a key is to be pushed. To be called in the transaction of the change. */
  add(keyId: string, version: number): void {
    this.#storage.sql.exec(
      `INSERT INTO outbox (key_id, version) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET version = ?2, attempts = 0`,
      keyId,
      version,
    );
    this.#retryWithin(FIRST_RETRY_MS);
  }

  /** Pushes a record to its guard; `null` when the guard does not confirm. */
  async push(record: KeyRecord): Promise<Confirmation | null> {
    try {
      const guard = this.#guards.getByName(groupOfKey(record.id));
      const confirmations = await within(CUT_TIMEOUT_MS, guard.put(record.orgId, [record]));
      return confirmations?.[0] ?? null;
    } catch {
      return null;
    }
  }

  /** Writes the copy in KV of a record that its guard has; its row goes unless a later version has come meanwhile. */
  async cache(record: KeyRecord): Promise<void> {
    try {
      await this.#records.put(record.id, JSON.stringify(record));
    } catch {
      return;
    }
    this.#storage.sql.exec(`DELETE FROM outbox WHERE key_id = ? AND version <= ?`, record.id, record.version);
  }

  /** Keys whose latest change has not reached both the guard and KV, when it is time to try again. */
  due(now: number): string[] {
    if (now < this.#retryAt) return [];
    this.#retryAt = 0;
    return [...this.#storage.sql.exec<{ key_id: string }>(`SELECT key_id FROM outbox`)].map(
      (row) => row.key_id,
    );
  }

  /** When the next attempt is due, if anything is left; milliseconds since the epoch. */
  nextAttempt(): number | null {
    return this.#storage.sql.exec(`SELECT 1 FROM outbox LIMIT 1`).toArray().length === 0
      ? null
      : this.#retryAt;
  }

  /** Plans the next attempt for what is left. */
  retryLater(): void {
    this.#storage.sql.exec(`UPDATE outbox SET attempts = attempts + 1`);
    const [row] = this.#storage.sql.exec<{ attempts: number | null }>(
      `SELECT min(attempts) AS attempts FROM outbox`,
    );
    if (row === undefined || row.attempts === null) return;
    this.#retryWithin(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** row.attempts));
  }

  /** An attempt that is planned for an earlier moment stays: an organisation in steady use must not put it off. */
  #retryWithin(ms: number): void {
    const now = Date.now();
    if (this.#retryAt > now && this.#retryAt <= now + ms) return;
    this.#retryAt = now + ms;
    this.#alarm.ringBy(this.#retryAt);
  }
}
