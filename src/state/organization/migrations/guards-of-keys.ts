import { addColumn } from "./add-column.ts";

const TABLE = `
-- Guards that serve keys of the organisation: of a group, or of one key of an earlier version. \`listed\` says whether
-- the registry in KV has it.
CREATE TABLE guards (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  keys INTEGER NOT NULL,
  is_full INTEGER NOT NULL,
  listed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX guards_with_room ON guards (sequence) WHERE is_full = 0;
CREATE INDEX guards_unlisted ON guards (sequence) WHERE listed = 0;
`;

/**
 * Keys in groups. A key that was made before, or by a Worker of the version before, has a guard of its own, named by
 * its id. The outbox notes which version the guard has confirmed.
 */
export function guardsOfKeys(sql: SqlStorage): void {
  sql.exec(TABLE);
  addColumn(sql, "keys", "own_guard", "INTEGER NOT NULL DEFAULT 1");
  addColumn(sql, "outbox", "confirmed", "INTEGER NOT NULL DEFAULT 0");
  sql.exec(`INSERT INTO guards (name, keys, is_full) SELECT id, 1, 1 FROM keys ORDER BY created_at`);
}
