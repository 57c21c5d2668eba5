import type { Confirmation } from "../../admission/guard/key-guard.ts";
import { MAX_GROUP_KEYS } from "../../admission/protocol.ts";
import { requireConfirmations } from "../../admission/wire.ts";
import { chunksOf, eachOf, within } from "../../core/concurrency.ts";
import type { KeyRecord } from "../../core/key/key-record.ts";
import { writePoint } from "../../core/usage/metrics.ts";
import { refuse } from "../../core/refusal.ts";
import type { Env } from "../../env.ts";
import { CUT_TIMEOUT_MS } from "../cut-timeout.ts";
import type { KeyTable } from "./keys/key-table.ts";
import type { Outbox } from "./outbox.ts";
import type { Settings } from "./settings.ts";
import type { Answered, Settlement } from "./settlement.ts";

/** The guard has not said that a change is in force: it is committed, and the outbox goes on trying. */
export const UNCONFIRMED = refuse("admission_unavailable", {
  retryAfter: 2,
  reason: "the key's guard has not confirmed",
});

/** Guards that one call writes to, of the thousand calls that an invocation may make. */
const GUARDS_A_CALL = 400;
/** Guards that are written to at a time, each of up to 64 records. */
const CONCURRENT_GUARDS = 32;
/** A record that its guard does not confirm is settled with it and put again, at most so often in a call. */
const MAX_ROUNDS = 4;

const NOTHING: ReadonlySet<string> = new Set();

/** `foreign`: the group is another organisation's or full, and does not take the key. */
export type Pushed = "in force" | "unconfirmed" | "foreign";

/** Keys of one guard that are put to it in one call. */
interface Batch {
  readonly guard: string;
  readonly keys: readonly string[];
}

interface Parts {
  readonly keys: KeyTable;
  readonly settings: Settings;
  readonly outbox: Outbox;
  readonly settlement: Settlement;
}

/** Records as they were put to their guard, and its answer. */
interface AnsweredPut {
  readonly orgId: string;
  readonly records: readonly KeyRecord[];
  readonly confirmations: readonly Confirmation[] | "foreign";
  /** Of the fields that it names, the organisation's values hold. */
  readonly chosen: ReadonlySet<string>;
}

/** Brings committed changes of keys to their guards, a group in one call, and knows when they are in force. */
export class Propagation {
  readonly #context: DurableObjectState;
  readonly #guards: Env["KEY_GUARD"];
  readonly #dataset: Env["METRICS"];
  readonly #parts: Parts;

  constructor(context: DurableObjectState, env: Pick<Env, "KEY_GUARD" | "METRICS">, parts: Parts) {
    this.#context = context;
    this.#guards = env.KEY_GUARD;
    this.#dataset = env.METRICS;
    this.#parts = parts;
  }

  /** Notes that the current versions of keys are to be pushed. To be called in the transaction of the change. */
  note(keyIds: readonly string[]): void {
    this.#parts.outbox.add(keyIds);
  }

  /**
   * Pushes the current version of a key to its guard. When the organisation turns out to be behind its guard, what both
   * records allow holds but for the fields in `chosen`, whose new values the change names.
   */
  async push(keyId: string, chosen: ReadonlySet<string> = NOTHING): Promise<Pushed> {
    const pushed = await this.#pushGroup(this.#parts.keys.places.guardOf(keyId), [keyId], chosen);
    this.#copyLater();
    return pushed.get(keyId) ?? "unconfirmed";
  }

  /** Pushes many keys; returns those that were not confirmed. The alarm goes on with them. */
  async pushAll(keyIds: readonly string[]): Promise<string[]> {
    const outcomes = await this.pushEach(keyIds);
    return keyIds.filter((keyId) => outcomes.get(keyId) !== "in force");
  }

  /** The same; returns the outcome of each key that was pushed. */
  async pushEach(keyIds: readonly string[]): Promise<ReadonlyMap<string, Pushed>> {
    const batches = this.#batchesOf(keyIds);
    if (batches.length > GUARDS_A_CALL) this.#parts.outbox.goOn();
    const outcomes = await this.#pushBatches(batches);
    if (keyIds.length > 0) this.#copyLater();
    return outcomes;
  }

  /** Pushes what an earlier call did not finish, and plans the next attempt for what still fails. */
  async retry(): Promise<void> {
    const { outbox } = this.#parts;
    const due = outbox.due(Date.now());
    if (due === null) return;
    const batches = this.#batchesOf(due);
    const outcomes = await this.#pushBatches(batches);
    await this.#copy();
    outbox.retryLater();
    // While guards answer, those that one call may not write to are not kept waiting.
    const isAnswered = outcomes.values().some((outcome) => outcome === "in force");
    if (batches.length > GUARDS_A_CALL && isAnswered) outbox.goOn();
    this.#reportBacklog();
  }

  #batchesOf(keyIds: readonly string[]): Batch[] {
    return [...this.#parts.keys.places.byGuard(keyIds)].flatMap(([guard, ids]) =>
      chunksOf(ids, MAX_GROUP_KEYS).map((keys) => ({ guard, keys })),
    );
  }

  /** Pushes as many of them as one call may; a key without an outcome is unconfirmed. */
  async #pushBatches(batches: readonly Batch[]): Promise<ReadonlyMap<string, Pushed>> {
    const outcomes = new Map<string, Pushed>();
    await eachOf(batches.slice(0, GUARDS_A_CALL), CONCURRENT_GUARDS, async ({ guard, keys }) => {
      const pushed = await this.#pushGroup(guard, keys, NOTHING);
      for (const [keyId, outcome] of pushed) outcomes.set(keyId, outcome);
    });
    return outcomes;
  }

  /** Pushes that failed again and wait: a guard, or KV, cannot be reached. */
  #reportBacklog(): void {
    const { waiting, attempts } = this.#parts.outbox.backlog();
    if (waiting === 0 || this.#dataset === undefined) return;
    const orgId = this.#parts.settings.orgId();
    writePoint(this.#dataset, { kind: "outbox", orgId, count: waiting, attempts });
  }

  /** When {@link retry} is to be called again; milliseconds since the epoch. */
  nextRetry(): number | null {
    return this.#parts.outbox.nextAttempt();
  }

  /** Puts keys to their guard until their records are in force. Keys missing in the answer are unconfirmed. */
  async #pushGroup(
    guard: string,
    keyIds: readonly string[],
    chosen: ReadonlySet<string>,
  ): Promise<Map<string, Pushed>> {
    const { keys, settings } = this.#parts;
    const orgId = settings.orgId();
    const outcomes = new Map<string, Pushed>();
    let waiting = keyIds;
    for (let round = 0; round < MAX_ROUNDS && waiting.length > 0; round++) {
      const records = [...keys.many.records(waiting, orgId).values()];
      const confirmations = await this.#put(guard, orgId, records);
      if (confirmations === "unconfirmed") break;
      waiting = this.#takeIn({ orgId, records, confirmations, chosen }, outcomes);
    }
    return outcomes;
  }

  /** Takes in what a guard has answered; returns the keys that are to be put again. */
  #takeIn({ orgId, records, confirmations, chosen }: AnsweredPut, outcomes: Map<string, Pushed>): string[] {
    const { settlement, outbox, keys } = this.#parts;
    const now = Date.now();
    return this.#context.storage.transactionSync(() => {
      const current = keys.many.records(
        records.map(({ id }) => id),
        orgId,
      );
      const answered: Answered[] = [];
      for (const [i, pushed] of records.entries()) {
        const told = confirmations === "foreign" ? undefined : confirmations[i];
        // Without a record the group has no room for the key.
        const confirmation = told?.record == null ? deadAbroad(pushed, now) : told;
        const ours = current.get(pushed.id);
        if (confirmation === undefined) outcomes.set(pushed.id, "foreign");
        else if (ours !== undefined) answered.push({ pushed, current: ours, confirmation });
      }
      const { inForce, again } = settlement.takeIn(answered, chosen, now);
      outbox.confirm(inForce);
      for (const keyId of inForce) outcomes.set(keyId, "in force");
      return again;
    });
  }

  async #put(
    guard: string,
    orgId: string,
    records: readonly KeyRecord[],
  ): Promise<Confirmation[] | "foreign" | "unconfirmed"> {
    try {
      const put = this.#guards.getByName(guard).put(orgId, records);
      const told = await within(CUT_TIMEOUT_MS, put);
      requireConfirmations(told, records.length);
      return told ?? "foreign";
    } catch {
      return "unconfirmed";
    }
  }

  #copyLater(): void {
    this.#context.waitUntil(this.#copy());
  }

  async #copy(): Promise<void> {
    const { outbox, settings, keys } = this.#parts;
    const orgId = settings.orgId();
    await outbox.copy(orgId, (keyIds) => keys.many.records(keyIds, orgId));
  }
}

/** A key cannot be alive in a group that does not take it; a live one waits, in case the group does later. */
function deadAbroad(record: KeyRecord, now: number): Confirmation | undefined {
  if (record.revokedAt === null) return undefined;
  return { record, confirmed: true, effectiveAt: now, version: record.version };
}
