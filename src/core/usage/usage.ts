import type { CallCounts } from "./calls.ts";

/** Counts of requests that presented a key with its right secret. */
export interface UsageCounts {
  readonly admitted: number;
  /** Refused for the key's rate limit. */
  readonly limited: number;
  /** Refused for the key's status or the client's address. */
  readonly refused: number;
}

/** Counts by the hour, as a guard delivers them to the organisation. */
export interface UsageBatch {
  /** Grows with each batch of a key, so that one that comes twice is counted once. */
  readonly sequence: number;
  /** By the start of the hour, in milliseconds since the epoch. */
  readonly hours: Readonly<Record<number, UsageCounts>>;
  readonly lastUsedAt: number;
  readonly lastUsedIp: string;
  /** The calls that were let through, all of which count for the hour of the last use. */
  readonly calls?: CallCounts;
}

const HOUR_MS = 3_600_000;

/** The start of the hour that a moment lies in; milliseconds since the epoch. */
export function hourOf(time: number): number {
  return time - (time % HOUR_MS);
}

/** The sum of two counts. */
export function addCounts(a: UsageCounts | undefined, b: UsageCounts): UsageCounts {
  return {
    admitted: (a?.admitted ?? 0) + b.admitted,
    limited: (a?.limited ?? 0) + b.limited,
    refused: (a?.refused ?? 0) + b.refused,
  };
}

/**
 * What became of a request that presented a key with its right secret: the origin answered below 400, with 4xx, with 5xx
 * or not at all; the gateway refused it; the key's rate limit was used up.
 */
export const OUTCOMES = ["succeeded", "clientErrors", "originErrors", "refused", "limited"] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

export const NO_OUTCOMES: OutcomeCounts = {
  succeeded: 0,
  clientErrors: 0,
  originErrors: 0,
  refused: 0,
  limited: 0,
};

/** A request that the gateway refused. */
export interface UsageRefusal {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly code: string;
  /** `null` where the request was refused before its operation was known. */
  readonly operation: string | null;
  readonly address: string;
  readonly requestId: string;
}

/** What one key was used for since the last report. */
export interface KeyUsageReport {
  /** By the start of the minute, in milliseconds since the epoch. */
  readonly minutes: Readonly<Record<number, OutcomeCounts>>;
  /** The last request that reached the origin. */
  readonly lastUsedAt: number | null;
  readonly lastUsedIp: string | null;
  readonly lastRefusedAt: number | null;
  readonly lastRefusedIp: string | null;
  /** The calls that were forwarded in the hour of the last use. */
  readonly calls?: CallCounts;
  /** Those of hours before it, by the start of the hour. */
  readonly callsBefore?: ReadonlyMap<number, CallCounts>;
  /** The oldest first, at most {@link MAX_REFUSALS}. */
  readonly refusals: readonly UsageRefusal[];
}

/** What a guard reports of the keys of its group. */
export interface UsageReport {
  readonly group: string;
  /** Random for each start of a guard. */
  readonly instance: string;
  /** Grows with each report of an instance: one that comes again counts once. */
  readonly sequence: number;
  readonly keys: Readonly<Record<string, KeyUsageReport>>;
}

/** How many refusals of a key are kept to be looked at. */
export const MAX_REFUSALS = 50;

export const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
/** The lengths of time by which usage is counted; milliseconds. */
export const USAGE_STEPS = [MINUTE_MS, HOUR_MS, DAY_MS] as const;
export type UsageStep = (typeof USAGE_STEPS)[number];

/** The start of the step that a moment lies in; milliseconds since the epoch, days in UTC. */
export function stepStart(time: number, step: UsageStep): number {
  return time - (time % step);
}

/** The sum of two counts by outcome. */
export function addOutcomes(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  return {
    succeeded: a.succeeded + b.succeeded,
    clientErrors: a.clientErrors + b.clientErrors,
    originErrors: a.originErrors + b.originErrors,
    refused: a.refused + b.refused,
    limited: a.limited + b.limited,
  };
}

/** What a guard that counts without outcomes has delivered, as a report: what it admitted counts as succeeded. */
export function reportOfBatch(batch: UsageBatch): KeyUsageReport {
  const { lastUsedAt, lastUsedIp, calls } = batch;
  const lastHour = hourOf(lastUsedAt);
  const sum = Object.values(batch.hours).reduce<UsageCounts | undefined>(addCounts, undefined);
  const minutes = Object.entries(batch.hours).map(([hour, { admitted, refused, limited }]) => [
    Number(hour) === lastHour ? stepStart(lastUsedAt, MINUTE_MS) : Number(hour),
    { ...NO_OUTCOMES, succeeded: admitted, refused, limited },
  ]);
  const used = (sum?.admitted ?? 0) > 0;
  const refused = !used && (sum?.refused ?? 0) + (sum?.limited ?? 0) > 0;
  return {
    minutes: Object.fromEntries(minutes) as KeyUsageReport["minutes"],
    lastUsedAt: used ? lastUsedAt : null,
    lastUsedIp: used ? lastUsedIp : null,
    lastRefusedAt: refused ? lastUsedAt : null,
    lastRefusedIp: refused ? lastUsedIp : null,
    ...(calls && { calls }),
    refusals: [],
  };
}
