import type { RateLimit } from "../../core/key/key-record.ts";
import type { LeaseBounds } from "../rules/load.ts";

/** What a simulation is of. Seconds and milliseconds are of virtual time. */
export interface Scenario {
  readonly name: string;
  readonly isolates: number;
  /** Round trips from isolates to guards, spread evenly over the isolates. */
  readonly roundTripsMs: readonly number[];
  readonly groups: number;
  readonly keysPerGroup: number;
  readonly limit: RateLimit;
  readonly lease: LeaseBounds;
  /** Calls that one guard can do in a second; `null` for any number. */
  readonly guardCapacity: number | null;
  readonly arrivals: Arrivals;
  /** Before anything is measured. */
  readonly warmUpSeconds: number;
  readonly measuredSeconds: number;
  /** The guards fail every call from one second of the measured time to another. */
  readonly outage: { readonly from: number; readonly to: number } | null;
  /** `one`: a key is changed again and again. `all`: every key is revoked, by one call a group. */
  readonly cut: "one" | "all" | null;
}

/** `random`: to any key from any isolate, from nothing to so many a second. `regular`: each key in turn, once in a time. */
type Arrivals =
  | { readonly kind: "random"; readonly perSecond: number; readonly rampSeconds: number }
  | { readonly kind: "regular"; readonly everyMs: number };

const FROM_NEAR_TO_FAR = [15, 40, 80, 110, 150, 190, 220, 250];
const PLENTY: RateLimit = { requests: 10_000_000, windowSeconds: 60 };
const THOUSAND: RateLimit = { requests: 1000, windowSeconds: 60 };

const BASE = {
  groups: 1,
  keysPerGroup: 1,
  limit: PLENTY,
  lease: { base: 200, max: 1000 },
  guardCapacity: 1000,
  outage: null,
  cut: null,
} satisfies Partial<Scenario>;

const HOT = {
  ...BASE,
  isolates: 300,
  roundTripsMs: FROM_NEAR_TO_FAR,
  arrivals: { kind: "random", perSecond: 20_000, rampSeconds: 2 },
  warmUpSeconds: 5,
  measuredSeconds: 6,
} satisfies Partial<Scenario>;

const REGIONAL = {
  ...BASE,
  isolates: 40,
  roundTripsMs: [20],
  arrivals: { kind: "random", perSecond: 2000, rampSeconds: 1 },
  warmUpSeconds: 4,
  measuredSeconds: 6,
} satisfies Partial<Scenario>;

const ORGANIZATION = {
  ...BASE,
  groups: 157,
  keysPerGroup: 64,
  limit: THOUSAND,
  arrivals: { kind: "random", perSecond: 5000, rampSeconds: 2 },
  warmUpSeconds: 14,
  measuredSeconds: 6,
  cut: "one",
} satisfies Partial<Scenario>;

const SPARSE = {
  ...BASE,
  isolates: 1,
  roundTripsMs: [30],
  limit: THOUSAND,
  warmUpSeconds: 20,
  cut: null,
} satisfies Partial<Scenario>;

const AT_ONCE = { kind: "random", perSecond: 20_000, rampSeconds: 0 } satisfies Arrivals;

export const SCENARIOS: readonly Scenario[] = [
  { ...HOT, name: "hot key: 20,000/s, 300 isolates, 15 to 250 ms, guard of 1,000/s", cut: "one" },
  { ...HOT, name: "hot key: the same over a guard of 3,000/s", guardCapacity: 3000, cut: "one" },
  {
    ...HOT,
    name: "cold start: hot key at once, 300 isolates, guard of 1,000/s",
    arrivals: AT_ONCE,
    warmUpSeconds: 0,
  },
  {
    ...REGIONAL,
    name: "cold start: 2,000/s at once, 40 isolates, 20 ms",
    arrivals: { kind: "random", perSecond: 2000, rampSeconds: 0 },
    warmUpSeconds: 0,
  },
  { ...REGIONAL, name: "outage of 0.3 s: 2,000/s, 40 isolates, 20 ms", outage: { from: 1, to: 1.3 } },
  { ...HOT, name: "outage of 0.3 s: hot key", outage: { from: 1, to: 1.3 }, measuredSeconds: 7 },
  { ...HOT, name: "outage of 3 s: hot key", outage: { from: 1, to: 4 }, measuredSeconds: 9 },
  {
    ...BASE,
    name: "group: 64 keys, 2,000/s, 1 isolate, 10 ms",
    isolates: 1,
    roundTripsMs: [10],
    keysPerGroup: 64,
    limit: { requests: 10_000, windowSeconds: 60 },
    arrivals: { kind: "random", perSecond: 2000, rampSeconds: 2 },
    warmUpSeconds: 5,
    measuredSeconds: 6,
    cut: "one",
  },
  {
    ...BASE,
    name: "group: 64 keys, 2,000/s, 1 isolate, 100 ms",
    isolates: 1,
    roundTripsMs: [100],
    keysPerGroup: 64,
    limit: { requests: 10_000, windowSeconds: 60 },
    arrivals: { kind: "random", perSecond: 2000, rampSeconds: 2 },
    warmUpSeconds: 5,
    measuredSeconds: 6,
    cut: "one",
  },
  {
    ...ORGANIZATION,
    name: "organisation: 10,000 keys in 157 groups, 5,000/s, 1 isolate, 10 ms",
    isolates: 1,
    roundTripsMs: [10],
  },
  {
    ...ORGANIZATION,
    name: "organisation: 10,000 keys in 157 groups, 5,000/s, 1 isolate, 100 ms",
    isolates: 1,
    roundTripsMs: [100],
  },
  {
    ...ORGANIZATION,
    name: "organisation: 10,000 keys in 157 groups, 5,000/s, 10 isolates, 20 ms",
    isolates: 10,
    roundTripsMs: [20],
    // A key comes to an isolate once in 20 s on average: until it has come there once, nothing can be held of it.
    warmUpSeconds: 60,
    measuredSeconds: 60,
  },
  {
    ...ORGANIZATION,
    name: "organisation: 10,000 keys in 157 groups, each revoked",
    isolates: 1,
    roundTripsMs: [10],
    cut: "all",
  },
  {
    ...SPARSE,
    name: "sparse: 1 key, 50/s",
    limit: { requests: 10_000, windowSeconds: 60 },
    keysPerGroup: 1,
    arrivals: { kind: "regular", everyMs: 20 },
    measuredSeconds: 1200,
  },
  {
    ...SPARSE,
    name: "sparse: 10 keys of a group, each every 5 s",
    keysPerGroup: 10,
    arrivals: { kind: "regular", everyMs: 5000 },
    measuredSeconds: 1800,
  },
  {
    ...SPARSE,
    name: "sparse: 1 key every minute",
    arrivals: { kind: "regular", everyMs: 60_000 },
    measuredSeconds: 36_000,
  },
  {
    ...SPARSE,
    name: "sparse: 1,000 groups with 1 key, each every 10 s",
    groups: 1000,
    arrivals: { kind: "regular", everyMs: 10_000 },
    measuredSeconds: 60,
  },
  {
    ...HOT,
    name: "limit: 50,000 in 10 s, 20,000/s, 300 isolates",
    limit: { requests: 50_000, windowSeconds: 10 },
    arrivals: AT_ONCE,
    warmUpSeconds: 0,
    measuredSeconds: 31,
  },
  {
    ...HOT,
    name: "limit: 1,000 in 20 s, 100/s, 300 isolates",
    limit: { requests: 1000, windowSeconds: 20 },
    arrivals: { kind: "random", perSecond: 100, rampSeconds: 0 },
    warmUpSeconds: 0,
    measuredSeconds: 61,
  },
  {
    ...BASE,
    name: "limit: 5 in 10 s, 3/s, 1 isolate",
    isolates: 1,
    roundTripsMs: [20],
    limit: { requests: 5, windowSeconds: 10 },
    arrivals: { kind: "random", perSecond: 3, rampSeconds: 0 },
    warmUpSeconds: 0,
    measuredSeconds: 41,
  },
  {
    ...REGIONAL,
    name: "lease 0: 2,000/s, 40 isolates, 20 ms, every request asks",
    lease: { base: 0, max: 0 },
  },
];
