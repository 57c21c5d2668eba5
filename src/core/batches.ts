/** Hands on items together that come at the same moment. */
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

  /** When all that was added has been handed on. */
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
