import type { Change } from "../rules/guard.ts";
import { simulatedRecord, type SimulatedGuard } from "./guard.ts";
import type { Notes } from "./figures.ts";
import type { Network } from "./network.ts";
import type { Scenario } from "./scenarios.ts";

/** How far the organisation is from its guards. */
const ORGANIZATION_ROUND_TRIP_MS = 30;
/** Calls to guards that the organisation makes at a time. */
const CALLS_AT_A_TIME = 64;
const FIRST_CUT_MS = 100;
const NEXT_CUT_MS = 400;
const RETRY_MS = 100;

/** Changes of keys by their organisation, and how long each takes to be in force everywhere. */
export class Changes {
  readonly #network: Network;
  readonly #guards: readonly SimulatedGuard[];
  readonly #notes: Notes;
  readonly #scenario: Scenario;
  readonly #tookMs: number[] = [];
  #version = 1;

  constructor(network: Network, guards: readonly SimulatedGuard[], notes: Notes, scenario: Scenario) {
    this.#network = network;
    this.#guards = guards;
    this.#notes = notes;
    this.#scenario = scenario;
  }

  plan(from: number, end: number): void {
    const { cut } = this.#scenario;
    const at = from + FIRST_CUT_MS;
    if (cut === "one") this.#network.queue.at(at, () => this.#changeOne(end));
    if (cut === "all") this.#network.queue.at(at, () => this.#revokeAll());
  }

  usualMs(): number | null {
    return this.#tookMs.toSorted((a, b) => a - b)[this.#tookMs.length >> 1] ?? null;
  }

  longestMs(): number | null {
    return this.#tookMs.length === 0 ? null : Math.max(...this.#tookMs);
  }

  /** Changes the first key again and again. */
  #changeOne(end: number): void {
    const [guard] = this.#guards;
    const [id] = guard?.keyIds ?? [];
    if (guard === undefined || id === undefined) return;
    const { queue } = this.#network;
    const startedAt = queue.now;
    const version = ++this.#version;
    const put = simulatedRecord(id, version, this.#scenario.limit);
    this.#commit(guard, [{ id, put }], () => {
      this.#tookMs.push(queue.now - startedAt);
      if (queue.now + NEXT_CUT_MS < end) queue.after(NEXT_CUT_MS, () => this.#changeOne(end));
    });
  }

  /** Revokes every key by one call a group. */
  #revokeAll(): void {
    const { queue } = this.#network;
    const startedAt = queue.now;
    const left = [...this.#guards];
    let open = 0;
    const callMore = () => {
      while (open < CALLS_AT_A_TIME) {
        const guard = left.pop();
        if (guard === undefined) break;
        open++;
        const changes = guard.keyIds.map((id) => ({ id, cut: { at: this.#network.clock() } }));
        this.#commit(guard, changes, () => {
          open--;
          callMore();
        });
      }
      if (open === 0) this.#tookMs.push(queue.now - startedAt);
    };
    callMore();
  }

  /** Commits at a guard, waits as the commit says, and tells what was acknowledged. */
  #commit(guard: SimulatedGuard, changes: readonly Change[], done: () => void): void {
    const { queue } = this.#network;
    guard.call(
      ORGANIZATION_ROUND_TRIP_MS,
      () => guard.commit(changes),
      (called) => {
        if (called.failure !== null) return queue.after(RETRY_MS, () => this.#commit(guard, changes, done));
        // The wait is the guard's, before its answer leaves; the way back takes the same time after it.
        queue.after(called.value.waitMs, () => {
          guard.settle(called.value.settles);
          for (const { id, inForce } of called.value.applied) {
            if (inForce !== null) this.#notes.acknowledge(id, inForce.version);
          }
          done();
        });
      },
    );
  }
}
