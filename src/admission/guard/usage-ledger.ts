import { logText } from "../../core/http/log-text.ts";
import { addReport, newTally, type UsageTally } from "../../core/usage/usage-tally.ts";
import type { KeyUsageReport, UsageReport } from "../../core/usage/usage.ts";

/** Counts go to the organisation once in this time, behind a question; a crash forgets no more than that. */
const DELIVERY_INTERVAL_MS = 60_000;
/** A group that has gone quiet may be evicted after 10 s: one that is used again within this time need not deliver. */
const QUIET_DELAY_MS = 8_000;
const RETRY_MS = 10_000;
/** A delivery that fails is given up after this, so that a guard whose organisation is gone can sleep. */
const MAX_RETRIES = 6;

type Send = (report: UsageReport) => Promise<unknown>;

/** The clock and the timers of a ledger, in milliseconds. */
interface LedgerTime {
  now(): number;
  after(ms: number, run: () => void): void;
}

const REAL_TIME: LedgerTime = {
  now: () => Date.now(),
  after: (ms, run) => void setTimeout(run, ms),
};

/**
 * What a guard has counted of its keys, in memory. A report is kept until it has arrived and is sent again as it was, so
 * that the organisation can tell a repeat.
 *
 * A timer keeps the object in memory, which costs more than all else: while the group is in use none runs. Its last word,
 * which isolates say before an idle object is evicted, delivers the rest.
 */
export class UsageLedger {
  readonly #send: Send;
  readonly #time: LedgerTime;
  readonly #instance = crypto.randomUUID();
  readonly #group: string;
  #pending = new Map<string, UsageTally>();
  #sent: UsageReport | null = null;
  #sequence = 0;
  #isPlanned = false;
  /** When the oldest of the counts was taken in; `null` for none. */
  #countedSince: number | null = null;
  /** Its last word came soon after the one before: it will soon be used again. */
  #returnsSoon = false;
  /** When the group went quiet; `null` while it is in use. */
  #quietSince: number | null = null;
  /** When it last went quiet. */
  #lastQuietAt: number | null = null;
  #failures = 0;
  #delivering: Promise<void> | null = null;

  constructor(group: string, send: Send, time = REAL_TIME) {
    this.#group = group;
    this.#send = send;
    this.#time = time;
  }

  add(keyId: string, report: KeyUsageReport): void {
    let tally = this.#pending.get(keyId);
    if (tally === undefined) this.#pending.set(keyId, (tally = newTally()));
    addReport(tally, report);
  }

  /** Plans the next delivery of what has been counted. */
  plan(isQuiet: boolean, now: number): void {
    if (isQuiet) {
      this.#returnsSoon = this.#lastQuietAt !== null && now - this.#lastQuietAt < QUIET_DELAY_MS;
      this.#lastQuietAt = now;
    }
    this.#quietSince = isQuiet ? now : null;
    if (this.#pending.size === 0 && this.#sent === null) return;
    this.#countedSince ??= now;
    // The clock may have been set back.
    const isDue = Math.abs(now - this.#countedSince) >= DELIVERY_INTERVAL_MS;
    if (isDue || (isQuiet && !this.#returnsSoon)) {
      // After a failure the retry comes by itself.
      if (!this.#isPlanned) void this.deliver();
      return;
    }
    if (!isQuiet) return;
    this.#time.after(QUIET_DELAY_MS, () => {
      if (this.#quietSince === now) void this.deliver();
    });
  }

  /** Delivers what has been counted so far. What does not arrive is delivered again. */
  deliver(): Promise<void> {
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = null;
    });
    return this.#delivering;
  }

  async #deliverAll(): Promise<void> {
    try {
      while (this.#sent !== null || this.#pending.size > 0) {
        this.#sent ??= this.#nextReport();
        await this.#send(this.#sent);
        this.#sent = null;
        this.#failures = 0;
      }
    } catch (error) {
      this.#countedSince = this.#time.now();
      const willRetry = ++this.#failures <= MAX_RETRIES;
      if (willRetry) this.#deliverIn(RETRY_MS * this.#failures);
      if (this.#failures === 1 || !willRetry) this.#logFailure(error);
    }
  }

  /** The first failure, and the one after which counts wait until the group is used again. */
  #logFailure(error: unknown): void {
    const [time, failed] = [new Date(this.#time.now()).toISOString(), "usage"];
    const { group: guard, attempts } = { group: this.#group, attempts: this.#failures };
    console.error(JSON.stringify({ time, failed, guard, attempts, reason: logText(String(error)) }));
  }

  #nextReport(): UsageReport {
    const keys = Object.fromEntries(this.#pending);
    this.#pending = new Map();
    this.#countedSince = null;
    return { group: this.#group, instance: this.#instance, sequence: ++this.#sequence, keys };
  }

  #deliverIn(ms: number): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#time.after(ms, () => {
      this.#isPlanned = false;
      void this.deliver();
    });
  }
}
