import { addColumn } from "./add-column.ts";

/** Version 5: audit events are found by the names of those who made the changes, and refusals are counted by actor. */
export function auditNames(sql: SqlStorage): void {
  addColumn(sql, "audit", "actor_key", "TEXT");
  // People are found by the names that they have now; this is for the few who are no people of the organisation.
  sql.exec(`UPDATE audit SET actor_key = lower(actor_name)`);
  sql.exec(`CREATE INDEX audit_refusals ON audit (actor_id, id) WHERE refusal IS NOT NULL`);
}
