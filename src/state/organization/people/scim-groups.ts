import { json, number, text, type SqlRow } from "../../sql-row.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import { idsOf } from "../../../core/scim/members.ts";
import type { Told } from "../../../api-types/scim.ts";
import type { ScimObject } from "../../../core/scim/object.ts";
import { MAX_NAME, type ScimStore, type StoredResource } from "./scim-store.ts";

/** The groups that the identity provider has pushed, and who is in them. */
export class ScimGroups implements ScimStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(id: string): StoredResource | null {
    const [row] = this.#sql.exec<SqlRow>(`SELECT * FROM scim_groups WHERE id = ?`, id);
    return row === undefined ? null : this.#read(row);
  }

  ids(offset: number, limit: number): string[] {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT id FROM scim_groups ORDER BY created_at, id LIMIT ? OFFSET ?`,
      limit,
      offset,
    );
    return [...rows].map(({ id }) => id);
  }

  count(): number {
    return this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM scim_groups`).one().n;
  }

  /** Groups are few: every filter looks at all of them. */
  candidates(): null {
    return null;
  }

  /** Whether another group has a name, as names of groups are compared when they are read as roles. */
  isNamed(name: string, otherThan: string): boolean {
    const rows = this.#sql.exec<{ name: string }>(
      `SELECT display_name AS name FROM scim_groups WHERE id <> ?`,
      otherThan,
    );
    const folded = foldName(name);
    return [...rows].some((row) => foldName(row.name) === folded);
  }

  /** The names of all groups, in their order. */
  names(): string[] {
    const rows = this.#sql.exec<{ name: string }>(
      `SELECT display_name AS name FROM scim_groups ORDER BY display_name COLLATE NOCASE, id`,
    );
    return [...rows].map(({ name }) => name);
  }

  insert(id: string, resource: ScimObject, now: number): void {
    const { members: _, ...rest } = resource;
    this.#sql.exec(
      `INSERT INTO scim_groups (id, display_name, resource, created_at, modified_at) VALUES (?1, ?2, ?3, ?4, ?4)`,
      id,
      resource["displayName"],
      JSON.stringify(rest),
      now,
    );
    this.#setMembers(id, [...idsOf(resource["members"])]);
  }

  update(id: string, resource: ScimObject, now: number): void {
    const { members: _, ...rest } = resource;
    this.#sql.exec(
      `UPDATE scim_groups SET display_name = ?2, resource = ?3, modified_at = ?4, version = version + 1
       WHERE id = ?1`,
      id,
      resource["displayName"],
      JSON.stringify(rest),
      now,
    );
    this.#setMembers(id, [...idsOf(resource["members"])]);
  }

  remove(id: string): void {
    this.#sql.exec(`DELETE FROM scim_members WHERE group_id = ?`, id);
    this.#sql.exec(`DELETE FROM scim_groups WHERE id = ?`, id);
  }

  relationsOf(id: string): Required<Pick<Told, "members">> {
    const rows = this.#sql.exec<{ value: string; display: string }>(
      `SELECT user_id AS value, substr(coalesce(json_extract(resource, '$.displayName'),
         json_extract(resource, '$.userName')), 1, ${MAX_NAME}) AS display
       FROM scim_members JOIN scim_users ON scim_users.id = user_id WHERE group_id = ? ORDER BY user_id`,
      id,
    );
    return { members: [...rows].map(({ value, display }) => ({ value, display, type: "User" })) };
  }

  /** The ids of the users in a group, in their order. */
  memberIds(id: string): string[] {
    const rows = this.#sql.exec<{ user_id: string }>(
      `SELECT user_id FROM scim_members WHERE group_id = ? ORDER BY user_id`,
      id,
    );
    return [...rows].map((row) => row.user_id);
  }

  #setMembers(id: string, userIds: readonly string[]): void {
    const before = new Set(this.memberIds(id));
    const after = new Set(userIds);
    for (const userId of before.difference(after)) {
      this.#sql.exec(`DELETE FROM scim_members WHERE group_id = ? AND user_id = ?`, id, userId);
    }
    for (const userId of after.difference(before)) {
      this.#sql.exec(`INSERT INTO scim_members (group_id, user_id) VALUES (?, ?)`, id, userId);
    }
  }

  #read(row: SqlRow): StoredResource {
    const id = text(row, "id");
    const members = this.memberIds(id).map((value) => ({ value }));
    const resource = json<ScimObject>(row, "resource");
    return {
      id,
      resource: members.length === 0 ? resource : { ...resource, members },
      version: number(row, "version"),
      createdAt: number(row, "created_at"),
      modifiedAt: number(row, "modified_at"),
    };
  }
}
