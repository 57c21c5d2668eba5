import { OTHERS, readCallName, type CallCounts } from "../../../core/usage/calls.ts";
import { stepStart, type UsageStep } from "../../../core/usage/usage.ts";
import { deleteCounts } from "../../retention.ts";
import { storedJson } from "../../../core/json.ts";

/** The most operations, and the most addresses, counted by name in one row; the others are counted together. */
const MAX_NAMES = 100;

/** The count of each; all without a name of their own are under {@link OTHERS}. */
type Counts = ReadonlyMap<string, number>;

interface Tally {
  readonly operations: Counts;
  readonly addresses: Counts;
}

/** Which operations were called how often, and from which addresses, of each key and of all together. */
export class TallyTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds calls that were made at a moment. */
  add(step: UsageStep, keyId: string, calls: CallCounts, at: number): void {
    const start = stepStart(at, step);
    const stored = sumOf(this.#rows(`start = ?`, step, start, keyId));
    const { operations, addresses } = sumOf([stored, tallyOf(calls)]);
    this.#sql.exec(
      `INSERT INTO usage_tallies VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT DO UPDATE SET operations = ?4, addresses = ?5`,
      step,
      start,
      keyId,
      JSON.stringify([...operations]),
      JSON.stringify([...addresses]),
    );
  }

  /** All calls in so many steps since `from`. */
  sum(step: UsageStep, keyId: string, from: number, length: number): Tally {
    const starts = JSON.stringify(Array.from({ length }, (_, i) => from + i * step));
    return sumOf(this.#rows(`start IN (SELECT value FROM json_each(?))`, step, starts, keyId));
  }

  /** Forgets what was counted by a step before a moment. */
  prune(step: UsageStep, before: number): Promise<void> {
    return deleteCounts(this.#sql, "usage_tallies", step, before);
  }

  #rows(starts: string, step: UsageStep, start: number | string, keyId: string): Tally[] {
    return this.#sql
      .exec<{ operations: string; addresses: string }>(
        `SELECT operations, addresses FROM usage_tallies WHERE step = ? AND ${starts} AND key_id = ?`,
        step,
        start,
        keyId,
      )
      .toArray()
      .map((row) => ({ operations: readCounts(row.operations), addresses: readCounts(row.addresses) }));
  }
}

function readCounts(json: string): Counts {
  return new Map(storedJson<[string, number][]>(json));
}

function tallyOf(calls: CallCounts): Tally {
  const operations = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const [name, count] of calls) {
    const { operationId, address } = readCallName(name);
    addTo(operations, operationId, count);
    addTo(addresses, address, count);
  }
  return { operations, addresses };
}

function sumOf(tallies: readonly Tally[]): Tally {
  const operations = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const tally of tallies) {
    for (const [name, count] of tally.operations) addTo(operations, name, count);
    for (const [name, count] of tally.addresses) addTo(addresses, name, count);
  }
  return { operations, addresses };
}

function addTo(counts: Map<string, number>, name: string, count: number): void {
  const kept = counts.has(name) || counts.size < MAX_NAMES ? name : OTHERS;
  counts.set(kept, (counts.get(kept) ?? 0) + count);
}
