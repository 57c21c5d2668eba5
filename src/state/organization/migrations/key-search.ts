import { foldName } from "../../../core/organization/folded-name.ts";
import { addColumn } from "./add-column.ts";

/** Version 3: keys are found by their names as people read them and by their hashes, and know what they come from. */
export function keySearch(sql: SqlStorage): void {
  addColumn(sql, "keys", "name_key", "TEXT NOT NULL DEFAULT ''");
  addColumn(sql, "keys", "predecessor_id", "TEXT");
  const keys = sql.exec<{ id: string; name: string; successor: string | null }>(
    `SELECT id, name, successor_id AS successor FROM keys`,
  );
  for (const { id, name, successor } of keys.toArray()) {
    sql.exec(`UPDATE keys SET name_key = ? WHERE id = ?`, foldName(name), id);
    if (successor !== null) sql.exec(`UPDATE keys SET predecessor_id = ? WHERE id = ?`, id, successor);
  }
  sql.exec(`CREATE INDEX keys_by_name ON keys (name_key, id)`);
  sql.exec(`CREATE INDEX keys_by_hash ON keys (hash)`);
}
