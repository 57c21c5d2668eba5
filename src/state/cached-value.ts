interface CachedValueOptions {
  /** The age at which the value is asked for again, in milliseconds. */
  readonly maxAgeMs: number;
  /** How long after a failure it is asked for again, in milliseconds. */
  readonly retryMs: number;
}

/**
 * A value that an isolate asks another party for and caches. The cached value outlives that party's outage. Without one the
 * failure is cached, so that an outage does not make every request ask.
 */
export class CachedValue<T> {
  readonly #ask: (now: number) => Promise<T>;
  readonly #options: CachedValueOptions;
  #known: { readonly value: T } | { readonly failure: unknown } | null = null;
  /** Milliseconds since the epoch. */
  #refreshAt = 0;

  constructor(ask: (now: number) => Promise<T>, options: CachedValueOptions) {
    this.#ask = ask;
    this.#options = options;
  }

  /** The answer, as old as it may be at `now`, in milliseconds since the epoch. Throws what asking for it threw. */
  async get(now: number): Promise<T> {
    const known = this.#known;
    if (known !== null && now < this.#refreshAt) return valueOf(known);
    // Requests that come meanwhile use the old value.
    this.#refreshAt = now + this.#options.retryMs;
    try {
      const value = await this.#ask(now);
      this.#known = { value };
      this.#refreshAt = now + this.#options.maxAgeMs;
      return value;
    } catch (failure) {
      // Another request may have had an answer meanwhile.
      if (this.#known === null || "failure" in this.#known) this.#known = { failure };
      return valueOf(this.#known);
    }
  }
}

function valueOf<T>(known: { readonly value: T } | { readonly failure: unknown }): T {
  if ("failure" in known) throw known.failure;
  return known.value;
}
