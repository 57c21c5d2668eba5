import type { ScimObject } from "../../../core/scim/resource.ts";
import { roleNames } from "../../../core/scim/roles.ts";
import { sameKey, type ScimStore, type StoredResource } from "./scim-store.ts";

type Row = Record<string, SqlStorageValue>;

/** Rules by which a SCIM user and a person of identity tokens are one; the first that fits counts. */
const MATCH = `SELECT * FROM scim_users WHERE deleted_at IS NULL AND
  (external_id_key = ?1 OR user_name_key = ?1 OR user_name_key = ?2)
  ORDER BY CASE WHEN external_id_key = ?1 THEN 1 WHEN user_name_key = ?1 THEN 2 ELSE 3 END, created_at, id`;
const DELETED = MATCH.replace("deleted_at IS NULL", "deleted_at IS NOT NULL");

/** A SCIM user as far as it decides about a person. */
export interface ScimMatch {
  readonly id: string;
  /** Neither deactivated nor deleted. */
  readonly active: boolean;
  /** When they were last deactivated or deleted; milliseconds since the epoch, 0 for never. */
  readonly claimsVoidBefore: number;
}

/** The users that the identity provider has pushed. A deleted one stays, without what it said of the person. */
export class ScimUsers implements ScimStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(id: string): StoredResource | null {
    const [row] = this.#sql.exec<Row>(`SELECT * FROM scim_users WHERE id = ? AND deleted_at IS NULL`, id);
    return row === undefined ? null : readRow(row);
  }

  page(offset: number, limit: number): StoredResource[] {
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM scim_users WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT ? OFFSET ?`,
      limit,
      offset,
    );
    return [...rows].map(readRow);
  }

  count(): number {
    return this.#sql
      .exec<{ n: number }>(`SELECT count(*) AS n FROM scim_users WHERE deleted_at IS NULL`)
      .one().n;
  }

  /** A superset of those of which an attribute equals a value, by an index; `null` when there is none for it. */
  candidates(attribute: string, value: string): StoredResource[] | null {
    const column = INDEXED.get(attribute.toLowerCase());
    if (column === undefined) return null;
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM scim_users WHERE deleted_at IS NULL AND ${column} = ? ORDER BY created_at, id`,
      sameKey(value),
    );
    return [...rows].map(readRow);
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
  }

  update(id: string, resource: ScimObject, now: number): void {
    this.#sql.exec(
      `UPDATE scim_users SET user_name_key = ?2, external_id_key = ?3, active = ?4, resource = ?5,
         modified_at = ?6, version = version + 1,
         claims_void_before = iif(active = 1 AND ?4 = 0, ?6, claims_void_before) WHERE id = ?1`,
      id,
      ...columnsOf(resource),
      now,
    );
  }

  /** Only the names are kept, so that an identity token of the deleted user is known as such. */
  remove(id: string, now: number): void {
    this.#sql.exec(`DELETE FROM scim_members WHERE user_id = ?`, id);
    this.#sql.exec(
      `UPDATE scim_users SET active = 0, resource = '{}', modified_at = ?2, deleted_at = ?2,
         claims_void_before = ?2 WHERE id = ?1`,
      id,
      now,
    );
  }

  represent({ id, resource }: StoredResource): ScimObject {
    const groups = this.#sql.exec<{ id: string; name: string }>(
      `SELECT id, display_name AS name FROM scim_groups JOIN scim_members ON group_id = id WHERE user_id = ?
       ORDER BY created_at, id`,
      id,
    );
    const direct = [...groups].map((group) => ({ value: group.id, display: group.name, type: "direct" }));
    return direct.length === 0 ? resource : { ...resource, groups: direct };
  }

  /** The names of everything that might be a role: groups, and the user's own `roles`. */
  roleNames(id: string): string[] {
    const groups = this.#sql.exec<{ name: string }>(
      `SELECT display_name AS name FROM scim_groups JOIN scim_members ON group_id = id WHERE user_id = ?`,
      id,
    );
    return [...[...groups].map(({ name }) => name), ...roleNames(this.find(id)?.resource ?? {})];
  }

  /** The SCIM user that a person is by the rules. */
  match(subject: string, email: string | null): ScimMatch | null {
    return this.#matching(MATCH, subject, email)[0] ?? null;
  }

  /** The deleted SCIM users that a person was by the rules, the closest match first. */
  matchDeleted(subject: string, email: string | null): ScimMatch[] {
    return this.#matching(DELETED, subject, email);
  }

  /** A SCIM user by its id, a deleted one included. */
  remembered(id: string): ScimMatch | null {
    const [row] = this.#sql.exec<Row>(`SELECT * FROM scim_users WHERE id = ?`, id);
    return row === undefined ? null : readMatch(row);
  }

  /** Everybody whom a SCIM user may decide about. */
  peopleOf(id: string): string[] {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT users.id FROM users, scim_users AS scim WHERE scim.id = ? AND users.kind = 'user' AND
         (users.scim_id = scim.id OR users.id_key IN (scim.external_id_key, scim.user_name_key)
          OR users.email_key = scim.user_name_key)`,
      id,
    );
    return [...rows].map((row) => row.id);
  }

  /** Everybody known to SCIM who has a key with a change that a guard may not have yet. */
  waiting(): string[] {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT DISTINCT users.id FROM outbox JOIN keys ON keys.id = outbox.key_id
         JOIN users ON users.id = keys.owner_id WHERE users.scim_id IS NOT NULL`,
    );
    return [...rows].map(({ id }) => id);
  }

  /** Notes what has been taken from a user, so that an older identity token does not bring it back. */
  withdraw(id: string, roles: readonly string[], now: number): void {
    for (const role of roles) {
      this.#sql.exec(
        `INSERT INTO scim_withdrawals (scim_id, role, at) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET at = ?3`,
        id,
        role,
        now,
      );
    }
  }

  /** What was taken from somebody stays taken when they are another SCIM user from now on. */
  inherit(from: string, to: string): void {
    this.#sql.exec(
      `INSERT INTO scim_withdrawals (scim_id, role, at)
       SELECT ?2, role, at FROM scim_withdrawals WHERE scim_id = ?1
       ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`,
      from,
      to,
    );
  }

  /** What has been taken from a user since a moment. */
  withdrawnSince(id: string, moment: number): string[] {
    const rows = this.#sql.exec<{ role: string }>(
      `SELECT role FROM scim_withdrawals WHERE scim_id = ? AND at >= ?`,
      id,
      moment,
    );
    return [...rows].map(({ role }) => role);
  }

  #matching(rules: string, subject: string, email: string | null): ScimMatch[] {
    const rows = this.#sql.exec<Row>(rules, sameKey(subject), email === null ? null : sameKey(email));
    return [...rows].map(readMatch);
  }
}

/** The columns that hold an attribute in lower case. */
const INDEXED: ReadonlyMap<string, string> = new Map([
  ["username", "user_name_key"],
  ["externalid", "external_id_key"],
]);

function columnsOf(resource: ScimObject): [string, string | null, number, string] {
  const externalId = resource["externalId"] as string | undefined;
  return [
    sameKey(resource["userName"] as string),
    externalId === undefined ? null : sameKey(externalId),
    resource["active"] === true ? 1 : 0,
    JSON.stringify(resource),
  ];
}

function readMatch(row: Row): ScimMatch {
  return {
    id: row["id"] as string,
    active: row["active"] === 1 && row["deleted_at"] === null,
    claimsVoidBefore: row["claims_void_before"] as number,
  };
}

function readRow(row: Row): StoredResource {
  return {
    id: row["id"] as string,
    resource: JSON.parse(row["resource"] as string) as ScimObject,
    version: row["version"] as number,
    createdAt: row["created_at"] as number,
    modifiedAt: row["modified_at"] as number,
  };
}
