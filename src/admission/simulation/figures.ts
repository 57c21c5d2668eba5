import type { RateLimit } from "../../core/key/key-record.ts";
import type { Decided, Source } from "./isolate.ts";

/** What a simulation found. Shares are of the requests of the measured time, from 0 to 1. */
export interface Figures {
  readonly name: string;
  /** Decided by what the isolate held, without I/O. */
  readonly leaseShare: number;
  /** Decided by an answer of the guard, whichever request asked. */
  readonly askedShare: number;
  /** Answered 503. */
  readonly unavailableShare: number;
  /** Over the limit; part of the two first shares. */
  readonly limitedShare: number;
  readonly guardCallsPerSecond: number;
  /** The wait of 99 requests of 100 was no longer. */
  readonly addedP99Ms: number;
  /** From the end of the outage to the last 503; `null` without an outage. */
  readonly recoverySeconds: number | null;
  /** How long a change usually takes to be in force everywhere, and the longest; `null` when nothing was changed. */
  readonly cutMs: number | null;
  readonly longestCutMs: number | null;
  readonly largestRoundTripMs: number;
  readonly longestLeaseMs: number;
  /** Rows that guards and the organisation wrote for each request. */
  readonly rowsPerRequest: number;
  /** Requests decided by a record from before a change that was acknowledged before they arrived. */
  readonly late: number;
  /** Requests admitted beyond the limit of a window. */
  readonly overLimit: number;
}

/** Notes what becomes of requests. Times are milliseconds of virtual time. */
export class Notes {
  late = 0;
  overLimit = 0;
  readonly #from: number;
  readonly #limit: RateLimit;
  readonly #waits: number[] = [];
  readonly #counts: Record<Source | "limited" | "all", number> = {
    lease: 0,
    asked: 0,
    unavailable: 0,
    limited: 0,
    all: 0,
  };
  readonly #acknowledged = new Map<string, number>();
  readonly #windows = new Map<string, { number: number; used: number }>();
  #lastUnavailable = 0;

  constructor(from: number, limit: RateLimit) {
    this.#from = from;
    this.#limit = limit;
  }

  /** The version of a key that no later request may be decided by less than. */
  acknowledge(keyId: string, version: number): void {
    this.#acknowledged.set(keyId, version);
  }

  acknowledged(keyId: string): number {
    return this.#acknowledged.get(keyId) ?? 1;
  }

  note({ keyId, arrivedAt, source, decision, mustVersion }: Decided, now: number): void {
    const version = decision?.held?.record.version ?? 0;
    if (decision !== null && version < mustVersion) this.late++;
    if (decision?.kind === "admitted") this.#noteWindow(keyId, decision.window);
    if (source === "unavailable") this.#lastUnavailable = now;
    if (now < this.#from) return;
    this.#counts.all++;
    this.#counts[source]++;
    if (decision?.kind === "limited") this.#counts.limited++;
    this.#waits.push(now - arrivedAt);
  }

  share(of: Source | "limited"): number {
    return this.#counts[of] / Math.max(1, this.#counts.all);
  }

  get requests(): number {
    return this.#counts.all;
  }

  waitOf(share: number): number {
    const sorted = Float64Array.from(this.#waits).toSorted();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }

  unavailableSince(time: number): number {
    return Math.max(0, this.#lastUnavailable - time);
  }

  #noteWindow(keyId: string, number: number): void {
    const window = this.#windows.get(keyId);
    // An isolate may use units of a window that others have left.
    if (window === undefined || number > window.number) this.#windows.set(keyId, { number, used: 1 });
    else if (number === window.number && ++window.used > this.#limit.requests) this.overLimit++;
  }
}
