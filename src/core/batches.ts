/** Sends together the items that are added in one turn of the event loop, batch after batch. */
export class Batches<T> {
  readonly #send: (items: readonly T[]) => Promise<unknown>;
  #items: T[] = [];
  #sending: Promise<unknown> = Promise.resolve();

  constructor(send: (items: readonly T[]) => Promise<unknown>) {
    this.#send = send;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length === 1) setTimeout(() => this.#flush());
  }

  /** Sends the rest, and waits for every batch; rejects if one failed. */
  async end(): Promise<void> {
    this.#flush();
    await this.#sending;
  }

  #flush(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#sending = Promise.all([this.#sending, this.#send(items)]);
  }
}
