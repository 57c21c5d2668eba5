import { addCalls, type CallCounts } from "../core/calls.ts";
import { addCounts, hourOf, type Usage, type UsageBatch } from "../core/usage.ts";

/** What is counted is on disk at most this much later; a crash forgets no more. */
const WRITE_BEHIND_MS = 200;
/** The first use shows within about a second; after that one delivery a key in this time. */
const FIRST_DELIVERY_MS = 1000;
const DELIVERY_INTERVAL_MS = 15_000;
const RETRY_MS = 30_000;

interface Ledger {
  /** Counted and not yet on its way. */
  readonly pending: UsageBatch | null;
  /** On its way to the organisation, and kept until it has arrived. */
  readonly sent: UsageBatch | null;
  readonly sequence: number;
  readonly deliveredAt: number;
}

/** A guard's counts: gathered in memory, written behind, delivered to the organisation by the guard's alarm. */
export class UsageLedger {
  readonly #storage: DurableObjectStorage;
  #ledger: Ledger;
  #writeDue = false;
  #alarmSet = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#ledger = storage.kv.get<Ledger>("usage") ?? {
      pending: null,
      sent: null,
      sequence: 0,
      deliveredAt: 0,
    };
  }

  add(usage: Usage, now: number): void {
    const { pending, sequence, deliveredAt } = this.#ledger;
    const hour = hourOf(usage.lastUsedAt);
    const last = pending !== null && pending.lastUsedAt > usage.lastUsedAt ? pending : usage;
    const calls = sumOf(pending?.calls, usage.calls);
    this.#ledger = {
      ...this.#ledger,
      sequence: pending?.sequence ?? sequence + 1,
      pending: {
        sequence: pending?.sequence ?? sequence + 1,
        hours: { ...pending?.hours, [hour]: addCounts(pending?.hours[hour], usage) },
        lastUsedAt: last.lastUsedAt,
        lastUsedIp: last.lastUsedIp,
        ...(calls && { calls }),
      },
    };
    this.#writeBehind();
    this.#setAlarm(Math.max(now + FIRST_DELIVERY_MS, deliveredAt + DELIVERY_INTERVAL_MS));
  }

  /** Hands the counts over; what does not arrive is kept and delivered again. */
  async deliver(send: (batch: UsageBatch) => Promise<unknown>): Promise<void> {
    this.#alarmSet = false;
    if (this.#ledger.sent === null) {
      this.#ledger = { ...this.#ledger, sent: this.#ledger.pending, pending: null };
      this.#write();
    }
    const { sent } = this.#ledger;
    if (sent === null) return;
    try {
      await send(sent);
    } catch {
      this.#setAlarm(Date.now() + RETRY_MS);
      return;
    }
    // Another call may have delivered the same batch meanwhile, and sent the next one off.
    if (this.#ledger.sent?.sequence !== sent.sequence) return;
    this.#ledger = { ...this.#ledger, sent: null, deliveredAt: Date.now() };
    this.#write();
    if (this.#ledger.pending !== null) this.#setAlarm(Date.now() + DELIVERY_INTERVAL_MS);
  }

  #writeBehind(): void {
    if (this.#writeDue) return;
    this.#writeDue = true;
    setTimeout(() => {
      this.#writeDue = false;
      this.#write();
    }, WRITE_BEHIND_MS);
  }

  /** Counts are not worth holding an admission for: the write is not waited for. */
  #write(): void {
    void this.#storage.put("usage", this.#ledger, { allowUnconfirmed: true });
  }

  #setAlarm(time: number): void {
    if (this.#alarmSet) return;
    this.#alarmSet = true;
    void this.#storage.setAlarm(time, { allowUnconfirmed: true });
  }
}

function sumOf(a: CallCounts | undefined, b: CallCounts | undefined): CallCounts | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const sum = new Map(a);
  for (const [name, calls] of b) addCalls(sum, name, calls);
  return sum;
}
