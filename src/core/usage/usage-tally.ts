import { addCalls, type CallCounts } from "./calls.ts";
import {
  hourOf,
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
  /** Of the hour of the last use. */
  calls?: Map<string, number>;
  /** Of hours before it, by the start of the hour. */
  callsBefore?: Map<number, Map<string, number>>;
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
  noteUse(tally, now, address);
  if (call !== null) addCalls(callsOf(tally, now), call, 1);
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
  if (report.lastUsedAt !== null) {
    noteUse(tally, report.lastUsedAt, report.lastUsedIp);
    for (const [at, calls] of callsByHour(report, report.lastUsedAt)) {
      for (const [name, count] of calls) addCalls(callsOf(tally, at), name, count);
    }
  }
  if ((report.lastRefusedAt ?? 0) >= (tally.lastRefusedAt ?? 0) && report.lastRefusedAt !== null) {
    tally.lastRefusedAt = report.lastRefusedAt;
    tally.lastRefusedIp = report.lastRefusedIp;
  }
  if (report.refusals.length === 0) return;
  const refusals = [...tally.refusals, ...report.refusals].toSorted((a, b) => a.time - b.time);
  tally.refusals = refusals.slice(-MAX_REFUSALS);
}

/** The calls of a report by the start of their hour; `now` stands for an unknown last use. */
export function callsByHour(
  {
    calls,
    callsBefore = new Map(),
    lastUsedAt,
  }: Pick<KeyUsageReport, "calls" | "callsBefore" | "lastUsedAt">,
  now: number,
): ReadonlyMap<number, CallCounts> {
  const last = hourOf(lastUsedAt ?? now);
  return calls === undefined ? callsBefore : new Map([...callsBefore, [last, calls]]);
}

/** Notes a use; the calls of an hour that is over are put aside. */
function noteUse(tally: UsageTally, at: number, address: string | null): void {
  const { lastUsedAt } = tally;
  if (lastUsedAt !== null && at < lastUsedAt) return;
  if (lastUsedAt !== null && tally.calls !== undefined && hourOf(lastUsedAt) < hourOf(at)) {
    (tally.callsBefore ??= new Map()).set(hourOf(lastUsedAt), tally.calls);
    delete tally.calls;
  }
  tally.lastUsedAt = at;
  tally.lastUsedIp = address;
}

/** Where the calls of a moment, which is not later than the last use, are counted. */
function callsOf(tally: UsageTally, at: number): Map<string, number> {
  const hour = hourOf(at);
  if (tally.lastUsedAt === null || hour === hourOf(tally.lastUsedAt)) return (tally.calls ??= new Map());
  const before = (tally.callsBefore ??= new Map());
  const known = before.get(hour) ?? new Map<string, number>();
  before.set(hour, known);
  return known;
}

function minuteOf(tally: UsageTally, time: number): Record<Outcome, number> {
  return (tally.minutes[time - (time % MINUTE_MS)] ??= { ...NO_OUTCOMES });
}
