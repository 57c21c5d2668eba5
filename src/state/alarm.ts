/** Storage takes no alarm that is too far away. An earlier one rings instead, and its handler sets the next. */
const FARTHEST_MS = 365 * 86_400_000;

/**
 * The object's one alarm, set to the earliest moment that anything asks for. After it has rung, everything asks again.
 */
export class Alarm {
  readonly #context: DurableObjectState;
  readonly #storage: DurableObjectStorage;
  /** The alarm in storage, once it has been read: milliseconds since the epoch. */
  #plannedAt: number | null = null;
  /** What has been asked for and is not in storage yet. */
  #wantedAt: number | null = null;

  constructor(context: DurableObjectState) {
    this.#context = context;
    this.#storage = context.storage;
    void context.blockConcurrencyWhile(async () => {
      this.#plannedAt = await this.#storage.getAlarm();
    });
  }

  /** Has everything ask as the object starts, if nothing is planned: the platform drops an alarm that has failed often. */
  planAtStart(plan: () => void): void {
    void this.#context.blockConcurrencyWhile(async () => {
      if ((await this.#storage.getAlarm()) === null) plan();
    });
  }

  /** Makes it ring at a moment, unless it rings earlier anyway. */
  ringBy(at: number): void {
    // A transaction that is rolled back takes an alarm that was set in it along: it is set when the transaction has
    // ended, and is still written together with it.
    if (this.#wantedAt === null) queueMicrotask(() => this.#plan());
    this.#wantedAt = Math.min(at, this.#wantedAt ?? Date.now() + FARTHEST_MS);
  }

  /** Call this when the alarm has rung: nothing is planned any more. */
  hasRung(): void {
    this.#plannedAt = null;
  }

  #plan(): void {
    const at = this.#wantedAt;
    this.#wantedAt = null;
    if (at === null || (this.#plannedAt !== null && this.#plannedAt <= at)) return;
    this.#plannedAt = at;
    // What is kept since ever is due at once.
    void this.#storage.setAlarm(Math.max(1, at));
  }
}
