/** Version 13: rotated keys whose overlap goes on, which every call looks for, without all those of the past. */
export function retiringKeys(sql: SqlStorage): void {
  sql.exec(
    `CREATE INDEX keys_retiring ON keys (retires_at) WHERE retires_at IS NOT NULL AND revoked_at IS NULL`,
  );
}
