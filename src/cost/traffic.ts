import { SimulatedGuard } from "../admission/simulation/guard.ts";
import { SimulatedIsolate, type Decided } from "../admission/simulation/isolate.ts";
import { Network } from "../admission/simulation/network.ts";
import type { RateLimit } from "../core/key/key-record.ts";
import type { UsageReport } from "../core/usage/usage.ts";

/** Groups of keys, each key by its requests a second. */
export type Load = readonly (readonly number[])[];

/** Called for the events of a run. */
interface Listeners {
  readonly onDecided?: (decided: Decided) => void;
  /** A group's counts, as they are delivered to its organisation. */
  readonly onDelivery?: (group: number, report: UsageReport) => void;
}

/** What was called, read and written since the start. */
interface Counts {
  readonly calls: number;
  readonly deliveries: number;
  readonly rowsRead: number;
  /** Rows that the guards themselves wrote. */
  readonly rowsWritten: number;
  readonly activeMs: number;
}

const LEASE = { base: 200, max: 1000 };
const SLACK_MS = 20;
const ROUND_TRIPS_MS = [10, 20, 40, 80] as const;
/** Promises of the guards' ledgers settle between slices of virtual time of this length. */
const SLICE_MS = 250;
const SEED = 1;

/** A load over the product's own leases, guards and ledgers in virtual time: requests of each key come at random. */
export class Traffic {
  readonly guards: readonly SimulatedGuard[];
  readonly isolates: readonly SimulatedIsolate[];
  readonly #network = new Network(SEED);
  #ranTo = 0;

  constructor(load: Load, isolates: number, { onDecided, onDelivery }: Listeners) {
    this.guards = load.map((rates, group) => newGuard(this.#network, group, rates, onDelivery));
    const guardOf = (name: string) => this.guards[groupNumber(name)] ?? fail(name);
    this.isolates = Array.from(
      { length: isolates },
      (_, at) =>
        new SimulatedIsolate(this.#network, {
          roundTripMs: ROUND_TRIPS_MS[at % ROUND_TRIPS_MS.length] ?? 0,
          lease: LEASE,
          slackMs: SLACK_MS,
          guardOf,
          acknowledged: () => 1,
          note: (decided) => onDecided?.(decided),
        }),
    );
    this.#arrive(load);
  }

  /** Milliseconds of virtual time since the start. */
  get elapsed(): number {
    return this.#network.queue.now;
  }

  /** What every clock shows; milliseconds since the epoch. */
  clock(): number {
    return this.#network.clock();
  }

  async runUntil(end: number): Promise<void> {
    while (this.#ranTo < end) {
      this.#ranTo = Math.min(end, this.#ranTo + SLICE_MS);
      this.#network.queue.runUntil(this.#ranTo);
      await new Promise(setImmediate);
    }
  }

  counts(): Counts {
    const sum = (of: (guard: SimulatedGuard) => number) =>
      this.guards.reduce((total, guard) => total + of(guard), 0);
    return {
      calls: sum((guard) => guard.calls),
      deliveries: sum((guard) => guard.deliveries),
      rowsRead: sum((guard) => guard.rowsRead),
      rowsWritten: sum((guard) => guard.ownRowsWritten),
      activeMs: sum((guard) => guard.activeMs),
    };
  }

  #arrive(load: Load): void {
    const { queue, random } = this.#network;
    for (const [group, rates] of load.entries()) {
      for (const [key, perSecond] of rates.entries()) {
        const pause = () => (-Math.log(1 - random()) / perSecond) * 1000;
        const again = () => {
          const isolate = this.isolates[Math.floor(random() * this.isolates.length)];
          isolate?.request(groupName(group), keyId(group, key));
          queue.after(pause(), again);
        };
        queue.after(pause(), again);
      }
    }
  }
}

function newGuard(
  network: Network,
  group: number,
  rates: readonly number[],
  onDelivery: Listeners["onDelivery"],
): SimulatedGuard {
  return new SimulatedGuard(network, {
    group: groupName(group),
    keyIds: rates.map((_, key) => keyId(group, key)),
    limits: rates.map(limitFor),
    lease: LEASE,
    callsPerSecond: null,
    isOut: () => false,
    onDelivery: (report) => onDelivery?.(group, report),
  });
}

/** The default limit, or one that a key with more traffic would have been given. */
function limitFor(perSecond: number): RateLimit {
  return { requests: Math.max(1000, Math.ceil(perSecond * 180)), windowSeconds: 60 };
}

export const keyId = (group: number, key: number): string => `key_${group}_${key}`;
const groupName = (group: number): string => `g${group}`;
const groupNumber = (name: string): number => Number(name.slice(1));

function fail(group: string): never {
  throw new Error(`no guard of ${group}`);
}
