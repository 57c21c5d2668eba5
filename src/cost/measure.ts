import { ROWS_PER_DELIVERY, ROWS_PER_KEY_HOUR, SimulatedGuard } from "../admission/simulation/guard.ts";
import { SimulatedIsolate } from "../admission/simulation/isolate.ts";
import { Network } from "../admission/simulation/network.ts";
import type { RateLimit } from "../core/key/key-record.ts";

/** Groups of keys, each key by its requests a second. */
export type Load = readonly (readonly number[])[];

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

const LEASE = { base: 200, max: 1000 };
const SLACK_MS = 20;
const ROUND_TRIPS_MS = [10, 20, 40, 80] as const;
/** Deliveries come once a minute: before that the load is not the usual one. */
const WARM_UP_MS = 65_000;
const SHORTEST_MS = 60_000;
const LONGEST_MS = 36_000_000;
/** So many requests are enough. */
const REQUESTS = 30_000;
/** Promises of the guards' ledgers settle between slices of virtual time of this length. */
const SLICE_MS = 250;
const SEED = 1;
const HOUR_S = 3600;

/** Runs a load over the product's own leases, guards and ledgers in virtual time, and counts. */
export async function measure(load: Load, isolates: number): Promise<Measured> {
  const rate = load.flat().reduce((sum, each) => sum + each, 0);
  const forMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (REQUESTS / rate) * 1000));
  const network = new Network(SEED);
  const guards = load.map((rates, group) => newGuard(network, group, rates));
  const counts = { requests: 0, byLease: 0 };
  const edges = Array.from({ length: isolates }, (_, at) => newIsolate(network, at, guards, counts));
  arrive(network, load, edges);
  await runUntil(network, 0, WARM_UP_MS);
  const before = { ...counts, ...sums(guards) };
  await runUntil(network, WARM_UP_MS, WARM_UP_MS + forMs);
  const after = { ...counts, ...sums(guards) };
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

function newGuard(network: Network, group: number, rates: readonly number[]): SimulatedGuard {
  return new SimulatedGuard(network, {
    group: groupName(group),
    keyIds: rates.map((_, key) => keyId(group, key)),
    limits: rates.map(limitFor),
    lease: LEASE,
    callsPerSecond: null,
    isOut: () => false,
  });
}

/** The default limit, or one that a key with more traffic would have been given. */
function limitFor(perSecond: number): RateLimit {
  return { requests: Math.max(1000, Math.ceil(perSecond * 180)), windowSeconds: 60 };
}

function newIsolate(
  network: Network,
  at: number,
  guards: readonly SimulatedGuard[],
  counts: { requests: number; byLease: number },
): SimulatedIsolate {
  const byName = new Map(guards.map((guard, group) => [groupName(group), guard]));
  return new SimulatedIsolate(network, {
    roundTripMs: ROUND_TRIPS_MS[at % ROUND_TRIPS_MS.length] ?? 0,
    lease: LEASE,
    slackMs: SLACK_MS,
    guardOf: (group) => {
      const guard = byName.get(group);
      if (guard === undefined) throw new Error(`no guard of ${group}`);
      return guard;
    },
    acknowledged: () => 1,
    note: ({ source }) => {
      counts.requests++;
      if (source === "lease") counts.byLease++;
    },
  });
}

/** Requests of each key come at random, independently of each other. */
function arrive({ queue, random }: Network, load: Load, isolates: readonly SimulatedIsolate[]): void {
  for (const [group, rates] of load.entries()) {
    for (const [key, perSecond] of rates.entries()) {
      const pause = () => (-Math.log(1 - random()) / perSecond) * 1000;
      const again = () => {
        isolates[Math.floor(random() * isolates.length)]?.request(groupName(group), keyId(group, key));
        queue.after(pause(), again);
      };
      queue.after(pause(), again);
    }
  }
}

async function runUntil({ queue }: Network, from: number, end: number): Promise<void> {
  for (let until = from; until <= end; until += SLICE_MS) {
    queue.runUntil(until);
    await new Promise(setImmediate);
  }
}

function sums(guards: readonly SimulatedGuard[]) {
  const sum = (of: (guard: SimulatedGuard) => number) =>
    guards.reduce((total, guard) => total + of(guard), 0);
  return {
    calls: sum((guard) => guard.calls),
    deliveries: sum((guard) => guard.deliveries),
    rowsRead: sum((guard) => guard.rowsRead),
    rowsWritten: sum((guard) => guard.ownRowsWritten),
    activeMs: sum((guard) => guard.activeMs),
  };
}

const groupName = (group: number): string => `g${group}`;
const keyId = (group: number, key: number): string => `key_${group}_${key}`;
