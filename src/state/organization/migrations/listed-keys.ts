/**
 * What lists of keys are filtered and sorted by, in one narrow index: a list that no order of its own serves reads it
 * from end to end, which takes a fraction of the time that the keys themselves do.
 */
export function listedKeys(sql: SqlStorage): void {
  sql.exec(`CREATE INDEX keys_listed ON keys (name_key, key_prefix, owner_id, created_at, expires_at, last_used_at,
    revoked_at, disabled, allowed_ips)`);
}
