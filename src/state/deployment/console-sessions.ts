import { boundLists } from "../bound-lists.ts";
import type { Perishable } from "../retention.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS console_sessions (
  id TEXT PRIMARY KEY,
  renewals INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS console_sessions_until ON console_sessions (until);
CREATE TABLE IF NOT EXISTS console_session_contents (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  renewals INTEGER NOT NULL,
  sealed TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  until INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS console_session_contents_owner ON console_session_contents (owner, begun_at);
CREATE INDEX IF NOT EXISTS console_session_contents_until ON console_session_contents (until);
`;

/** Browsers in which one person is signed in at a time; of more the oldest sign-in ends. */
const MAX_SESSIONS_PER_OWNER = 20;

/** A session of the console, as a browser's cookie names it. */
export interface SessionMark {
  readonly id: string;
  /** How often it has had new tokens. */
  readonly renewals: number;
  /** When it ends at the latest; milliseconds since the epoch. */
  readonly until: number;
}

/** What is kept for a session: text that only the browser's cookie opens. */
export interface SessionContent extends SessionMark {
  /** Whose session it is. */
  readonly owner: string;
  readonly sealed: string;
}

/**
 * The sessions of the console: their content, which is too large for a cookie, which of them were ended, and which have a
 * request that renews their tokens. Nothing is kept past a session's end.
 */
export class ConsoleSessions implements Perishable {
  readonly keptMs = 0;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sql.exec(SCHEMA);
  }

  /** The content of a session, or `null` when there is none or it was ended. */
  read(id: string, now: number): string | null {
    const rows = this.#sql.exec(
      `SELECT sealed FROM console_session_contents WHERE id = ? AND until > ?`,
      id,
      now,
    );
    return ([...rows][0]?.["sealed"] as string | undefined) ?? null;
  }

  /** Keeps the content of a session, unless it was ended or has newer tokens; tells whether it goes on. */
  save({ id, owner, renewals, sealed, until }: SessionContent, now: number): boolean {
    this.forget(now);
    if (this.isEnded(id)) return false;
    this.#sql.exec(
      `INSERT INTO console_session_contents VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, renewals = excluded.renewals
       WHERE renewals <= excluded.renewals`,
      id,
      owner,
      renewals,
      sealed,
      now,
      until,
    );
    this.#endWhere(
      `owner = ?1 AND id NOT IN
       (SELECT id FROM console_session_contents WHERE owner = ?1 ORDER BY begun_at DESC, id LIMIT ?2)`,
      owner,
      MAX_SESSIONS_PER_OWNER,
    );
    return true;
  }

  isEnded(id: string): boolean {
    return [...this.#sql.exec(`SELECT 1 FROM console_sessions WHERE id = ? AND ended = 1`, id)].length > 0;
  }

  /** Ends a session for good. */
  end({ id, renewals, until }: SessionMark, now: number): void {
    this.forget(now);
    this.#sql.exec(`DELETE FROM console_session_contents WHERE id = ?`, id);
    this.#sql.exec(
      `INSERT INTO console_sessions VALUES (?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET ended = 1`,
      id,
      renewals,
      until,
    );
  }

  /** Ends all sessions of some people for good. */
  endOf(owners: readonly string[]): void {
    for (const list of boundLists(owners)) this.#endWhere(`owner IN (SELECT value FROM json_each(?1))`, list);
  }

  /** A renewal that is under way must not bring a session back: that it was ended is kept as long as its cookie counts. */
  #endWhere(condition: string, ...values: readonly SqlStorageValue[]): void {
    this.#sql.exec(
      `INSERT INTO console_sessions SELECT id, renewals, 1, until FROM console_session_contents WHERE ${condition}
       ON CONFLICT (id) DO UPDATE SET ended = 1`,
      ...values,
    );
    this.#sql.exec(`DELETE FROM console_session_contents WHERE ${condition}`, ...values);
  }

  /** Whether the caller is the one who gets the session's next tokens: the first to ask, unless the session was ended. */
  claimRenewal({ id, renewals, until }: SessionMark, now: number): boolean {
    this.forget(now);
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

  oldest(): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(until) AS at FROM (SELECT min(until) AS until FROM console_sessions
           UNION ALL SELECT min(until) FROM console_session_contents)`,
      )
      .one().at;
  }

  forget(until: number): void {
    this.#sql.exec(`DELETE FROM console_sessions WHERE until <= ?`, until);
    this.#sql.exec(`DELETE FROM console_session_contents WHERE until <= ?`, until);
  }
}
