import type { CallCounts } from "./calls.ts";

/** Counts of requests that presented a key with its right secret. */
export interface UsageCounts {
  readonly admitted: number;
  /** Refused for the key's rate limit. */
  readonly limited: number;
  /** Refused for the key's status or the client's address. */
  readonly refused: number;
}

/** Counts with the last request they come from. */
export interface Usage extends UsageCounts {
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** The client's address. */
  readonly lastUsedIp: string;
  /** The calls that were let through; absent where there were none. */
  readonly calls?: CallCounts;
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
