import type { KeyUsageReport } from "../../../core/usage/usage.ts";
import { addReport, newTally, type UsageTally } from "../../../core/usage/usage-tally.ts";

/** What has grown larger than this is taken in at once: a row has at most 2 MB. */
const MAX_LENGTH = 500_000;

type Tallies = Map<string, UsageTally>;
type Stored = Readonly<Record<string, Omit<UsageTally, "calls"> & { readonly calls?: [string, number][] }>>;

/**
 * What groups have reported and the tables do not tell yet: one row a group, so that a delivery writes one row however
 * many keys it is about. It is taken in when somebody looks, or after some hours.
 */
export class PendingUsage {
  readonly #sql: SqlStorage;
  /** Whether there may be any. */
  #mayExist = true;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds a report; `false` when so much has come together that it is to be taken in now. */
  add(group: string, reports: ReadonlyMap<string, KeyUsageReport>, now: number): boolean {
    const [row] = this.#sql.exec<{ reports: string }>(
      `SELECT reports FROM usage_pending WHERE group_name = ?`,
      group,
    );
    const tallies = row === undefined ? new Map<string, UsageTally>() : read(row.reports);
    for (const [keyId, report] of reports) addTo(tallies, keyId, report);
    const text = write(tallies);
    this.#put(group, text, now);
    return text.length <= MAX_LENGTH;
  }

  /** When the oldest of it was reported; milliseconds since the epoch, `null` when there is none. */
  since(): number | null {
    if (!this.#mayExist) return null;
    const [row] = this.#sql.exec<{ since: number | null }>(`SELECT min(since) AS since FROM usage_pending`);
    this.#mayExist = row?.since != null;
    return row?.since ?? null;
  }

  /** Takes all of it out, by key. To be called in the transaction that takes it in. */
  take(): ReadonlyMap<string, UsageTally> {
    const all: Tallies = new Map();
    if (!this.#mayExist) return all;
    for (const { reports } of this.#sql.exec<{ reports: string }>(`SELECT reports FROM usage_pending`)) {
      for (const [keyId, tally] of read(reports)) addTo(all, keyId, tally);
    }
    if (all.size > 0) this.#sql.exec(`DELETE FROM usage_pending`);
    return all;
  }

  /** Groups whose oldest was reported before a moment. */
  groupsSince(
    before: number,
  ): { readonly group: string; readonly tallies: ReadonlyMap<string, UsageTally> }[] {
    return this.#sql
      .exec<{ group_name: string; reports: string }>(
        `SELECT group_name, reports FROM usage_pending WHERE since <= ?`,
        before,
      )
      .toArray()
      .map(({ group_name: group, reports }) => ({ group, tallies: read(reports) }));
  }

  /** Keeps the part of a group's usage that is not taken in. */
  leave(group: string, tallies: ReadonlyMap<string, UsageTally>, now: number): void {
    this.#sql.exec(`DELETE FROM usage_pending WHERE group_name = ?`, group);
    if (tallies.size > 0) this.#put(group, write(tallies), now);
  }

  #put(group: string, text: string, now: number): void {
    this.#mayExist = true;
    this.#sql.exec(
      `INSERT INTO usage_pending VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET reports = ?3`,
      group,
      now,
      text,
    );
  }
}

function addTo(tallies: Tallies, keyId: string, report: KeyUsageReport): void {
  let tally = tallies.get(keyId);
  if (tally === undefined) tallies.set(keyId, (tally = newTally()));
  addReport(tally, report);
}

function write(tallies: ReadonlyMap<string, UsageTally>): string {
  const stored = [...tallies].map(([keyId, { calls, ...tally }]) => [
    keyId,
    { ...tally, ...(calls !== undefined && { calls: [...calls] }) },
  ]);
  return JSON.stringify(Object.fromEntries(stored));
}

function read(text: string): Tallies {
  const stored = Object.entries(JSON.parse(text) as Stored);
  return new Map(
    stored.map(([keyId, { calls, ...tally }]) => [
      keyId,
      { ...tally, ...(calls !== undefined && { calls: new Map(calls) }) },
    ]),
  );
}
