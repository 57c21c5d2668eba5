/** Keys that were imported, and the digest of the line that each came from: the same line again changes nothing. */
export function importedKeys(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE imported_keys (key_id TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID`);
}
