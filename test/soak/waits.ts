const LONGEST_MS = 10_000;

/** How long requests were held up, by the millisecond, in a memory that does not grow. */
export class Waits {
  readonly #counts = new Uint32Array(LONGEST_MS + 1);
  count = 0;

  add(ms: number): void {
    const at = Math.min(LONGEST_MS, Math.ceil(ms));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.count++;
  }

  /** Of so many requests, from 0 to 1, the wait was no longer than this. */
  of(share: number): number {
    let left = share * this.count;
    return Math.max(
      0,
      this.#counts.findIndex((count) => (left -= count) <= 0),
    );
  }
}
