import type { UsageReport } from "../../../core/usage/usage.ts";
import { deleteInSteps, type Perishable } from "../../retention.ts";
import { storedJson } from "../../../core/json.ts";

/** A report may come again, or after a later one, within so many of them. */
const KEPT_SEQUENCES = 32;
/** A guard that has started again sends no report of its predecessor; one may still be on its way. */
const KEPT_INSTANCES = 8;

/** The latest reports of one instance of a guard. */
export interface Seen {
  readonly instance: string;
  /** Their sequences, the highest last; all below the first have been seen. */
  readonly sequences: readonly number[];
  /** When the latest came; milliseconds since the epoch. What a Worker of a version before has noted lacks it. */
  readonly at?: number;
}

/** Which reports have been taken in, so that one that comes again counts once: of each group the latest instance first. */
export class ReportLedger implements Perishable {
  /** A report that arrived and was not answered comes again within minutes. */
  readonly keptMs = 30 * 86_400_000;
  readonly #sql: SqlStorage;
  /** When the oldest came, or earlier; `undefined` until it is looked up, which reads every group. */
  #oldest: number | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  seenOf(group: string): readonly Seen[] {
    const [row] = this.#sql.exec<{ seen: string }>(
      `SELECT seen FROM usage_reports WHERE group_name = ?`,
      group,
    );
    return row === undefined ? [] : storedJson<Seen[]>(row.seen);
  }

  /** Adds what was seen of a group. To be called in the transaction that takes those reports in. */
  add(group: string, seen: readonly Seen[], now: number): void {
    if (seen.length === 0) return;
    this.#sql.exec(
      `INSERT INTO usage_reports VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seen = ?2`,
      group,
      JSON.stringify(mergeSeen(seen, this.seenOf(group))),
    );
    this.#oldest = this.#oldest === null ? now : this.#oldest;
  }

  oldest(): number | null {
    if (this.#oldest !== undefined) return this.#oldest;
    const { at } = this.#sql
      .exec<{ at: number | null }>(`SELECT min(coalesce(seen ->> '$[0].at', 0)) AS at FROM usage_reports`)
      .one();
    return (this.#oldest = at);
  }

  /** What lacks its time is kept from now on. */
  async forget(before: number): Promise<void> {
    this.#oldest = undefined;
    this.#sql.exec(
      `UPDATE usage_reports SET seen = json_set(seen, '$[0].at', ?) WHERE seen ->> '$[0].at' IS NULL`,
      before + this.keptMs,
    );
    await deleteInSteps(
      this.#sql,
      `DELETE FROM usage_reports WHERE group_name IN
         (SELECT group_name FROM usage_reports WHERE seen ->> '$[0].at' < ? LIMIT ?)`,
      before,
    );
  }
}

/** What was seen, with one report more; `null` if it was seen before. */
export function withReport(
  seen: readonly Seen[],
  { instance, sequence }: Pick<UsageReport, "instance" | "sequence">,
  now: number,
): readonly Seen[] | null {
  const sequences = seen.find((each) => each.instance === instance)?.sequences ?? [];
  return wasSeen(sequences, sequence)
    ? null
    : mergeSeen([{ instance, sequences: [sequence], at: now }], seen);
}

/** What either has seen; the instances of the first are the later ones. */
export function mergeSeen(later: readonly Seen[], earlier: readonly Seen[]): readonly Seen[] {
  const both = later.map((one) => {
    const other = earlier.find(({ instance }) => instance === one.instance);
    return other === undefined ? one : { ...other, ...one, sequences: latestOf(one, other) };
  });
  const others = earlier.filter(({ instance }) => both.every((one) => one.instance !== instance));
  return [...both, ...others].slice(0, KEPT_INSTANCES);
}

function latestOf(one: Seen, other: Seen): readonly number[] {
  const sequences = new Set([...one.sequences, ...other.sequences]);
  return [...sequences].toSorted((a, b) => a - b).slice(-KEPT_SEQUENCES);
}

function wasSeen(sequences: readonly number[], sequence: number): boolean {
  const full = sequences.length >= KEPT_SEQUENCES;
  return sequences.includes(sequence) || (full && sequence < (sequences[0] ?? 0));
}
