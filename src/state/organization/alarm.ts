/**
 * The object's one alarm, which rings for whatever comes first. Whoever needs it asks for a moment; after it has rung
 * everybody asks again.
 */
export class Alarm {
  readonly #storage: DurableObjectStorage;
  /** What storage has, as far as it is known: milliseconds since the epoch. */
  #plannedAt: number | null = null;

  constructor(context: DurableObjectState) {
    this.#storage = context.storage;
    void context.blockConcurrencyWhile(async () => {
      this.#plannedAt = await this.#storage.getAlarm();
    });
  }

  /** Makes it ring at a moment, unless it rings earlier anyway. */
  ringBy(at: number): void {
    if (this.#plannedAt !== null && this.#plannedAt <= at) return;
    this.#plannedAt = at;
    void this.#storage.setAlarm(at);
  }

  /** To be called when it has rung: nothing is planned any more. */
  hasRung(): void {
    this.#plannedAt = null;
  }
}
