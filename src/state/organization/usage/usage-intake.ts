import {
  addOutcomes,
  NO_OUTCOMES,
  reportOfBatch,
  USAGE_STEPS,
  type KeyUsageReport,
  type OutcomeCounts,
  type UsageBatch,
  type UsageRefusal,
  type UsageReport,
} from "../../../core/usage.ts";
import type { Alarm } from "../../alarm.ts";
import type { CallTable } from "./call-table.ts";
import { ALL_KEYS, type OutcomeTable } from "./outcome-table.ts";
import type { RefusalTable } from "./refusal-table.ts";
import type { ReportLedger } from "./report-ledger.ts";
import type { TallyTable } from "./tally-table.ts";
import type { UsageRetention } from "./usage-retention.ts";
import type { UseTable } from "./use-table.ts";

const [, HOURS, DAYS] = USAGE_STEPS;
/** A refusal's texts come from a request. */
const MAX_TEXT = 256;

interface Parts {
  readonly uses: UseTable;
  readonly ledger: ReportLedger;
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
    this.#storage.transactionSync(() => {
      if (!this.#parts.ledger.note(report)) return;
      const known = this.#parts.uses.known(Object.keys(report.keys));
      const reports = known.map((id) => [id, report.keys[id]] as const);
      this.#record(new Map(reports.filter((each): each is [string, KeyUsageReport] => !!each[1])), now);
    });
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
    for (const [keyId, report] of reports) {
      const minutes = new Map(Object.entries(report.minutes).map(([at, counts]) => [Number(at), counts]));
      for (const [at, counts] of minutes) all.set(at, addOutcomes(all.get(at) ?? NO_OUTCOMES, counts));
      this.#parts.outcomes.add(keyId, minutes);
      this.#parts.uses.note(keyId, report);
      this.#recordCalls(keyId, report, now);
      this.#parts.refusals.add(keyId, report.refusals.map(cut));
    }
    this.#parts.outcomes.add(ALL_KEYS, all);
    this.#parts.refusals.add(
      ALL_KEYS,
      [...reports.values()].flatMap(({ refusals }) => refusals.map(cut)),
    );
    const nextAt = this.#parts.retention.nextAt();
    if (nextAt !== null) this.#parts.alarm.ringBy(nextAt);
  }

  #recordCalls(keyId: string, { calls, lastUsedAt }: KeyUsageReport, now: number): void {
    if (calls === undefined) return;
    const at = lastUsedAt ?? now;
    this.#parts.calls.record(keyId, calls, at, now);
    for (const step of [HOURS, DAYS]) {
      for (const id of [keyId, ALL_KEYS]) this.#parts.tallies.add(step, id, calls, at);
    }
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
