import {
  addOutcomes,
  NO_OUTCOMES,
  reportOfBatch,
  stepStart,
  USAGE_STEPS,
  type KeyUsageReport,
  type OutcomeCounts,
  type UsageBatch,
  type UsageRefusal,
  type UsageReport,
} from "../../../core/usage/usage.ts";
import type { CallCounts } from "../../../core/usage/calls.ts";
import { callsByHour, newTally, type UsageTally } from "../../../core/usage/usage-tally.ts";
import type { Alarm } from "../../alarm.ts";
import type { CallTable } from "./call-table.ts";
import { ALL_KEYS, type OutcomeTable } from "./outcome-table.ts";
import { addReports, type PendingUsage, type Tallies } from "./pending-usage.ts";
import type { RefusalTable } from "./refusal-table.ts";
import { mergeSeen, withReport, type ReportLedger } from "./report-ledger.ts";
import type { TallyTable } from "./tally-table.ts";
import type { UsageRetention } from "./usage-retention.ts";
import type { UseTable } from "./use-table.ts";

const [MINUTES, HOURS, DAYS] = USAGE_STEPS;
/** What nobody has looked at is taken in so long after it was reported. */
const TAKEN_IN_AFTER_MS = HOURS;
/**
 * Minutes are shown for the last hour; older ones count for the hour and the day alone. So minutes that may still be
 * shown wait, and are written as minutes only when somebody looks.
 */
const MINUTES_TOLD_MS = HOURS + 5 * MINUTES;
/** A refusal's texts come from a request. */
const MAX_TEXT = 256;

interface Parts {
  readonly uses: UseTable;
  readonly ledger: ReportLedger;
  readonly pending: PendingUsage;
  readonly outcomes: OutcomeTable;
  readonly calls: CallTable;
  readonly tallies: TallyTable;
  readonly refusals: RefusalTable;
  readonly retention: UsageRetention;
  readonly alarm: Alarm;
}

/** Takes in what the guards have counted. */
export class UsageIntake {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** Takes in the report of a group; one that comes again changes nothing, nor do keys that are not known here. */
  recordGroup(report: UsageReport, now: number): void {
    const { ledger, pending, uses } = this.#parts;
    const { group } = report;
    this.#storage.transactionSync(() => {
      const { tallies, seen: waiting } = pending.of(group);
      const seen = withReport(mergeSeen(waiting, ledger.seenOf(group)), report, now);
      if (seen === null) return;
      const known = uses.known(Object.keys(report.keys));
      const each = known.map((id) => [id, report.keys[id]] as const);
      const reports = new Map(each.filter((one): one is [string, KeyUsageReport] => !!one[1]));
      if (reports.size === 0) return;
      addReports(tallies, reports);
      if (!pending.put(group, { tallies, seen }, now)) this.#takeInAll(now);
    });
    this.#parts.alarm.ringBy(now + TAKEN_IN_AFTER_MS);
  }

  /** Takes what was reported into the tables. To be called before somebody looks at them. */
  takeIn(now: number): void {
    if (this.#parts.pending.since() === null) return;
    this.#storage.transactionSync(() => this.#takeInAll(now));
  }

  #takeInAll(now: number): void {
    const { ledger, pending } = this.#parts;
    const all: Tallies = new Map();
    for (const { group, tallies, seen } of pending.groups()) {
      ledger.add(group, seen, now);
      pending.delete(group);
      addReports(all, tallies);
    }
    this.#record(all, now);
  }

  /** The same for batches that have waited long enough, without the minutes that are still shown. */
  takeInDue(now: number): void {
    const { ledger, pending } = this.#parts;
    for (const { group, tallies, seen } of pending.groups(now - TAKEN_IN_AFTER_MS)) {
      const { before, since } = splitAt(tallies, now - MINUTES_TOLD_MS);
      this.#storage.transactionSync(() => {
        ledger.add(group, seen, now);
        pending.delete(group);
        if (since.size > 0) pending.put(group, { tallies: since, seen: [] }, now);
        this.#record(before, now);
      });
    }
  }

  /** When {@link takeInDue} is to be called next; milliseconds since the epoch, `null` while nothing waits. */
  nextAt(): number | null {
    const since = this.#parts.pending.since();
    return since === null ? null : since + TAKEN_IN_AFTER_MS;
  }

  /** Takes in what the guard of one key has counted. */
  recordKey(keyId: string, batch: UsageBatch, now: number): void {
    this.#storage.transactionSync(() => {
      if (this.#parts.uses.noteSequence(keyId, batch.sequence)) {
        this.#record(new Map([[keyId, reportOfBatch(batch)]]), now);
      }
    });
  }

  #record(reports: ReadonlyMap<string, KeyUsageReport>, now: number): void {
    const all = new Map<number, OutcomeCounts>();
    const allCalls = new Map<number, CallCounts>();
    for (const [keyId, report] of reports) {
      const minutes = new Map(Object.entries(report.minutes).map(([at, counts]) => [Number(at), counts]));
      for (const [at, counts] of minutes) all.set(at, addOutcomes(all.get(at) ?? NO_OUTCOMES, counts));
      this.#parts.outcomes.add(keyId, minutes, now - MINUTES_TOLD_MS);
      this.#parts.uses.note(keyId, report);
      const calls = callsByHour(report, now);
      for (const [hour, each] of calls) this.#parts.calls.record(keyId, each, hour);
      this.#tally(keyId, calls);
      addHours(allCalls, calls);
      this.#parts.refusals.add(keyId, report.refusals.map(cut));
    }
    this.#parts.outcomes.add(ALL_KEYS, all, now - MINUTES_TOLD_MS);
    this.#tally(ALL_KEYS, allCalls);
    this.#parts.refusals.add(
      ALL_KEYS,
      [...reports.values()].flatMap(({ refusals }) => refusals.map(cut)),
    );
    const nextAt = this.#parts.retention.nextAt();
    if (nextAt !== null) this.#parts.alarm.ringBy(nextAt);
  }

  #tally(keyId: string, hours: HourlyCalls): void {
    for (const step of [HOURS, DAYS]) {
      const sums = new Map<number, CallCounts>();
      for (const [hour, calls] of hours) addHours(sums, new Map([[stepStart(hour, step), calls]]));
      for (const [start, calls] of sums) this.#parts.tallies.add(step, keyId, calls, start);
    }
  }
}

/** Calls by the start of a stretch of time. */
type HourlyCalls = ReadonlyMap<number, CallCounts>;

function addHours(sums: Map<number, CallCounts>, hours: HourlyCalls): void {
  for (const [hour, calls] of hours) {
    const sum = new Map(sums.get(hour));
    for (const [name, count] of calls) sum.set(name, (sum.get(name) ?? 0) + count);
    sums.set(hour, sum);
  }
}

function cut(refusal: UsageRefusal): UsageRefusal {
  const { operation, address } = refusal;
  return {
    ...refusal,
    operation: operation === null ? null : operation.slice(0, MAX_TEXT),
    address: address.slice(0, MAX_TEXT),
  };
}

/** What was counted before a minute, with all that is not by the minute; and the counts since. */
function splitAt(tallies: Tallies, from: number) {
  const before: Tallies = new Map();
  const since: Tallies = new Map();
  for (const [keyId, tally] of tallies) {
    const recent = newTally();
    const rest: UsageTally = { ...tally, minutes: {} };
    for (const [minute, counts] of Object.entries(tally.minutes)) {
      (Number(minute) < from ? rest : recent).minutes[Number(minute)] = counts;
    }
    before.set(keyId, rest);
    if (Object.keys(recent.minutes).length > 0) since.set(keyId, recent);
  }
  return { before, since };
}
