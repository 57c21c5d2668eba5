import { addColumn } from "./add-column.ts";

/** Texts of a key's scopes, as JSON, of which one is there when the scopes reach something in every vault. */
const IN_EVERY_VAULT = ['*"', 'vault"', 'vault/#"', "vault/#/"].map(
  (text) => `instr(scopes, '"resource":"${text}') > 0`,
);

const REACH = `CASE
  WHEN ${IN_EVERY_VAULT.join(" OR ")} THEN vaults
  WHEN instr(scopes, '"resource":"vault/') > 0 THEN vaults || replace(scopes, '"', '|')
  ELSE '' END`;

/**
 * Version 14: keys are found by the vaults that they reach, and sorted by when they end. `reach` is the allowlist as JSON,
 * or empty where no scope is about vaults; scopes that name vaults follow, with bars for quotes, so that no text of theirs
 * is taken for an id of the allowlist. Triggers keep it, since the version before writes keys, too. The index of lists has
 * the name by which that version reads it, more columns, and owners first, so that those of some are found in it.
 */
export function keyReach(sql: SqlStorage): void {
  addColumn(sql, "keys", "reach", "TEXT NOT NULL DEFAULT ''");
  sql.exec(`DROP INDEX keys_listed`);
  sql.exec(`UPDATE keys SET reach = ${REACH}`);
  sql.exec(`CREATE INDEX keys_listed ON keys (owner_id, name_key, key_prefix, created_at, expires_at, last_used_at,
    revoked_at, disabled, allowed_ips, retires_at, reach)`);
  for (const [name, event] of [
    ["reach_of_new_key", "INSERT"],
    ["reach_of_changed_key", "UPDATE OF scopes, vaults"],
  ]) {
    sql.exec(`CREATE TRIGGER ${name} AFTER ${event} ON keys BEGIN
      UPDATE keys SET reach = ${REACH} WHERE id = NEW.id; END`);
  }
}
