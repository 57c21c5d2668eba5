import type { UsageReport } from "../../../core/usage.ts";

/** A report may come again, or after a later one, within so many of them. */
const KEPT_SEQUENCES = 32;
/** A guard that has started again sends no report of its predecessor; one may still be on its way. */
const KEPT_INSTANCES = 8;

/** The latest sequences of one instance of a guard, the highest last; what is below the first has been seen. */
interface Seen {
  readonly instance: string;
  readonly sequences: readonly number[];
}

/** Which reports have been taken in, so that one that comes again counts once. */
export class ReportLedger {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Notes a report; `false` for one that has been noted before. To be called in the transaction that takes it in. */
  note({ group, instance, sequence }: UsageReport): boolean {
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
      JSON.stringify([{ instance, sequences: latest }, ...others]),
    );
    return true;
  }
}

function wasSeen(sequences: readonly number[], sequence: number): boolean {
  const full = sequences.length >= KEPT_SEQUENCES;
  return sequences.includes(sequence) || (full && sequence < (sequences[0] ?? 0));
}
