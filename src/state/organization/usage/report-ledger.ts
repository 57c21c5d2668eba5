import type { UsageReport } from "../../../core/usage/usage.ts";
import { deleteInSteps, type Perishable } from "../../retention.ts";

/** A report may come again, or after a later one, within so many of them. */
const KEPT_SEQUENCES = 32;
/** A guard that has started again sends no report of its predecessor; one may still be on its way. */
const KEPT_INSTANCES = 8;

/** The latest sequences of one instance of a guard, the highest last; all below the first have been seen. */
interface Seen {
  readonly instance: string;
  readonly sequences: readonly number[];
  /** When the latest came; milliseconds since the epoch. What a Worker of a version before has noted lacks it. */
  readonly at?: number;
}

/** Which reports have been taken in, so that one that comes again counts once. */
export class ReportLedger implements Perishable {
  /** A report that arrived and was not answered comes again within minutes. */
  readonly keptMs = 30 * 86_400_000;
  readonly #sql: SqlStorage;
  /** When the oldest came, or earlier; `undefined` until it is looked up, which reads every group. */
  #oldest: number | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Notes a report; `false` for one that has been noted before. To be called in the transaction that takes it in. */
  note({ group, instance, sequence }: UsageReport, now: number): boolean {
    const [row] = this.#sql.exec<{ seen: string }>(
      `SELECT seen FROM usage_reports WHERE group_name = ?`,
      group,
    );
    const seen = row === undefined ? [] : (JSON.parse(row.seen) as Seen[]);
    const sequences = seen.find((each) => each.instance === instance)?.sequences ?? [];
    if (wasSeen(sequences, sequence)) return false;
    const latest = [...sequences, sequence].toSorted((a, b) => a - b).slice(-KEPT_SEQUENCES);
    const others = seen.filter((each) => each.instance !== instance).slice(0, KEPT_INSTANCES - 1);
    this.#sql.exec(
      `INSERT INTO usage_reports VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seen = ?2`,
      group,
      JSON.stringify([{ instance, sequences: latest, at: now }, ...others]),
    );
    this.#oldest = this.#oldest === null ? now : this.#oldest;
    return true;
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

function wasSeen(sequences: readonly number[], sequence: number): boolean {
  const full = sequences.length >= KEPT_SEQUENCES;
  return sequences.includes(sequence) || (full && sequence < (sequences[0] ?? 0));
}
