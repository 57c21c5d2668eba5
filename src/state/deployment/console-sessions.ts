const SCHEMA = `
CREATE TABLE IF NOT EXISTS console_sessions (
  id TEXT PRIMARY KEY,
  renewals INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS console_sessions_until ON console_sessions (until);
`;

/** A session of the console, which is kept by a browser: its cookie says this of it. */
export interface SessionMark {
  readonly id: string;
  /** How often it has had new tokens. */
  readonly renewals: number;
  /** When it ends at the latest; milliseconds since the epoch. */
  readonly until: number;
}

/**
 * What a cookie cannot know: that its session was ended, and that another request has its new tokens. A session has a
 * row from when there is something to say of it until no cookie of it counts any more.
 */
export class ConsoleSessions {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sql.exec(SCHEMA);
  }

  isEnded(id: string): boolean {
    return [...this.#sql.exec(`SELECT 1 FROM console_sessions WHERE id = ? AND ended = 1`, id)].length > 0;
  }

  /** Ends a session for good. */
  end({ id, renewals, until }: SessionMark, now: number): void {
    this.#prune(now);
    this.#sql.exec(
      `INSERT INTO console_sessions VALUES (?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET ended = 1`,
      id,
      renewals,
      until,
    );
  }

  /** Whether the caller is the one who gets the session's next tokens: the first to ask, unless the session was ended. */
  claimRenewal({ id, renewals, until }: SessionMark, now: number): boolean {
    this.#prune(now);
    const claimed = this.#sql.exec(
      `INSERT INTO console_sessions VALUES (?, ?, 0, ?)
       ON CONFLICT (id) DO UPDATE SET renewals = excluded.renewals WHERE ended = 0 AND renewals < excluded.renewals
       RETURNING id`,
      id,
      renewals + 1,
      until,
    );
    return [...claimed].length > 0;
  }

  #prune(now: number): void {
    this.#sql.exec(`DELETE FROM console_sessions WHERE until <= ?`, now);
  }
}
