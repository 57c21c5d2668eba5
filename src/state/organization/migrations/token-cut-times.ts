import { addColumn } from "./add-column.ts";

/** When tokens were revoked; 0 for those that are on record already. */
export function tokenCutTimes(sql: SqlStorage): void {
  addColumn(sql, "token_cuts", "at", "INTEGER NOT NULL DEFAULT 0");
  sql.exec(`CREATE INDEX token_cuts_by_age ON token_cuts (at)`);
}
