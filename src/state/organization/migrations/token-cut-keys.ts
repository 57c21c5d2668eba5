import { addColumn } from "./add-column.ts";

/** What a guard must know of a token that was revoked, in case it has forgotten; `NULL` for those that are on record already. */
export function tokenCutKeys(sql: SqlStorage): void {
  addColumn(sql, "token_cuts", "key_id", "TEXT");
  addColumn(sql, "token_cuts", "issued_at", "INTEGER");
  addColumn(sql, "token_cuts", "expires_at", "INTEGER");
  sql.exec(`CREATE INDEX token_cuts_by_key ON token_cuts (key_id, expires_at) WHERE key_id IS NOT NULL`);
}
