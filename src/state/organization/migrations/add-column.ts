/** Adds a column unless the table has it, or is not there; tells whether it did. */
export function addColumn(sql: SqlStorage, table: string, column: string, definition: string): boolean {
  const known = sql.exec<{ name: string }>(`SELECT name FROM pragma_table_info(?)`, table).toArray();
  if (known.length === 0 || known.some(({ name }) => name === column)) return false;
  sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`);
  return true;
}
