/** Usage that is reported and not taken into the tables yet: one row a group. */
export function usagePending(sql: SqlStorage): void {
  sql.exec(`
CREATE TABLE usage_pending (
  group_name TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  reports TEXT NOT NULL
) WITHOUT ROWID;
`);
}
