const WIDTH = 30;
/** At a terminal the bar is drawn anew so often at most; elsewhere a line is written now and then. */
const REDRAW_MS = 1_000;
const LINE_MS = 10_000;

/** A bar on standard error that tells how far something is, and where there is no terminal a line of text. */
export class ProgressBar {
  readonly #stream: Pick<NodeJS.WriteStream, "isTTY" | "write">;
  readonly #now: () => number;
  #shownAt: number;

  constructor(
    stream: Pick<NodeJS.WriteStream, "isTTY" | "write">,
    now: () => number = () => performance.now(),
  ) {
    this.#stream = stream;
    this.#now = now;
    this.#shownAt = stream.isTTY ? Number.NEGATIVE_INFINITY : now();
  }

  /** `of`: the words that follow the numbers, such as ` keys`. */
  show(done: number, total: number, of = ""): void {
    const now = this.#now();
    if (now - this.#shownAt < (this.#stream.isTTY ? REDRAW_MS : LINE_MS)) return;
    this.#shownAt = now;
    const text = `${done} of ${total}${of}`;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`);
      return;
    }
    const filled = Math.floor((WIDTH * done) / Math.max(1, total));
    this.#stream.write(`\r\u001B[K[${"█".repeat(filled).padEnd(WIDTH, "·")}] ${text}`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001B[K");
  }
}
