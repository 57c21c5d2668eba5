import { SimulatedGuard } from "./guard.ts";
import { Notes, type Figures } from "./figures.ts";
import { SimulatedIsolate } from "./isolate.ts";
import { Network } from "./network.ts";
import type { Scenario } from "./scenarios.ts";
import { Changes } from "./changes.ts";

const SLACK_MS = 20;
/** Promises of the guards' ledgers settle between slices of virtual time of this length. */
const SLICE_MS = 100;

/** Runs a scenario; the same seed gives the same figures. */
export async function simulate(scenario: Scenario, seed = 1): Promise<Figures> {
  const simulation = new Simulation(scenario, seed);
  await simulation.run();
  return simulation.figures();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #network: Network;
  readonly #from: number;
  readonly #end: number;
  readonly #notes: Notes;
  readonly #guards: readonly SimulatedGuard[];
  readonly #isolates: readonly SimulatedIsolate[];
  readonly #changes: Changes;
  #callsBefore = 0;
  #rowsBefore = 0;

  constructor(scenario: Scenario, seed: number) {
    this.#scenario = scenario;
    this.#network = new Network(seed);
    this.#from = scenario.warmUpSeconds * 1000;
    this.#end = this.#from + scenario.measuredSeconds * 1000;
    this.#notes = new Notes(this.#from, scenario.limit);
    this.#guards = Array.from({ length: scenario.groups }, (_, group) => this.#newGuard(group));
    this.#isolates = Array.from({ length: scenario.isolates }, (_, at) => this.#newIsolate(at));
    this.#changes = new Changes(this.#network, this.#guards, this.#notes, scenario);
  }

  async run(): Promise<void> {
    const { queue } = this.#network;
    queue.at(this.#from, () => {
      this.#callsBefore = this.#sum((guard) => guard.calls);
      this.#rowsBefore = this.#sum((guard) => guard.rowsWritten);
    });
    this.#arrive();
    this.#changes.plan(this.#from, this.#end);
    for (let until = 0; until < this.#end; until += SLICE_MS) {
      queue.runUntil(until);
      await new Promise(setImmediate);
    }
  }

  figures(): Figures {
    const { scenario, notes } = { scenario: this.#scenario, notes: this.#notes };
    const { outage } = scenario;
    const calls = this.#sum((guard) => guard.calls) - this.#callsBefore;
    const rows = this.#sum((guard) => guard.rowsWritten) - this.#rowsBefore;
    return {
      name: scenario.name,
      leaseShare: notes.share("lease"),
      askedShare: notes.share("asked"),
      unavailableShare: notes.share("unavailable"),
      limitedShare: notes.share("limited"),
      guardCallsPerSecond: calls / scenario.measuredSeconds,
      addedP99Ms: notes.waitOf(0.99),
      recoverySeconds: outage && notes.unavailableSince(this.#from + outage.to * 1000) / 1000,
      cutMs: this.#changes.usualMs(),
      longestCutMs: this.#changes.longestMs(),
      largestRoundTripMs: Math.max(...scenario.roundTripsMs),
      longestLeaseMs: Math.max(...this.#guards.map((guard) => guard.longestLeaseMs)),
      rowsPerRequest: rows / Math.max(1, notes.requests),
      late: notes.late,
      overLimit: notes.overLimit,
    };
  }

  #sum(of: (guard: SimulatedGuard) => number): number {
    return this.#guards.reduce((sum, guard) => sum + of(guard), 0);
  }

  #newGuard(group: number): SimulatedGuard {
    const { limit, lease, guardCapacity, keysPerGroup, outage } = this.#scenario;
    const limits = Array.from({ length: keysPerGroup }, () => limit);
    return new SimulatedGuard(this.#network, {
      group: groupName(group),
      keyIds: Array.from({ length: keysPerGroup }, (_, key) => keyId(group, key)),
      limits,
      lease,
      callsPerSecond: guardCapacity,
      isOut: (now) => {
        const second = (now - this.#from) / 1000;
        return outage !== null && second >= outage.from && second < outage.to;
      },
    });
  }

  #newIsolate(at: number): SimulatedIsolate {
    const { roundTripsMs, isolates, lease } = this.#scenario;
    const roundTripMs = roundTripsMs[Math.floor((at * roundTripsMs.length) / isolates)] ?? 0;
    const guards = new Map(this.#guards.map((guard, group) => [groupName(group), guard]));
    return new SimulatedIsolate(this.#network, {
      roundTripMs,
      lease,
      slackMs: SLACK_MS,
      guardOf: (group) => guards.get(group) ?? fail(group),
      acknowledged: (id) => this.#notes.acknowledged(id),
      note: (decided) => this.#notes.note(decided, this.#network.queue.now),
    });
  }

  #arrive(): void {
    const { arrivals, groups, keysPerGroup } = this.#scenario;
    if (arrivals.kind === "random") return this.#arriveRandomly(arrivals.perSecond, arrivals.rampSeconds);
    for (let group = 0; group < groups; group++) {
      for (let key = 0; key < keysPerGroup; key++) this.#arriveRegularly(group, key, arrivals.everyMs);
    }
  }

  #arriveRandomly(perSecond: number, rampSeconds: number): void {
    const { groups, keysPerGroup } = this.#scenario;
    const { queue, random } = this.#network;
    let owed = 0;
    const millisecond = () => {
      const grown = rampSeconds === 0 ? 1 : Math.min(1, queue.now / 1000 / rampSeconds);
      for (owed += (perSecond * grown) / 1000; owed >= 1; owed--) {
        const group = Math.floor(random() * groups);
        const key = Math.floor(random() * keysPerGroup);
        queue.after(random(), () => this.#request(group, key));
      }
      if (queue.now < this.#end) queue.after(1, millisecond);
    };
    queue.at(0, millisecond);
  }

  #arriveRegularly(group: number, key: number, everyMs: number): void {
    const { queue, random } = this.#network;
    const again = () => {
      this.#request(group, key);
      queue.after(everyMs * (0.5 + random()), again);
    };
    queue.at(random() * everyMs, again);
  }

  #request(group: number, key: number): void {
    const isolate = this.#isolates[Math.floor(this.#network.random() * this.#isolates.length)];
    isolate?.request(groupName(group), keyId(group, key));
  }
}

const groupName = (group: number): string => `g${group}`;
const keyId = (group: number, key: number): string => `key_${group}_${key}`;

function fail(group: string): never {
  throw new Error(`no guard of ${group}`);
}
