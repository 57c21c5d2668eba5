import { MAX_GROUP_KEYS } from "../../admission/protocol.ts";
import { drawGroup } from "../../core/key/key-secret.ts";

/** The guards that serve keys of the organisation. New keys go to the latest group, as long as it has room. */
export class GuardTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Takes a place for a new key; returns the name of its group. To be called in the transaction that makes the key. */
  takePlace(): string {
    const [latest] = this.#sql.exec<{ name: string }>(
      `SELECT name FROM guards WHERE is_full = 0 ORDER BY sequence DESC LIMIT 1`,
    );
    const name = latest?.name ?? drawGroup();
    this.#sql.exec(
      `INSERT INTO guards (name, keys, is_full) VALUES (?1, 1, 0)
       ON CONFLICT DO UPDATE SET keys = keys + 1, is_full = keys + 1 >= ?2`,
      name,
      MAX_GROUP_KEYS,
    );
    return name;
  }

  /** Notes a guard that serves one key alone. */
  addOwn(keyId: string): void {
    this.#sql.exec(`INSERT INTO guards (name, keys, is_full) VALUES (?, 1, 1) ON CONFLICT DO NOTHING`, keyId);
  }

  forget(name: string): void {
    this.#sql.exec(`DELETE FROM guards WHERE name = ?`, name);
  }

  /** Of an organisation that is being erased: forgets guards that are done, those of a single key included. */
  forgetErased(names: readonly string[]): void {
    const list = JSON.stringify(names);
    this.#sql.exec(`DELETE FROM guards WHERE name IN (SELECT value FROM json_each(?))`, list);
    this.#sql.exec(`UPDATE keys SET own_guard = 0 WHERE id IN (SELECT value FROM json_each(?))`, list);
  }

  /** No further key goes to this group. */
  close(name: string): void {
    this.#sql.exec(`UPDATE guards SET is_full = 1 WHERE name = ?`, name);
  }

  /** Guards that the registry in KV does not have yet. */
  unlisted(limit: number): string[] {
    const rows = this.#sql.exec<{ name: string }>(
      `SELECT name FROM guards WHERE listed = 0 ORDER BY sequence LIMIT ?`,
      limit,
    );
    return [...rows].map(({ name }) => name);
  }

  /** Notes that the registry may have lost guards. */
  unlist(names: readonly string[]): void {
    this.#sql.exec(
      `UPDATE guards SET listed = 0 WHERE name IN (SELECT value FROM json_each(?))`,
      JSON.stringify(names),
    );
  }

  noteListed(name: string): void {
    this.#sql.exec(`UPDATE guards SET listed = 1 WHERE name = ?`, name);
  }
}
