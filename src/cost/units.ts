import type { CostCommand } from "./arguments.ts";
import type { Measured } from "./measure.ts";
import type { Units } from "./prices.ts";

/** An object is charged for its whole 128 MB, whatever it uses. */
const OBJECT_GB = 0.125;
/** How long a delivery keeps the organisation's object at work. */
const DELIVERY_S = 0.01;
/** A request that asks its guard takes about so many times the CPU time of one that does not. */
const CPU_OF_ASKING = 2;

/** Bytes of a line: about 400 that the gateway writes, and the attributes that Cloudflare adds, of unknown size. */
const LOG_LINE_MB = 0.0015;
/** How long lines are kept, in months. */
const LOGS_KEPT = 7 / 30;

type Options = Pick<CostCommand, "logShare" | "refusedShare" | "metrics" | "cpuMs">;

/** The units that one request uses, by what was measured; what is not by the request is left out. */
export function unitsEach(measured: Measured, { logShare, refusedShare, metrics, cpuMs }: Options): Units {
  const logs = (refusedShare + (1 - refusedShare) * logShare) * LOG_LINE_MB;
  const { leaseShare, guardCalls, deliveries, rowsRead, rowsWritten, guardSeconds } = measured;
  return {
    requests: 1,
    cpu: cpuMs * (leaseShare + (1 - leaseShare) * CPU_OF_ASKING),
    objectRequests: guardCalls + deliveries,
    objectDuration: (guardSeconds + deliveries * DELIVERY_S) * OBJECT_GB,
    rowsRead,
    rowsWritten,
    kvReads: 0,
    kvWrites: 0,
    logs,
    logStorage: logs * LOGS_KEPT,
    dataPoints: metrics ? 1 : 0,
  };
}

/** The units of so many requests a month, with what is by the key. */
export function unitsOf(
  each: Units,
  { requests, keys, kvReads }: { readonly requests: number; readonly keys: number; readonly kvReads: number },
): Units {
  const all = Object.fromEntries(Object.entries(each).map(([part, units]) => [part, units * requests]));
  // A key is taken to change once a month.
  return { ...(all as Units), kvReads, kvWrites: keys };
}
