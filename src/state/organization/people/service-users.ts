import { flag, json, number, text, textOrNull, type SqlRow } from "../../sql-row.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import type {
  Actor,
  ServiceUser,
  ServiceUserChange,
  UserPosition,
  VaultRoles,
} from "../../../core/organization/organization.ts";
import { isRefusal, refuse, type Result } from "../../../core/refusal.ts";
import { widensUser } from "../../../core/access/widening.ts";
import type { AuditEntry, AuditLog } from "../audit/audit-log.ts";
import type { KeyTable } from "../keys/key-table.ts";
import type { Keys } from "../keys/keys.ts";
import { UNCONFIRMED, type Propagation } from "../propagation.ts";

export const OWNER_DEACTIVATED = "Owner deactivated";

/** Users that have keys and cannot sign in. What is taken from one is taken from its keys before the answer. */
export class ServiceUsers {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #keys: Keys;
  readonly #audit: AuditLog;
  readonly #propagation: Propagation;

  constructor(
    storage: DurableObjectStorage,
    parts: { table: KeyTable; keys: Keys; audit: AuditLog; propagation: Propagation },
  ) {
    this.#storage = storage;
    this.#table = parts.table;
    this.#keys = parts.keys;
    this.#audit = parts.audit;
    this.#propagation = parts.propagation;
  }

  find(id: string): Result<ServiceUser> {
    const [row] = this.#storage.sql.exec<SqlRow>(
      `SELECT * FROM users WHERE id = ? AND kind = 'service' AND deleted_at IS NULL`,
      id,
    );
    return row === undefined ? refuse("not_found") : readServiceUser(row);
  }

  /** A page of service users in the order of their making, and one more if there is a next page; with `q` of those whose name holds it. */
  list(limit: number, after: UserPosition | null, q: string | null): ServiceUser[] {
    const part = foldName(q ?? "");
    const rows = this.#storage.sql.exec<SqlRow>(
      `SELECT * FROM users WHERE kind = 'service' AND deleted_at IS NULL AND (created_at, id) > (?, ?)
       ORDER BY created_at, id${q === null ? ` LIMIT ${limit + 1}` : ""}`,
      after?.createdAt ?? 0,
      after?.id ?? "",
    );
    return [...rows]
      .map(readServiceUser)
      .filter(({ id, name }) => q === null || id === q.trim() || foldName(name).includes(part))
      .slice(0, limit + 1);
  }

  create(actor: Actor, id: string, draft: Required<ServiceUserChange>): Result<ServiceUser> {
    if (!actor.freshMfa) return refuse("mfa_required");
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      this.#storage.sql.exec(
        `INSERT INTO users (id, kind, name, description, roles, vault_roles, active, claims_at, created_at)
         VALUES (?, 'service', ?, ?, '[]', ?, ?, 0, ?)`,
        id,
        draft.name,
        draft.description,
        JSON.stringify(draft.vaultRoles),
        draft.active ? 1 : 0,
        now,
      );
      return this.#note(actor, { action: "service_user.created", target: id, before: null }, now);
    });
  }

  /** Changes a service user; roles reach its keys, and deactivating it revokes them, before this returns. */
  async update(actor: Actor, id: string, change: ServiceUserChange): Promise<Result<ServiceUser>> {
    const now = Date.now();
    const updated = this.#storage.transactionSync(() => {
      const before = this.find(id);
      if (isRefusal(before)) return before;
      const next = { ...before, ...change };
      if (JSON.stringify(next) === JSON.stringify(before)) return before;
      if (!actor.freshMfa && widensUser(before, next)) return refuse("mfa_required");
      this.#storage.sql.exec(
        `UPDATE users SET name = ?, description = ?, vault_roles = ?, active = ? WHERE id = ?`,
        next.name,
        next.description,
        JSON.stringify(next.vaultRoles),
        next.active ? 1 : 0,
        id,
      );
      if (next.active) this.#touchKeys(id);
      else this.#keys.commitRevocationOfAll(actor, id, OWNER_DEACTIVATED, now);
      return this.#note(actor, { action: "service_user.updated", target: id, before }, now);
    });
    if (isRefusal(updated)) return updated;
    return (await this.#pushKeys(id)) ? updated : UNCONFIRMED;
  }

  /** Deletes a service user: its keys are revoked and stay on record. Repeating it finishes what was not confirmed. */
  async delete(actor: Actor, id: string): Promise<Result<{ readonly id: string }>> {
    const now = Date.now();
    const deleted = this.#storage.transactionSync(() => {
      const before = this.find(id);
      if (isRefusal(before)) return this.#table.pendingOf(id).length > 0 ? { id } : before;
      this.#storage.sql.exec(`UPDATE users SET active = 0, deleted_at = ? WHERE id = ?`, now, id);
      this.#keys.commitRevocationOfAll(actor, id, OWNER_DEACTIVATED, now);
      const entry: AuditEntry = { action: "service_user.deleted", target: id, before, after: null };
      this.#audit.add(actor, entry, now);
      return { id };
    });
    if (isRefusal(deleted)) return deleted;
    return (await this.#pushKeys(id)) ? deleted : UNCONFIRMED;
  }

  #touchKeys(ownerId: string): void {
    const ids = this.#table.idsOf(ownerId);
    this.#table.many.touch(ids);
    this.#propagation.note(ids);
  }

  /** Whether every change that waits for a guard is in force for this owner's keys. */
  async #pushKeys(ownerId: string): Promise<boolean> {
    return (await this.#propagation.pushAll(this.#table.pendingOf(ownerId))).length === 0;
  }

  #note(actor: Actor, change: Omit<AuditEntry, "after">, now: number): Result<ServiceUser> {
    const after = this.find(change.target);
    this.#audit.add(actor, { ...change, after }, now);
    return after;
  }
}

function readServiceUser(row: SqlRow): ServiceUser {
  return {
    id: text(row, "id"),
    name: text(row, "name"),
    description: textOrNull(row, "description"),
    vaultRoles: json<VaultRoles>(row, "vault_roles"),
    active: flag(row, "active"),
    createdAt: number(row, "created_at"),
  };
}
