/**
 * Counts on their way to a guard. A report is sent again, the same under the same number, until a question that held it
 * is answered; what is counted meanwhile waits for the next. A guard that has started since it was first sent lets go of
 * it: the one before may have delivered it to the organisation.
 */

import { newTally, type UsageTally } from "../../core/usage/usage-tally.ts";
import { MAX_GROUP_KEYS, type Guarded, type Question, type ReportName } from "../protocol.ts";
import type { Group, Isolate, Report } from "./held.ts";

/** Counts of a group in use are reported once in this time: an isolate that is lost takes no more with it. */
export const REPORT_EVERY_MS = 10_000;

/** The counts of a key that wait to be reported. */
export function usageOf<R extends Guarded>({ usage }: Group<R>, id: string): UsageTally {
  let tally = usage.get(id);
  if (tally === undefined) usage.set(id, (tally = newTally()));
  return tally;
}

/** What the next question is to report; `null` for nothing. The last word reports whatever there is. */
export function reportOf<R extends Guarded>(
  isolate: Isolate<R>,
  group: Group<R>,
  isFinal: boolean,
  now: number,
): Report | null {
  if (group.report !== null) {
    group.report.isRepeated = true;
    return group.report;
  }
  // The clock may have been set back.
  const isDue = isFinal || Math.abs(now - group.reportedAt) >= REPORT_EVERY_MS;
  if (group.usage.size === 0 || !isDue) return null;
  const usage = new Map([...group.usage].slice(0, MAX_GROUP_KEYS));
  for (const id of usage.keys()) group.usage.delete(id);
  group.report = { number: ++isolate.reports, usage, firstTo: group.instance, isRepeated: false };
  group.reportedAt = now;
  return group.report;
}

/** How a question names the report that it brings. */
export function nameOf<R extends Guarded>(
  { id }: Isolate<R>,
  { number, firstTo, isRepeated }: Report,
): ReportName {
  return { isolate: id, number, ...(isRepeated && { firstTo }) };
}

/** A question was answered: what it reported has arrived. */
export function noteReported<R extends Guarded>(group: Group<R>, { report }: Question): void {
  if (group.report !== null && group.report.number === report?.number) group.report = null;
}

/** Isolates of which a guard remembers the latest report; the platform does not run so many at a time for a group. */
const MAX_REPORTERS = 1000;

/** The latest report of each isolate, by which a guard knows one that comes again. */
export class Reporters {
  readonly #latest = new Map<string, number>();
  readonly #instance: string;

  /** `instance` names this start of the guard. */
  constructor(instance: string) {
    this.#instance = instance;
  }

  /** Whether the counts of a question are to be taken in. */
  isNew(report: ReportName | undefined): boolean {
    if (report === undefined) return true;
    const { isolate, number, firstTo } = report;
    if (number <= (this.#latest.get(isolate) ?? 0)) return false;
    this.#latest.delete(isolate);
    this.#latest.set(isolate, number);
    if (this.#latest.size > MAX_REPORTERS) this.#forgetOldest();
    return firstTo === undefined || firstTo === this.#instance;
  }

  #forgetOldest(): void {
    for (const oldest of this.#latest.keys()) {
      this.#latest.delete(oldest);
      return;
    }
  }
}
