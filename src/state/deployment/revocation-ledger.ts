import { type SqlRow, flag, jsonOrNull, number, text, textOrNull } from "../sql-row.ts";
import { withoutSecrets } from "../../core/key/key-secret.ts";
import type { Leak } from "../../core/organization/leak.ts";
import type {
  KeyTarget,
  OwnerTarget,
  RevocationEntry,
  RevocationQuery,
  RevocationRequest,
} from "../../core/organization/revocation.ts";
import { boundLists } from "../bound-lists.ts";
import { type Perishable, deleteInSteps } from "../retention.ts";
import {
  type DueRevocation,
  FINISHED,
  NAMED,
  SCHEMA,
  type SettledTarget,
  type TargetName,
  type UntoldCut,
  nameOf,
  readRequest,
  readResult,
} from "./revocation-rows.ts";

/** After a failure a row is tried again soon, then ever more rarely. */
const FIRST_RETRY_MS = 1000;

const MAX_RETRY_MS = 60_000;

/** Keys of an owner that were found, guards that have listed theirs, and when the alarm is to look after the rows. */
interface LocatedKeys {
  readonly keys: readonly KeyTarget[];
  readonly guards: readonly string[];
  readonly dueAt: number;
}

/**
 * The record of emergency revocations: what was asked for, what became of it, what is left to do. That a key is dead is
 * on record at its guard and in its organisation, for good.
 */
export class RevocationLedger implements Perishable {
  readonly keptMs: number;
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage, keptMs: number) {
    this.keptMs = keptMs;
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  /** Puts a request and what it names on record; a request that comes again changes nothing. */
  open(
    request: RevocationRequest,
    keys: readonly KeyTarget[],
    owners: readonly OwnerTarget[],
    dueAt: number,
  ): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        `INSERT OR IGNORE INTO revocation_requests (id, at, reason, operator) VALUES (?, ?, ?, ?)`,
        request.id,
        request.at,
        withoutSecrets(request.reason),
        JSON.stringify(request.operator),
      );
      this.#addKeys(request.id, keys, null, dueAt);
      for (const owner of owners) {
        this.#sql.exec(
          `INSERT OR IGNORE INTO revocations (request_id, target, key_id, org_id, owner_id, due_at)
           VALUES (?, ?, '', ?, ?, ?)`,
          request.id,
          owner.target,
          owner.orgId,
          owner.ownerId,
          dueAt,
        );
      }
    });
  }

  request(id: string): RevocationRequest {
    return readRequest(this.#sql.exec<SqlRow>(`SELECT * FROM revocation_requests WHERE id = ?`, id).one());
  }

  /** What a request has cut and organisations have not taken in. One that is still due counts as such. */
  untold(requestId: string): UntoldCut[] {
    const rows = this.#sql.exec<SqlRow>(
      `SELECT revocations.*, leak FROM revocations LEFT JOIN revocation_leaks USING (request_id, target)
       WHERE request_id = ? AND status = 'revoked' AND (organization_told = 0 OR due_at IS NOT NULL)`,
      requestId,
    );
    return [...rows].map((row) => ({
      orgId: text(row, "org_id"),
      target: number(row, "target"),
      keyId: text(row, "key_id"),
      revokedAt: number(row, "requested_at"),
      effectiveAt: number(row, "effective_at"),
      version: number(row, "version"),
      leak: jsonOrNull<Leak>(row, "leak"),
    }));
  }

  /** Notes keys of an owner that were found, and guards that have listed theirs. */
  located(requestId: string, { target, ownerId }: OwnerTarget, { keys, guards, dueAt }: LocatedKeys): void {
    this.#storage.transactionSync(() => {
      this.#addKeys(requestId, keys, ownerId, dueAt);
      for (const list of boundLists(guards)) {
        this.#sql.exec(
          `INSERT OR IGNORE INTO revocation_guards (request_id, target, guard) SELECT ?, ?, value FROM json_each(?)`,
          requestId,
          target,
          list,
        );
      }
    });
  }

  listedGuards(requestId: string, target: number): Set<string> {
    const rows = this.#sql.exec<{ guard: string }>(
      `SELECT guard FROM revocation_guards WHERE request_id = ? AND target = ?`,
      requestId,
      target,
    );
    return new Set([...rows].map(({ guard }) => guard));
  }

  /** Notes that all keys of an owner are on record; `false` when there are none. */
  endLocating(requestId: string, target: number): boolean {
    return this.#storage.transactionSync(() => {
      this.#sql.exec(`DELETE FROM revocation_guards WHERE request_id = ? AND target = ?`, requestId, target);
      const { rowsWritten } = this.#sql.exec(
        `DELETE FROM revocations WHERE request_id = ?1 AND target = ?2 AND key_id = '' AND EXISTS
           (SELECT 1 FROM revocations WHERE request_id = ?1 AND target = ?2 AND key_id != '')`,
        requestId,
        target,
      );
      return rowsWritten > 0;
    });
  }

  /** Records the key that each target stands for, or none. The organisation of a revoked one is still to be notified. */
  settle(requestId: string, settled: readonly SettledTarget[]): void {
    this.#storage.transactionSync(() => {
      for (const list of boundLists(settled)) {
        this.#sql.exec(
          `UPDATE revocations SET status = value ->> 'status', requested_at = value ->> 'requestedAt',
             effective_at = value ->> 'effectiveAt', version = value ->> 'version',
             org_id = coalesce(value ->> 'orgId', org_id), failures = 0,
             due_at = CASE WHEN value ->> 'status' = 'revoked' THEN due_at END
           FROM json_each(?) WHERE ${NAMED}`,
          list,
          requestId,
        );
      }
    });
  }

  /** Notes that attempts have failed, and plans the next; where another attempt has done all, nothing is left to plan. */
  failed(requestId: string, targets: readonly TargetName[], now: number): void {
    this.#storage.transactionSync(() => {
      for (const list of boundLists(targets.map(nameOf))) {
        this.#sql.exec(
          `UPDATE revocations SET failures = failures + 1, due_at = ? + min(?, ? << min(failures, 16))
           FROM json_each(?) WHERE ${NAMED} AND due_at IS NOT NULL`,
          now,
          MAX_RETRY_MS,
          FIRST_RETRY_MS,
          list,
          requestId,
        );
      }
    });
  }

  /** Notes that the organisation has taken cuts in. */
  told(requestId: string, cuts: readonly UntoldCut[]): void {
    this.#storage.transactionSync(() => {
      for (const list of boundLists(cuts.map(nameOf))) {
        this.#sql.exec(
          `UPDATE revocations SET organization_told = 1, failures = 0, due_at = NULL
           FROM json_each(?) WHERE ${NAMED}`,
          list,
          requestId,
        );
      }
    });
  }

  /** At most `limit` rows whose time has come, the longest overdue first. */
  due(now: number, limit: number): DueRevocation[] {
    const rows = this.#sql.exec<SqlRow>(
      `SELECT * FROM revocations WHERE due_at <= ? ORDER BY due_at, id LIMIT ?`,
      now,
      limit,
    );
    return [...rows].map((row) => ({
      ...readResult(row),
      requestId: text(row, "request_id"),
      orgId: textOrNull(row, "org_id"),
      ownerId: textOrNull(row, "owner_id"),
      hash: textOrNull(row, "hash"),
    }));
  }

  /** When the next row is due; milliseconds since the epoch. */
  nextAt(): number | null {
    return this.#sql
      .exec<{ at: number | null }>(`SELECT min(due_at) AS at FROM revocations WHERE due_at IS NOT NULL`)
      .one().at;
  }

  /** The newest first, and one row more than `limit` if there is a next page. */
  list({ status, limit, before }: RevocationQuery): RevocationEntry[] {
    const rows = this.#sql.exec<SqlRow>(
      `SELECT revocations.*, revocation_requests.at, reason, operator FROM revocations
       JOIN revocation_requests ON revocation_requests.id = request_id
       WHERE revocations.id < ? ${status === "all" ? "" : "AND status = ?"}
       ORDER BY revocations.id DESC LIMIT ?`,
      before ?? Number.MAX_SAFE_INTEGER,
      ...(status === "all" ? [] : [status === "confirmed" ? "revoked" : status]),
      limit + 1,
    );
    return [...rows].map((row) => ({
      ...readResult(row),
      id: number(row, "id"),
      request: readRequest({ ...row, id: text(row, "request_id") }),
      orgId: textOrNull(row, "org_id"),
      ownerId: textOrNull(row, "owner_id"),
      organizationTold: flag(row, "organization_told"),
      failures: number(row, "failures"),
    }));
  }

  oldest(): number | null {
    const [row] = this.#sql.exec<{ at: number }>(
      `SELECT at FROM revocation_requests WHERE ${FINISHED} ORDER BY at LIMIT 1`,
    );
    return row?.at ?? null;
  }

  async forget(before: number): Promise<void> {
    const old = `SELECT id FROM revocation_requests WHERE at < ? AND ${FINISHED}`;
    for (const table of ["revocations", "revocation_leaks", "revocation_guards"]) {
      await deleteInSteps(
        this.#sql,
        `DELETE FROM ${table} WHERE (request_id, target) IN
           (SELECT request_id, target FROM ${table} WHERE request_id IN (${old}) LIMIT ?)`,
        before,
      );
    }
    await deleteInSteps(this.#sql, `DELETE FROM revocation_requests WHERE id IN (${old} LIMIT ?)`, before);
  }

  #addKeys(requestId: string, keys: readonly KeyTarget[], ownerId: string | null, dueAt: number): void {
    const named = keys.map(({ target, keyId, orgId, hash }) => ({ target, keyId, orgId, hash }));
    for (const list of boundLists(named)) {
      this.#sql.exec(
        `INSERT OR IGNORE INTO revocations (request_id, target, key_id, org_id, owner_id, hash, due_at)
         SELECT ?, value ->> 'target', value ->> 'keyId', value ->> 'orgId', ?, value ->> 'hash', ? FROM json_each(?)`,
        requestId,
        ownerId,
        dueAt,
        list,
      );
    }
    for (const key of keys) this.#addLeak(requestId, key);
  }

  #addLeak(requestId: string, key: KeyTarget): void {
    if (key.leak === undefined) return;
    this.#sql.exec(
      `INSERT OR IGNORE INTO revocation_leaks (request_id, target, leak) VALUES (?, ?, ?)`,
      requestId,
      key.target,
      JSON.stringify(key.leak),
    );
  }
}
