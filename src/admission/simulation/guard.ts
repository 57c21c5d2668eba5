import type { KeyRecord, RateLimit } from "../../core/key/key-record.ts";
import type { UsageReport } from "../../core/usage/usage.ts";
import { NO_DENIALS } from "../../core/token/token-denials.ts";
import { GuardStorage } from "../guard/guard-storage.ts";
import { UsageLedger } from "../guard/usage-ledger.ts";
import type { Answer, Question } from "../protocol.ts";
import {
  answer,
  commit,
  settle,
  startGuard,
  type Change,
  type Commit,
  type GuardMemory,
} from "../rules/guard.ts";
import {
  GUARD_CALLS_PER_S,
  leaseLength,
  newLoad,
  noteCall,
  type LeaseBounds,
  type Load,
} from "../rules/load.ts";
import { endLeases, timersToStart } from "../rules/given.ts";
import type { GuardedKey } from "../rules/records.ts";
import { CountedStorage } from "./counted-storage.ts";
import type { Network } from "./network.ts";

/** A group is put out of memory when it was not called for so long. */
const IDLE_MS = 10_000;
/** A call that would wait longer than this in the object's queue is refused as overloaded. */
const MAX_QUEUE_MS = 1_000;
/** An answer leaves so much later when something was written. */
const DURABLE_AFTER_MS = 8;
/** Rows that the organisation writes for a delivery of usage, and for a key in each hour of its use. */
export const ROWS_PER_DELIVERY = 1;
export const ROWS_PER_KEY_HOUR = 12;
const HOUR_MS = 3_600_000;
/** How long a call keeps the object at work. */
const CALL_MS = 1;
const ORGANIZATION = "org_simulated";
const DEFAULT_LIMIT: RateLimit = { requests: 1000, windowSeconds: 60 };

type Failure = "reset" | "overloaded";
export type Called<T> = { readonly failure: Failure } | { readonly failure: null; readonly value: T };

interface GuardSettings {
  readonly group: string;
  readonly keyIds: readonly string[];
  /** Of each key, in the order of their ids. */
  readonly limits: readonly RateLimit[];
  readonly lease: LeaseBounds;
  /** Calls that the object does in a second; `null` for any number. */
  readonly callsPerSecond: number | null;
  /** Whether calls that arrive at a time fail. */
  readonly isOut: (now: number) => boolean;
  /** Hears of each delivery of usage to the organisation. */
  readonly onDelivery?: (report: UsageReport) => void;
}

interface Instance {
  readonly memory: GuardMemory;
  readonly load: Load;
  readonly usage: UsageLedger;
}

/** A guard as the network sees it: the product's rules, storage and ledger behind the queue of one object. */
export class SimulatedGuard {
  calls = 0;
  deliveries = 0;
  organizationRows = 0;
  /** Milliseconds in which the object was at work, or kept in memory by a timer, which is charged alike. */
  activeMs = 0;
  longestLeaseMs = 0;
  readonly #network: Network;
  readonly #settings: GuardSettings;
  readonly #storage = new CountedStorage();
  readonly #store = new GuardStorage(this.#storage, DEFAULT_LIMIT);
  #instance: Instance;
  #calledAt: number;
  /** The hour of the last delivery, and the keys that were delivered in it. */
  #hour = -1;
  readonly #keysOfHour = new Set<string>();
  #freeAt = 0;
  #activeUntil = 0;

  constructor(network: Network, settings: GuardSettings) {
    this.#network = network;
    this.#settings = settings;
    this.#store.claim(ORGANIZATION);
    this.#store.putGroup({ revision: 1, longestLeaseMs: settings.lease.base });
    for (const [i, id] of settings.keyIds.entries()) {
      const record = simulatedRecord(id, 1, settings.limits[i] ?? null);
      this.#store.putKey(id, { record, denials: NO_DENIALS, revision: 1, revocation: null });
    }
    this.#calledAt = network.clock();
    this.#instance = this.#start();
  }

  get keyIds(): readonly string[] {
    return this.#settings.keyIds;
  }

  /** Rows on record now. */
  get rowsStored(): number {
    return this.#storage.size;
  }

  get rowsRead(): number {
    return this.#storage.rowsRead;
  }

  /** Rows that the guard itself has written. */
  get ownRowsWritten(): number {
    return this.#storage.rowsWritten;
  }

  get rowsWritten(): number {
    return this.#storage.rowsWritten + this.organizationRows;
  }

  /** A call from a caller who is a round trip away. */
  call<T>(roundTripMs: number, work: (guard: this) => T, done: (result: Called<T>) => void): void {
    const { queue } = this.#network;
    const reply = (ms: number, result: Called<T>) =>
      queue.after(ms + this.#network.leg(roundTripMs), () => done(result));
    queue.after(this.#network.leg(roundTripMs), () => {
      this.calls++;
      if (this.#settings.isOut(queue.now)) return reply(0, { failure: "reset" });
      const startsAt = this.#takeTurn(queue.now);
      if (startsAt === null) return reply(0, { failure: "overloaded" });
      queue.at(startsAt, () => {
        const before = this.#storage.rowsWritten;
        this.#wake();
        const value = work(this);
        const durableMs = this.#storage.rowsWritten > before ? DURABLE_AFTER_MS : 0;
        this.#noteActive(CALL_MS + durableMs);
        reply(durableMs, { failure: null, value });
      });
    });
  }

  ask(question: Question): Answer<GuardedKey> {
    const now = this.#network.clock();
    const { memory, load, usage } = this.#instance;
    noteCall(load, now, GUARD_CALLS_PER_S, this.#settings.lease);
    const leaseMs = leaseLength(this.#settings.lease, load, question.leaseWanted);
    this.longestLeaseMs = Math.max(this.longestLeaseMs, leaseMs);
    const told = answer(
      this.#store,
      memory,
      { question, leaseMs, limitOf: (record) => this.#limitOf(record) },
      now,
    );
    this.#startTimers(memory);
    for (const { id, usage: report } of question.keys) if (report !== null) usage.add(id, report);
    usage.plan(question.final, now);
    return told;
  }

  commit(changes: readonly Change[]): Commit {
    return commit(this.#store, this.#instance.memory, changes, this.#network.clock());
  }

  settle(revision: number): void {
    settle(this.#instance.memory, revision);
  }

  #startTimers({ given }: GuardMemory): void {
    for (const leaseMs of timersToStart(given)) {
      this.#network.queue.after(leaseMs, () => {
        endLeases(given, leaseMs);
        if (this.#instance.memory.given === given) this.#startTimers(this.#instance.memory);
      });
    }
  }

  #limitOf(record: KeyRecord): RateLimit {
    return record.rateLimit ?? DEFAULT_LIMIT;
  }

  /** When a call that arrives now is done; `null` when the object is overloaded. */
  #takeTurn(now: number): number | null {
    const { callsPerSecond } = this.#settings;
    if (callsPerSecond === null) return now;
    const startsAt = Math.max(now, this.#freeAt);
    if (startsAt - now > MAX_QUEUE_MS) return null;
    this.#freeAt = startsAt + 1000 / callsPerSecond;
    return this.#freeAt;
  }

  #wake(): void {
    const now = this.#network.clock();
    if (now - this.#calledAt > IDLE_MS) this.#instance = this.#start();
    this.#calledAt = now;
  }

  /** Keys that are delivered for the first time in this hour. */
  #newKeyHours(keys: UsageReport["keys"]): number {
    const hour = Math.floor(this.#network.queue.now / HOUR_MS);
    if (hour !== this.#hour) this.#keysOfHour.clear();
    this.#hour = hour;
    const known = this.#keysOfHour.size;
    for (const id of Object.keys(keys)) this.#keysOfHour.add(id);
    return this.#keysOfHour.size - known;
  }

  #noteActive(ms: number): void {
    const { now } = this.#network.queue;
    const until = Math.max(this.#activeUntil, now + ms);
    this.activeMs += until - Math.max(this.#activeUntil, now);
    this.#activeUntil = until;
  }

  #start(): Instance {
    const usage: UsageLedger = new UsageLedger(
      this.#settings.group,
      (report) => {
        this.deliveries++;
        this.organizationRows += ROWS_PER_DELIVERY + this.#newKeyHours(report.keys) * ROWS_PER_KEY_HOUR;
        this.#settings.onDelivery?.(report);
        return Promise.resolve();
      },
      {
        now: () => this.#network.clock(),
        // Timers end with the instance that set them.
        after: (ms, run) => {
          this.#noteActive(ms);
          this.#network.queue.after(ms, () => this.#instance.usage === usage && run());
        },
      },
    );
    const memory = startGuard(this.#store);
    this.#startTimers(memory);
    return { memory, load: newLoad(this.#network.clock()), usage };
  }
}

export function simulatedRecord(id: string, version: number, limit: RateLimit | null): KeyRecord {
  return {
    id,
    orgId: ORGANIZATION,
    ownerId: "usr_simulated",
    ownerKind: "user",
    hash: "0".repeat(64),
    version,
    scopes: [],
    vaults: "*",
    ownerVaults: "*",
    allowedIps: [],
    rateLimit: limit,
    disabled: false,
    expiresAt: null,
    revokedAt: null,
    retiresAt: null,
  };
}
