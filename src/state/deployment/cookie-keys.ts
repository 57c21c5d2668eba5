import { text } from "../sql-row.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS cookie_keys (
  id TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
`;

/** A key seals new cookies for this long. */
const SEALS_FOR_MS = 30 * 86_400_000;
/** A key opens cookies for this long after it was made. */
const OPENS_FOR_MS = 3 * SEALS_FOR_MS;
/** For A256GCM. */
const SECRET_BYTES = 32;

/** A key that seals cookies. */
export interface CookieKey {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** The keys of the console's cookies: a new one from time to time, while older ones go on opening what they sealed. */
export class CookieKeys {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sql.exec(SCHEMA);
  }

  /** Every key that opens cookies at `now`, the newest first: the one that seals. */
  current(now: number): CookieKey[] {
    const newest = this.#sql.exec(`SELECT max(created_at) AS at FROM cookie_keys`).one()["at"] as
      | number
      | null;
    if (newest === null || newest + SEALS_FOR_MS <= now) this.#make(now);
    this.#sql.exec(`DELETE FROM cookie_keys WHERE created_at <= ?`, now - OPENS_FOR_MS);
    const rows = this.#sql.exec(`SELECT id, secret FROM cookie_keys ORDER BY created_at DESC, id`);
    return [...rows].map((row) => ({
      id: text(row, "id"),
      secret: new Uint8Array(row["secret"] as ArrayBuffer),
    }));
  }

  #make(now: number): void {
    const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    this.#sql.exec(`INSERT INTO cookie_keys VALUES (?, ?, ?)`, crypto.randomUUID(), secret, now);
  }
}
