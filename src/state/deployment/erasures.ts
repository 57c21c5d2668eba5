import type { Receipt } from "../../core/organization/managed-key.ts";
import type { ErasureRecord } from "../../core/organization/erasure.ts";
import { deleteInSteps, type Perishable } from "../retention.ts";

/** Organisations that were erased or are being erased, and the receipts of their keys. Times are milliseconds since the epoch. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS erasures (
  org_id TEXT PRIMARY KEY,
  operator TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  erased_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS erasures_by_age ON erasures (requested_at);
CREATE TABLE IF NOT EXISTS emptied_organizations (
  org_id TEXT PRIMARY KEY,
  requested_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased_keys (
  org_id TEXT NOT NULL REFERENCES erasures (org_id),
  key_id TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  effective_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (org_id, key_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased_guards (
  org_id TEXT NOT NULL REFERENCES erasures (org_id),
  guard TEXT NOT NULL,
  PRIMARY KEY (org_id, guard)
) WITHOUT ROWID;
`;

/** Erasures that one run of the alarm goes on with. */
const AT_ONCE = 10;

/** Under which name the organisation is kept that was the last in its turn. */
const TURN = "erasedLast";

/** The platform restores a database as it was up to 30 days ago; an older copy of a guard is looked for twice as long. */
const RESTORABLE_MS = 60 * 86_400_000;

/**
 * The record of erasures: an organisation's own is gone with it. It is kept as long as audit events are, and as long as
 * the guards may be restored; that the keys are dead is for their guards to know, for good.
 */
export class Erasures implements Perishable {
  readonly keptMs: number;
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage, auditRetentionMs: number) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.keptMs = Math.max(auditRetentionMs, RESTORABLE_MS);
    this.#sql.exec(SCHEMA);
  }

  find(orgId: string): ErasureRecord | null {
    const [row] = this.#sql.exec<Omit<ErasureRecord, "isEmptied"> & { isEmptied: number }>(
      `SELECT requested_at AS requestedAt, erased_at AS erasedAt,
         (SELECT count(*) FROM erased_keys WHERE erased_keys.org_id = erasures.org_id) AS keys,
         (org_id, requested_at) IN (SELECT org_id, requested_at FROM emptied_organizations) AS isEmptied
       FROM erasures WHERE org_id = ?`,
      orgId,
    );
    return row === undefined ? null : { ...row, isEmptied: row.isEmptied === 1 };
  }

  /** Notes of an erasure under way that nothing but the organisation's own tables is left. */
  markEmptied(orgId: string): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO emptied_organizations
       SELECT org_id, requested_at FROM erasures WHERE org_id = ? AND erased_at IS NULL`,
      orgId,
    );
  }

  /** Puts an erasure on record; one that is under way goes on. */
  begin(orgId: string, operator: string, now: number): void {
    this.#sql.exec(
      `INSERT INTO erasures (org_id, operator, requested_at) VALUES (?1, ?2, ?3)
       ON CONFLICT DO UPDATE SET operator = ?2, requested_at = ?3, erased_at = NULL WHERE erased_at IS NOT NULL`,
      orgId,
      operator,
      now,
    );
  }

  /** Records revoked keys and their guards; a key that is recorded already keeps its first receipt. */
  add(orgId: string, receipts: readonly Receipt[], guards: readonly string[]): void {
    this.#storage.transactionSync(() => {
      for (const guard of guards) {
        this.#sql.exec(`INSERT OR IGNORE INTO erased_guards VALUES (?, ?)`, orgId, guard);
      }
      for (const { keyId, requestedAt, effectiveAt, version } of receipts) {
        this.#sql.exec(
          `INSERT OR IGNORE INTO erased_keys VALUES (?, ?, ?, ?, ?)`,
          orgId,
          keyId,
          requestedAt,
          effectiveAt,
          version,
        );
      }
    });
  }

  /** Organisations whose erasure began before a moment and is not done: some, and at the next call those after them. */
  takeTurn(before: number): string[] {
    const ids = this.#sql
      .exec<{ orgId: string }>(
        `SELECT org_id AS orgId FROM erasures WHERE erased_at IS NULL AND requested_at <= ?
         ORDER BY org_id <= ?, org_id LIMIT ?`,
        before,
        this.#storage.kv.get<string>(TURN) ?? "",
        AT_ONCE,
      )
      .toArray()
      .map(({ orgId }) => orgId);
    const last = ids.at(-1);
    if (last !== undefined && ids.length === AT_ONCE) this.#storage.kv.put(TURN, last);
    return ids;
  }

  /** A page of organisations whose guards may have been restored to what they were before the erasure, in order of their ids. */
  restorable(now: number, after: string, limit: number): string[] {
    return this.#sql
      .exec<{ orgId: string }>(
        `SELECT org_id AS orgId FROM erasures WHERE erased_at > ? AND org_id > ? ORDER BY org_id LIMIT ?`,
        now - RESTORABLE_MS,
        after,
        limit,
      )
      .toArray()
      .map(({ orgId }) => orgId);
  }

  /** Since when the oldest of them is under way; milliseconds since the epoch, `null` for none. */
  underWaySince(): number | null {
    return this.#sql
      .exec<{ at: number | null }>(`SELECT min(requested_at) AS at FROM erasures WHERE erased_at IS NULL`)
      .one().at;
  }

  finish(orgId: string, now: number): void {
    this.#sql.exec(`DELETE FROM emptied_organizations WHERE org_id = ?`, orgId);
    this.#sql.exec(`UPDATE erasures SET erased_at = ? WHERE org_id = ? AND erased_at IS NULL`, now, orgId);
  }

  /**
   * A page of an organisation's guards, by name. The version before did not record them: a key of its erasures has that of
   * its group or one of its own.
   */
  guards(orgId: string, after: string, limit: number): string[] {
    const rows = this.#sql.exec<{ guard: string }>(
      `WITH known AS (SELECT guard FROM erased_guards WHERE org_id = ?1),
         unrecorded AS (SELECT key_id FROM erased_keys WHERE org_id = ?1
           AND key_id NOT IN known AND substr(key_id, 5, 5) NOT IN known)
       SELECT guard FROM (SELECT guard FROM known UNION SELECT key_id FROM unrecorded
         UNION SELECT substr(key_id, 5, 5) FROM unrecorded)
       WHERE guard > ?2 ORDER BY guard LIMIT ?3`,
      orgId,
      after,
      limit,
    );
    return [...rows].map(({ guard }) => guard);
  }

  /** A page of the receipts, in order of the keys' ids. */
  receipts(orgId: string, after: string, limit: number): Receipt[] {
    const rows = this.#sql.exec<Omit<Receipt, "status"> & Record<string, SqlStorageValue>>(
      `SELECT key_id AS keyId, requested_at AS requestedAt, effective_at AS effectiveAt, version
       FROM erased_keys WHERE org_id = ? AND key_id > ? ORDER BY key_id LIMIT ?`,
      orgId,
      after,
      limit,
    );
    return [...rows].map(({ keyId, requestedAt, effectiveAt, version }) => ({
      keyId,
      status: "revoked",
      requestedAt,
      effectiveAt,
      version,
    }));
  }

  oldest(): number | null {
    return this.#sql.exec<{ at: number | null }>(`SELECT min(erased_at) AS at FROM erasures`).one().at;
  }

  /** Deletes erasures that ended before a moment; one under way stays. */
  async forget(before: number): Promise<void> {
    for (const [table, name] of [
      ["erased_keys", "key_id"],
      ["erased_guards", "guard"],
    ]) {
      await deleteInSteps(
        this.#sql,
        `DELETE FROM ${table} WHERE (org_id, ${name}) IN
           (SELECT org_id, ${name} FROM ${table} JOIN erasures USING (org_id)
            WHERE erased_at < ? LIMIT ?)`,
        before,
      );
    }
    this.#sql.exec(
      `DELETE FROM erasures WHERE erased_at < ?
         AND org_id NOT IN (SELECT org_id FROM erased_keys UNION SELECT org_id FROM erased_guards)`,
      before,
    );
  }
}
