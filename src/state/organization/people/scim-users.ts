import { json, number, text, type SqlRow } from "../../sql-row.ts";
import type { Told } from "../../../api-types/scim.ts";
import { MAX_VALUES, type ScimObject } from "../../../core/scim/object.ts";
import { roleNames } from "../../../core/scim/roles.ts";
import { ScimLeavers } from "./scim-leavers.ts";
import { emailKeys, MAX_NAME, sameKey, type ScimStore, type StoredResource } from "./scim-store.ts";

/** As many as a user can have at once, the two names and the addresses: a request may drop all of them. */
const MAX_FORMER_NAMES = MAX_VALUES + 2;

/** The users that the identity provider has pushed. A deleted one stays, without what it said of the person. */
export class ScimUsers implements ScimStore {
  readonly #sql: SqlStorage;
  readonly #leavers: ScimLeavers;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#leavers = new ScimLeavers(sql);
  }

  find(id: string): StoredResource | null {
    const [row] = this.#sql.exec<SqlRow>(`SELECT * FROM scim_users WHERE id = ? AND deleted_at IS NULL`, id);
    return row === undefined ? null : readRow(row);
  }

  ids(offset: number, limit: number): string[] {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT id FROM scim_users WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT ? OFFSET ?`,
      limit,
      offset,
    );
    return [...rows].map(({ id }) => id);
  }

  count(): number {
    return this.#sql
      .exec<{ n: number }>(`SELECT count(*) AS n FROM scim_users WHERE deleted_at IS NULL`)
      .one().n;
  }

  /** A superset of those of which an attribute equals a value, by an index; `null` when there is none for it. */
  candidates(attribute: string, value: string): string[] | null {
    const column = INDEXED.get(attribute.toLowerCase());
    if (column === undefined) return null;
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT id FROM scim_users WHERE deleted_at IS NULL AND ${column} = ? ORDER BY created_at, id`,
      sameKey(value),
    );
    return [...rows].map(({ id }) => id);
  }

  insert(id: string, resource: ScimObject, now: number): void {
    this.#sql.exec(
      `INSERT INTO scim_users (id, user_name_key, external_id_key, active, resource, created_at, modified_at,
         claims_void_before)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, iif(?4 = 0, ?6, 0))`,
      id,
      ...columnsOf(resource),
      now,
    );
    this.#setEmails(id, resource);
  }

  update(id: string, resource: ScimObject, now: number): void {
    const before = this.find(id)?.resource ?? {};
    this.#sql.exec(
      `UPDATE scim_users SET user_name_key = ?2, external_id_key = ?3, active = ?4, resource = ?5,
         modified_at = ?6, version = version + 1,
         claims_void_before = iif(active = 1 AND ?4 = 0, ?6, claims_void_before) WHERE id = ?1`,
      id,
      ...columnsOf(resource),
      now,
    );
    this.#setEmails(id, resource);
    this.#keepFormerNames(id, namesOf(before), namesOf(resource), now);
  }

  /** Only names and addresses are kept, so that an identity token of the deleted user is known as such. */
  remove(id: string, now: number): void {
    this.#sql.exec(`DELETE FROM scim_members WHERE user_id = ?`, id);
    this.#sql.exec(
      `UPDATE scim_users SET active = 0, resource = '{}', modified_at = ?2, deleted_at = ?2,
         claims_void_before = ?2 WHERE id = ?1`,
      id,
      now,
    );
    this.#leavers.add(id);
    this.#boundFormerNames(id);
  }

  relationsOf(id: string): Pick<Told, "groups"> {
    const groups = this.#sql.exec<{ id: string; name: string }>(
      `SELECT id, substr(display_name, 1, ${MAX_NAME}) AS name FROM scim_groups JOIN scim_members ON group_id = id WHERE user_id = ?
       ORDER BY created_at, id`,
      id,
    );
    const direct = [...groups].map(
      ({ id: value, name: display }) => ({ value, display, type: "direct" }) as const,
    );
    return direct.length === 0 ? {} : { groups: direct };
  }

  /** Whether there is such a user who is neither deactivated nor deleted. */
  isActive(id: string): boolean {
    return (
      this.#sql
        .exec(`SELECT 1 FROM scim_users WHERE id = ? AND active = 1 AND deleted_at IS NULL`, id)
        .toArray().length > 0
    );
  }

  /** The names of everything that might be a role: groups, and the user's own `roles`. */
  roleNames(id: string): string[] {
    const groups = this.#sql.exec<{ name: string }>(
      `SELECT display_name AS name FROM scim_groups JOIN scim_members ON group_id = id WHERE user_id = ?`,
      id,
    );
    return [...[...groups].map(({ name }) => name), ...roleNames(this.find(id)?.resource ?? {})];
  }

  /** Finds the names and addresses of all users anew, and folds those of before. */
  indexNames(): void {
    for (const [table, column] of FOLDED) this.#foldAnew(table, column);
    for (const id of this.ids(0, this.count())) {
      const resource = this.find(id)?.resource ?? {};
      const [userName, externalId] = columnsOf(resource);
      // Two names that were not the same before stay apart.
      this.#sql.exec(`UPDATE OR IGNORE scim_users SET user_name_key = ? WHERE id = ?`, userName, id);
      this.#sql.exec(`UPDATE scim_users SET external_id_key = ? WHERE id = ?`, externalId, id);
      this.#setEmails(id, resource);
    }
  }

  #foldAnew(table: string, column: string): void {
    const rows = this.#sql.exec<{ key: string }>(
      `SELECT DISTINCT ${column} AS key FROM ${table} WHERE ${column} IS NOT NULL`,
    );
    for (const { key } of rows.toArray()) {
      const folded = sameKey(key);
      if (folded === key) continue;
      this.#sql.exec(`UPDATE OR IGNORE ${table} SET ${column} = ? WHERE ${column} = ?`, folded, key);
    }
  }

  /** Keeps the latest names and addresses that a user had: a token of that time still tells them. */
  #keepFormerNames(id: string, before: ReadonlySet<string>, after: ReadonlySet<string>, now: number): void {
    for (const name of before.difference(after)) {
      this.#sql.exec(
        `INSERT INTO scim_former_names (scim_id, name_key, at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET at = ?3`,
        id,
        name,
        now,
      );
    }
    this.#boundFormerNames(id);
  }

  #boundFormerNames(id: string): void {
    this.#sql.exec(
      `DELETE FROM scim_former_names WHERE scim_id = ?1 AND name_key NOT IN
         (SELECT name_key FROM scim_former_names WHERE scim_id = ?1 ORDER BY at DESC, name_key LIMIT ?2)`,
      id,
      MAX_FORMER_NAMES,
    );
  }

  /** Sets the addresses by which the user may be found to be a person. */
  #setEmails(id: string, resource: ScimObject): void {
    this.#sql.exec(`DELETE FROM scim_emails WHERE scim_id = ?`, id);
    for (const email of emailKeys(resource)) {
      this.#sql.exec(`INSERT INTO scim_emails (email_key, scim_id) VALUES (?, ?)`, email, id);
    }
  }
}

/** The columns that hold an attribute in lower case. */
const INDEXED: ReadonlyMap<string, string> = new Map([
  ["username", "user_name_key"],
  ["externalid", "external_id_key"],
]);

/** Where names and addresses are kept as they are compared. */
const FOLDED = [
  ["scim_users", "user_name_key"],
  ["scim_users", "external_id_key"],
  ["scim_emails", "email_key"],
  ["scim_former_names", "name_key"],
] as const;

/** Names and addresses by which a user may match a person. */
function namesOf(user: ScimObject): Set<string> {
  const names = [user["userName"], user["externalId"]].filter((name) => typeof name === "string");
  return new Set([...names.map(sameKey), ...emailKeys(user)]);
}

function columnsOf(resource: ScimObject): [string, string | null, number, string] {
  const externalId = resource["externalId"] as string | undefined;
  return [
    sameKey(resource["userName"] as string),
    externalId === undefined ? null : sameKey(externalId),
    resource["active"] === true ? 1 : 0,
    JSON.stringify(resource),
  ];
}

function readRow(row: SqlRow): StoredResource {
  return {
    id: text(row, "id"),
    resource: json<ScimObject>(row, "resource"),
    version: number(row, "version"),
    createdAt: number(row, "created_at"),
    modifiedAt: number(row, "modified_at"),
  };
}
