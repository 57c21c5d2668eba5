import { chunksOf, eachOf, OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import type { KeyRecord } from "../../core/key/key-record.ts";
import type { Alarm } from "../alarm.ts";
import { registryEntry } from "../guard-registry.ts";
import type { GuardTable } from "./guard-table.ts";

/** An alarm looks after what a call did not finish: soon after it should have, then ever more rarely. */
const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 60_000;
/** What is left only because one call may not do it all goes on at once. */
const GO_ON_MS = 100;
/** Entries of KV that one call writes, of the thousand calls that an invocation may make. */
const COPIES_A_CALL = 400;
const CONCURRENT_COPIES = 6;

/**
 * Changes of keys on their way to the guards and to KV. A row is written in the transaction of the change and goes
 * when both have it.
 */
export class Outbox {
  readonly #sql: SqlStorage;
  readonly #records: KVNamespace;
  readonly #guards: GuardTable;
  readonly #alarm: Alarm;
  #isCopying = false;
  /** When the next attempt is planned for; milliseconds since the epoch. */
  #retryAt = 0;

  constructor(sql: SqlStorage, records: KVNamespace, guards: GuardTable, alarm: Alarm) {
    this.#sql = sql;
    this.#records = records;
    this.#guards = guards;
    this.#alarm = alarm;
  }

  /** Notes that the current versions of keys are to be pushed. To be called in the transaction of the change. */
  add(keyIds: readonly string[]): void {
    this.#sql.exec(
      `INSERT INTO outbox (key_id, version)
       SELECT id, version FROM keys WHERE id IN (SELECT value FROM json_each(?))
       ON CONFLICT DO UPDATE SET version = excluded.version, attempts = 0`,
      JSON.stringify(keyIds),
    );
    this.#retryWithin(FIRST_RETRY_MS);
  }

  /** Notes that guards have the current versions of keys. */
  confirm(keyIds: readonly string[]): void {
    this.#sql.exec(
      `UPDATE outbox SET confirmed = keys.version, version = max(outbox.version, keys.version)
       FROM keys WHERE keys.id = key_id AND confirmed < keys.version
         AND key_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(keyIds),
    );
  }

  /** Brings what the guards have confirmed to KV, as much of it as one call may. */
  async copy(
    orgId: string,
    recordsOf: (keyIds: readonly string[]) => ReadonlyMap<string, KeyRecord>,
  ): Promise<void> {
    if (this.#isCopying) return;
    this.#isCopying = true;
    try {
      const keyIds = this.#confirmed(COPIES_A_CALL);
      // It copies the record as it is when its turn comes.
      for (const some of chunksOf(keyIds, CONCURRENT_COPIES)) {
        await Promise.all([...recordsOf(some).values()].map((record) => this.#copyKey(record)));
      }
      const guards = this.#guards.unlisted(COPIES_A_CALL - keyIds.length);
      await eachOf(guards, CONCURRENT_COPIES, (guard) => this.#listGuard(orgId, guard));
      if (keyIds.length + guards.length === COPIES_A_CALL) this.goOn();
    } finally {
      this.#isCopying = false;
    }
  }

  /** Keys whose latest change the guard has not confirmed, when it is time to try again; `null` when it is not. */
  due(now: number): string[] | null {
    if (now < this.#retryAt) return null;
    this.#retryAt = 0;
    const rows = this.#sql.exec<{ key_id: string }>(`SELECT key_id FROM outbox WHERE confirmed < version`);
    return [...rows].map((row) => row.key_id);
  }

  /** When the next attempt is due, if anything is left; milliseconds since the epoch. */
  nextAttempt(): number | null {
    const isEmpty = this.#sql.exec(`SELECT 1 FROM outbox LIMIT 1`).toArray().length === 0;
    return isEmpty && this.#guards.unlisted(1).length === 0 ? null : this.#retryAt;
  }

  /** How many keys wait, and for how many attempts the one that has waited longest. */
  backlog(): { readonly waiting: number; readonly attempts: number } {
    const [row] = this.#sql.exec<{ waiting: number; attempts: number | null }>(
      `SELECT count(*) AS waiting, max(attempts) AS attempts FROM outbox`,
    );
    return { waiting: row?.waiting ?? 0, attempts: row?.attempts ?? 0 };
  }

  /** Plans the next attempt for the remaining rows. */
  retryLater(): void {
    this.#sql.exec(`UPDATE outbox SET attempts = attempts + 1`);
    if (this.nextAttempt() === null) return;
    const [row] = this.#sql.exec<{ attempts: number | null }>(`SELECT min(attempts) AS attempts FROM outbox`);
    this.#retryWithin(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (row?.attempts ?? 0)));
  }

  /** Has guards listed in the registry again: another namespace may have taken its place. */
  listAgain(guards: readonly string[]): void {
    this.#guards.unlist(guards);
    this.goOn();
  }

  /** Has the alarm go on with what one call may not do. */
  goOn(): void {
    this.#retryWithin(GO_ON_MS);
  }

  #confirmed(limit: number): string[] {
    const rows = this.#sql.exec<{ key_id: string }>(
      `SELECT key_id FROM outbox WHERE confirmed >= version LIMIT ?`,
      limit,
    );
    return [...rows].map((row) => row.key_id);
  }

  /** The row goes unless a later version has come meanwhile. */
  async #copyKey(record: KeyRecord): Promise<void> {
    if (!(await this.#put(record.id, JSON.stringify(record)))) return;
    this.#sql.exec(
      `DELETE FROM outbox WHERE key_id = ?1 AND version <= ?2 AND confirmed >= version`,
      record.id,
      record.version,
    );
  }

  async #listGuard(orgId: string, guard: string): Promise<void> {
    if (await this.#put(registryEntry(orgId, guard), "{}")) this.#guards.noteListed(guard);
  }

  async #put(name: string, value: string): Promise<boolean> {
    try {
      await within(OBJECT_TIMEOUT_MS, this.#records.put(name, value));
      return true;
    } catch {
      return false;
    }
  }

  /** An attempt that is planned for an earlier moment stays: an organisation in steady use must not put it off. */
  #retryWithin(ms: number): void {
    const now = Date.now();
    if (this.#retryAt > now && this.#retryAt <= now + ms) return;
    this.#retryAt = now + ms;
    this.#alarm.ringBy(this.#retryAt);
  }
}
