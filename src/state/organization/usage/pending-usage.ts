import type { KeyUsageReport } from "../../../core/usage/usage.ts";
import { addReport, newTally, type UsageTally } from "../../../core/usage/usage-tally.ts";
import type { Seen } from "./report-ledger.ts";
import { storedJson } from "../../../core/json.ts";

/** What has grown larger than this is taken in at once: a row has at most 2 MB. */
const MAX_LENGTH = 500_000;

/**
 * The reports that were seen stand among the keys, under a name that none has: as a key without counts, since a Worker of
 * a version before takes it for one.
 */
const SEEN = "";
const NO_COUNTS: Omit<UsageTally, "calls" | "callsBefore"> = newTally();

/** Counts by key. */
export type Tallies = Map<string, UsageTally>;
type StoredCalls = readonly [name: string, calls: number][];
type StoredTally = Omit<UsageTally, "calls" | "callsBefore"> & {
  readonly calls?: StoredCalls;
  readonly callsBefore?: readonly [hour: number, calls: StoredCalls][];
  readonly seen?: readonly Seen[];
};

/** What a group has reported: its keys' counts, and the reports that brought them. */
interface Reported {
  readonly tallies: Tallies;
  readonly seen: readonly Seen[];
}

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

  of(group: string): Reported {
    const [row] = this.#sql.exec<{ reports: string }>(
      `SELECT reports FROM usage_pending WHERE group_name = ?`,
      group,
    );
    return row === undefined ? { tallies: new Map(), seen: [] } : read(row.reports);
  }

  /** Puts what a group has reported; `false` when so much has come together that it is to be taken in now. */
  put(group: string, reported: Reported, now: number): boolean {
    this.#mayExist = true;
    const text = write(reported);
    this.#sql.exec(
      `INSERT INTO usage_pending VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET reports = ?3`,
      group,
      now,
      text,
    );
    return text.length <= MAX_LENGTH;
  }

  /** When the oldest of it was reported; milliseconds since the epoch, `null` when there is none. */
  since(): number | null {
    if (!this.#mayExist) return null;
    const [row] = this.#sql.exec<{ since: number | null }>(`SELECT min(since) AS since FROM usage_pending`);
    this.#mayExist = row?.since != null;
    return row?.since ?? null;
  }

  /** What groups have reported, or those whose oldest was reported by a moment. */
  groups(until = Number.MAX_SAFE_INTEGER): (Reported & { readonly group: string })[] {
    if (!this.#mayExist) return [];
    return this.#sql
      .exec<{ group_name: string; reports: string }>(
        `SELECT group_name, reports FROM usage_pending WHERE since <= ?`,
        until,
      )
      .toArray()
      .map(({ group_name: group, reports }) => ({ group, ...read(reports) }));
  }

  /** Forgets what a group has reported. To be called in the transaction that takes it in. */
  delete(group: string): void {
    this.#sql.exec(`DELETE FROM usage_pending WHERE group_name = ?`, group);
  }
}

/** Adds reports of keys to their counts. */
export function addReports(tallies: Tallies, reports: ReadonlyMap<string, KeyUsageReport>): void {
  for (const [keyId, report] of reports) {
    let tally = tallies.get(keyId);
    if (tally === undefined) tallies.set(keyId, (tally = newTally()));
    addReport(tally, report);
  }
}

function write({ tallies, seen }: Reported): string {
  const stored = [...tallies].map(([keyId, tally]): [string, StoredTally] => [keyId, storedOf(tally)]);
  if (seen.length > 0) stored.push([SEEN, { ...NO_COUNTS, seen }]);
  return JSON.stringify(Object.fromEntries(stored));
}

function storedOf({ calls, callsBefore, ...tally }: UsageTally): StoredTally {
  return {
    ...tally,
    ...(calls && { calls: [...calls] }),
    ...(callsBefore && { callsBefore: [...callsBefore].map(([hour, each]) => [hour, [...each]]) }),
  };
}

function read(text: string): Reported {
  const { [SEEN]: own, ...stored } = storedJson<Readonly<Record<string, StoredTally>>>(text);
  const tallies = Object.entries(stored).map(([keyId, tally]) => [keyId, tallyOf(tally)] as const);
  return { tallies: new Map(tallies), seen: own?.seen ?? [] };
}

function tallyOf({ calls, callsBefore, ...tally }: StoredTally): UsageTally {
  return {
    ...tally,
    ...(calls && { calls: new Map(calls) }),
    ...(callsBefore && { callsBefore: new Map(callsBefore.map(([hour, each]) => [hour, new Map(each)])) }),
  };
}
