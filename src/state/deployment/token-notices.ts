import { eachOf, within } from "../../core/concurrency.ts";
import type { TokenCut } from "../../core/organization/revocation.ts";
import type { Env } from "../../env.ts";
import type { Alarm } from "../alarm.ts";
import { storedJson } from "../../core/json.ts";

/** A row for each dead token that its organisation does not know of yet. Times are milliseconds since the epoch. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS token_notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  cut TEXT NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS token_notices_by_due ON token_notices (due_at);
`;

/** After a failure a row is tried again soon, then ever more rarely. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** An organisation that does not answer holds up the others for no longer than this. */
const ORGANIZATION_TIMEOUT_MS = 2000;
/** Rows that one run of the alarm looks after. */
const BATCH = 250;
const CONCURRENT = 16;

/** Access tokens revoked while their organisations did not answer; notified until they confirm. */
export class TokenNotices {
  readonly #sql: SqlStorage;
  readonly #organizations: Env["ORGANIZATION"];
  readonly #alarm: Alarm;

  constructor(sql: SqlStorage, organizations: Env["ORGANIZATION"], alarm: Alarm) {
    this.#sql = sql;
    this.#organizations = organizations;
    this.#alarm = alarm;
    this.#sql.exec(SCHEMA);
  }

  /** Takes over the telling of a cut. */
  add(cut: TokenCut, now: number): void {
    const dueAt = now + FIRST_RETRY_MS;
    this.#sql.exec(`INSERT INTO token_notices (cut, due_at) VALUES (?, ?)`, JSON.stringify(cut), dueAt);
    this.#alarm.ringBy(dueAt);
  }

  /** An erased organisation gets no notices. */
  forget(orgId: string): void {
    this.#sql.exec(`DELETE FROM token_notices WHERE json_extract(cut, '$.orgId') = ?`, orgId);
  }

  /** Sends the notices that are due. */
  async run(now: number): Promise<void> {
    const rows = this.#sql.exec<{ id: number; cut: string }>(
      `SELECT id, cut FROM token_notices WHERE due_at <= ? ORDER BY due_at LIMIT ?`,
      now,
      BATCH,
    );
    await eachOf(rows.toArray(), CONCURRENT, ({ id, cut }) => this.#tell(id, storedJson<TokenCut>(cut)));
  }

  /** When {@link run} is to be called next; milliseconds since the epoch. */
  nextAt(): number | null {
    return this.#sql.exec<{ at: number | null }>(`SELECT min(due_at) AS at FROM token_notices`).one().at;
  }

  async #tell(id: number, cut: TokenCut): Promise<void> {
    try {
      const told = this.#organizations.getByName(cut.orgId).noteTokenRevoked(cut);
      await within(ORGANIZATION_TIMEOUT_MS, told);
      this.#sql.exec(`DELETE FROM token_notices WHERE id = ?`, id);
    } catch {
      this.#sql.exec(
        `UPDATE token_notices SET failures = failures + 1, due_at = ? + min(?, ? << min(failures, 16))
         WHERE id = ?`,
        Date.now(),
        MAX_RETRY_MS,
        FIRST_RETRY_MS,
        id,
      );
    }
  }
}
