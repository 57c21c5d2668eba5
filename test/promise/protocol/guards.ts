import type { GuardStorage } from "../../../src/admission/guard/guard-storage.ts";
import type { Answer, Question } from "../../../src/admission/protocol.ts";
import type { Commit, GuardMemory, StoredKey } from "../../../src/admission/rules/guard.ts";
import type { Load } from "../../../src/admission/rules/load.ts";
import type { GuardedKey } from "../../../src/admission/rules/records.ts";
import type { KeyRecord } from "../../../src/core/key/key-record.ts";
import { ModelStorage } from "./model-storage.ts";
import type { Actor, Clock, World } from "./world.ts";

const DEFAULT_LIMIT = { requests: 1, windowSeconds: 1 };
const limitOf = ({ rateLimit }: KeyRecord) => rateLimit ?? DEFAULT_LIMIT;

/** An instance of the guard. */
class Instance implements Actor {
  isDead = false;
  readonly clock: Clock;
  readonly storage: ModelStorage;
  readonly store: GuardStorage;
  /** Calls that have no answer yet; they fail with the instance. */
  readonly open = new Set<() => void>();
  readonly #world: World;
  readonly #bounds: World["bounds"];
  readonly #memory: GuardMemory;
  readonly #load: Load;

  constructor(world: World, disk: Map<string, unknown>) {
    const { rules, profile } = world;
    this.#world = world;
    this.#bounds = world.bounds;
    this.clock = world.newClock();
    if (profile.countsByTime) this.clock.offset = 0;
    this.storage = new ModelStorage(world, disk, () => this.kill());
    this.store = new rules.GuardStorage(this.storage, DEFAULT_LIMIT);
    this.#memory = rules.startGuard(this.store);
    this.#startTimers();
    this.#load = rules.newLoad(this.now());
  }

  now(): number {
    return this.#world.read(this.clock);
  }

  ask(question: Question): Answer<GuardedKey> {
    const { rules, truth } = this.#world;
    const now = this.now();
    rules.noteCall(this.#load, now, 1e9, this.#bounds);
    const leaseMs = rules.leaseLength(this.#bounds, this.#load, question.leaseWanted);
    const answer = rules.answer(this.store, this.#memory, { question, leaseMs, limitOf }, now);
    truth.told(answer);
    this.#startTimers();
    return answer;
  }

  /** Commits by `change` and answers once the commit's wait is over. */
  commit<T extends Commit>(
    change: (store: GuardStorage, memory: GuardMemory, now: number) => T,
    reply: (commit: T, keys: ReadonlyMap<string, StoredKey>) => void,
  ): void {
    const { rules, truth } = this.#world;
    const before = new Map(this.store.keys());
    const commit = change(this.store, this.#memory, this.now());
    const after = new Map(this.store.keys());
    truth.committed(before, after);
    this.#world.after(commit.waitMs / (1 + this.clock.drift), this, () => {
      rules.settle(this.#memory, commit.settles);
      reply(commit, after);
    });
  }

  #startTimers(): void {
    const { rules } = this.#world;
    const { given } = this.#memory;
    for (const leaseMs of rules.timersToStart(given)) {
      this.#world.after(leaseMs / (1 + this.clock.drift), this, () => {
        rules.endLeases(given, leaseMs);
        this.#startTimers();
      });
    }
  }

  kill(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.storage.kill();
    for (const fail of this.open) fail();
  }
}

/** The guard of one group, which crashes, moves, and may have two instances for a while. */
export class ModelGuard {
  readonly #world: World;
  readonly #disk = new Map<string, unknown>();
  #current: Instance | null = null;
  #superseded: Instance | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** A call that may be delayed, lost, or fail. `done` gets `null` when it failed. */
  send<T>(
    from: Actor,
    work: (guard: Instance, reply: (value: T) => void) => void,
    done: (value: T | null) => void,
    loseAnswer = this.#world.profile.lose,
  ): void {
    const world = this.#world;
    let isSettled = false;
    const settle = (value: T | null) => {
      if (isSettled) return;
      isSettled = true;
      world.after(world.way(), from, () => done(value));
    };
    if (world.chance(world.profile.lose)) return world.after(world.loss(), null, () => settle(null));
    const isAnswerLost = world.chance(loseAnswer);
    world.after(world.way(), null, () => {
      const instance = this.#whicheverHears();
      const fail = () => settle(null);
      instance.open.add(fail);
      const leave = (value: T) => {
        instance.open.delete(fail);
        if (isAnswerLost) world.after(world.loss(), null, fail);
        else settle(value);
      };
      const reply = (value: T) => {
        if (instance.isDead) fail();
        else instance.storage.whenDurable(() => leave(value));
      };
      try {
        work(instance, reply);
      } catch {
        fail();
      }
    });
  }

  crash(): void {
    const instance = this.#current;
    if (instance === null) return;
    // What is being written may become durable or not, as a whole.
    if (this.#world.chance(0.3)) instance.storage.flush();
    instance.kill();
  }

  /** Another instance takes over while this one still answers. */
  supersede(): void {
    const old = this.#current;
    if (old === null || old.isDead || (this.#superseded !== null && !this.#superseded.isDead)) return;
    this.#superseded = old;
    old.storage.isSuperseded = true;
    this.#world.after(this.#world.between(5, 600), null, () => old.kill());
    this.#current = new Instance(this.#world, this.#disk);
  }

  stepClock(byMs: number): void {
    if (this.#current !== null) this.#current.clock.offset += byMs;
  }

  #whicheverHears(): Instance {
    const old = this.#superseded;
    if (old !== null && !old.isDead && this.#world.chance(0.5)) return old;
    if (this.#current === null || this.#current.isDead) this.#current = new Instance(this.#world, this.#disk);
    return this.#current;
  }
}
