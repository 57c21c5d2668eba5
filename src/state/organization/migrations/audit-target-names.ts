import { addColumn } from "./add-column.ts";

const THEN = (path: string) =>
  `coalesce(char(10) || lower(coalesce(json_extract(after, '$.${path}'), json_extract(before, '$.${path}'))), '')`;

/** Version 12: audit events are found by what their subjects were called then. */
export function auditTargetNames(sql: SqlStorage): void {
  addColumn(sql, "audit", "target_names", "TEXT");
  sql.exec(`UPDATE audit SET target_names = ${THEN("displayName")} || ${THEN("userName")}
    WHERE action LIKE 'scim!_%' ESCAPE '!'`);
  sql.exec(`CREATE INDEX audit_target_names ON audit (target_names, target) WHERE target_names IS NOT NULL`);
}
