import { addColumn } from "./add-column.ts";

const TABLES = `
-- Counts of one key or, as '', of all keys together, by the minute, the hour and the day.
CREATE TABLE usage_counts (
  step INTEGER NOT NULL,
  start INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  succeeded INTEGER NOT NULL,
  client_errors INTEGER NOT NULL,
  origin_errors INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  limited INTEGER NOT NULL,
  PRIMARY KEY (step, start, key_id)
) WITHOUT ROWID;

-- How often operations were called, and from which addresses, of one key or, as '', of all.
CREATE TABLE usage_tallies (
  step INTEGER NOT NULL,
  start INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  operations TEXT NOT NULL,
  addresses TEXT NOT NULL,
  PRIMARY KEY (step, start, key_id)
) WITHOUT ROWID;

-- The last refusals of one key or, as '', of all.
CREATE TABLE usage_refusals (
  key_id TEXT PRIMARY KEY,
  last_at INTEGER NOT NULL,
  refusals TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX usage_refusals_by_time ON usage_refusals (last_at);

-- The latest reports of each group.
CREATE TABLE usage_reports (
  group_name TEXT PRIMARY KEY,
  seen TEXT NOT NULL
) WITHOUT ROWID;
`;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Version 2: usage by outcome. What was counted as admitted becomes succeeded. */
export function usageByOutcome(sql: SqlStorage): void {
  sql.exec(TABLES);
  addColumn(sql, "keys", "last_refused_at", "INTEGER");
  addColumn(sql, "keys", "last_refused_ip", "TEXT");
  for (const step of [HOUR_MS, DAY_MS]) {
    for (const key of ["key_id", "''"]) {
      sql.exec(
        `INSERT INTO usage_counts
         SELECT ?1, hour - hour % ?1 AS start, ${key} AS key, sum(admitted), 0, 0, sum(refused), sum(limited)
         FROM usage GROUP BY start, key`,
        step,
      );
    }
  }
  // A Worker of the version before makes its table again.
  sql.exec(`DROP TABLE usage`);
}
