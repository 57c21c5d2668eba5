import { addCalls } from "./calls.ts";
import {
  MAX_REFUSALS,
  MINUTE_MS,
  NO_OUTCOMES,
  OUTCOMES,
  type KeyUsageReport,
  type Outcome,
  type UsageRefusal,
} from "./usage.ts";

/** Counts of one key that grow until they are reported. */
export interface UsageTally {
  readonly minutes: Record<number, Record<Outcome, number>>;
  lastUsedAt: number | null;
  lastUsedIp: string | null;
  lastRefusedAt: number | null;
  lastRefusedIp: string | null;
  calls?: Map<string, number>;
  refusals: UsageRefusal[];
}

export function newTally(): UsageTally {
  return {
    minutes: {},
    lastUsedAt: null,
    lastUsedIp: null,
    lastRefusedAt: null,
    lastRefusedIp: null,
    refusals: [],
  };
}

/** Counts a request that reached the origin; `call` is its name (see `calls.ts`), `null` for one that is not kept. */
export function countUse(
  tally: UsageTally,
  outcome: Outcome,
  call: string | null,
  address: string,
  now: number,
): void {
  minuteOf(tally, now)[outcome]++;
  tally.lastUsedAt = now;
  tally.lastUsedIp = address;
  if (call !== null) addCalls((tally.calls ??= new Map()), call, 1);
}

/** Counts a request that the gateway refused. */
export function countRefusal(tally: UsageTally, outcome: "refused" | "limited", refusal: UsageRefusal): void {
  minuteOf(tally, refusal.time)[outcome]++;
  tally.lastRefusedAt = refusal.time;
  tally.lastRefusedIp = refusal.address;
  tally.refusals.push(refusal);
  if (tally.refusals.length > MAX_REFUSALS) tally.refusals.shift();
}

/** Adds a report to the counts. */
export function addReport(tally: UsageTally, report: KeyUsageReport): void {
  for (const [minute, counts] of Object.entries(report.minutes)) {
    const sum = minuteOf(tally, Number(minute));
    for (const outcome of OUTCOMES) sum[outcome] += counts[outcome];
  }
  if ((report.lastUsedAt ?? 0) >= (tally.lastUsedAt ?? 0) && report.lastUsedAt !== null) {
    tally.lastUsedAt = report.lastUsedAt;
    tally.lastUsedIp = report.lastUsedIp;
  }
  if ((report.lastRefusedAt ?? 0) >= (tally.lastRefusedAt ?? 0) && report.lastRefusedAt !== null) {
    tally.lastRefusedAt = report.lastRefusedAt;
    tally.lastRefusedIp = report.lastRefusedIp;
  }
  for (const [name, calls] of report.calls ?? []) addCalls((tally.calls ??= new Map()), name, calls);
  if (report.refusals.length === 0) return;
  const refusals = [...tally.refusals, ...report.refusals].toSorted((a, b) => a.time - b.time);
  tally.refusals = refusals.slice(-MAX_REFUSALS);
}

function minuteOf(tally: UsageTally, time: number): Record<Outcome, number> {
  return (tally.minutes[time - (time % MINUTE_MS)] ??= { ...NO_OUTCOMES });
}
