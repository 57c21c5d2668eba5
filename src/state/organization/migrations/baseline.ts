import { addColumn } from "./add-column.ts";
import { SCHEMA } from "../schema.ts";
import { sameKey } from "../people/scim-store.ts";

/** Columns that tables had not from their beginning, when the schema had no versions. */
const LATER_COLUMNS: readonly (readonly [table: string, column: string, definition: string])[] = [
  ["users", "deleted_at", "INTEGER"],
  ["users", "claimed_vault_roles", "TEXT NOT NULL DEFAULT '{}'"],
  ["users", "id_key", "TEXT"],
  ["users", "email_key", "TEXT"],
  ["users", "scim_id", "TEXT"],
  ["users", "claims_iat", "INTEGER NOT NULL DEFAULT 0"],
  ["users", "claims_void_before", "INTEGER NOT NULL DEFAULT 0"],
  ["users", "unconfirmed_since", "INTEGER"],
  ["scim_users", "claims_void_before", "INTEGER NOT NULL DEFAULT 0"],
  ["keys", "retires_at", "INTEGER"],
  ["keys", "successor_id", "TEXT"],
  ["audit", "refusal", "TEXT"],
];

/** Version 1, from nothing or from any state that was kept before the schema had versions. */
export function baseline(sql: SqlStorage): void {
  for (const [table, column, definition] of LATER_COLUMNS) addColumn(sql, table, column, definition);
  // At first what a person might do was what their token said.
  if (addColumn(sql, "users", "claimed_roles", "TEXT NOT NULL DEFAULT '[]'")) {
    sql.exec(`UPDATE users SET claimed_roles = roles, claimed_vault_roles = vault_roles WHERE kind = 'user'`);
  }
  sql.exec(SCHEMA);
  nameUsers(sql);
}

/** SCIM users are matched with people by these names. */
function nameUsers(sql: SqlStorage): void {
  const unnamed = sql.exec<{ id: string; email: string | null }>(
    `SELECT id, email FROM users WHERE kind = 'user' AND id_key IS NULL`,
  );
  for (const { id, email } of unnamed.toArray()) {
    const emailKey = email === null ? null : sameKey(email);
    sql.exec(`UPDATE users SET id_key = ?, email_key = ? WHERE id = ?`, sameKey(id), emailKey, id);
  }
}
