import { ROWS_PER_DELIVERY, ROWS_PER_KEY_HOUR } from "../admission/simulation/guard.ts";
import { Traffic, type Load } from "./traffic.ts";

/** What a load was measured to do, for each request. */
export interface Measured {
  readonly requests: number;
  /** The share that was decided without asking. */
  readonly leaseShare: number;
  readonly guardCalls: number;
  /** Deliveries of usage to the organisation. */
  readonly deliveries: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Seconds in which guards were at work, or kept in memory by a timer. */
  readonly guardSeconds: number;
}

/** Deliveries come once a minute: before that the load is not the usual one. */
const WARM_UP_MS = 65_000;
const SHORTEST_MS = 60_000;
const LONGEST_MS = 36_000_000;
/** So many requests are enough. */
const REQUESTS = 30_000;
const HOUR_S = 3600;

/** Runs a load over the product's own leases, guards and ledgers in virtual time, and counts. */
export async function measure(load: Load, isolates: number): Promise<Measured> {
  const rate = load.flat().reduce((sum, each) => sum + each, 0);
  const forMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (REQUESTS / rate) * 1000));
  const counts = { requests: 0, byLease: 0 };
  const traffic = new Traffic(load, isolates, {
    onDecided: ({ source }) => {
      counts.requests++;
      if (source === "lease") counts.byLease++;
    },
  });
  await traffic.runUntil(WARM_UP_MS);
  const before = { ...counts, ...traffic.counts() };
  await traffic.runUntil(WARM_UP_MS + forMs);
  const after = { ...counts, ...traffic.counts() };
  const requests = Math.max(1, after.requests - before.requests);
  const each = (name: keyof typeof after) => (after[name] - before[name]) / requests;
  return {
    requests,
    leaseShare: each("byLease"),
    guardCalls: each("calls"),
    deliveries: each("deliveries"),
    rowsRead: each("rowsRead"),
    rowsWritten: each("rowsWritten") + each("deliveries") * ROWS_PER_DELIVERY + keyHourRows(load) / rate,
    guardSeconds: each("activeMs") / 1000,
  };
}

/** Rows a second that organisations write for keys by the hour, in each hour in which a key is used. */
function keyHourRows(load: Load): number {
  const used = load.flat().reduce((sum, rate) => sum + 1 - Math.exp(-rate * HOUR_S), 0);
  return (used * ROWS_PER_KEY_HOUR) / HOUR_S;
}
