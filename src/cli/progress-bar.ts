const WIDTH = 30;

/** A bar on standard error that tells how far something is; nothing at all where nobody watches. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(done: number, total: number): void {
    if (!this.#stream.isTTY) return;
    const filled = Math.floor((WIDTH * done) / Math.max(1, total));
    this.#stream.write(`\r\u001B[K[${"█".repeat(filled).padEnd(WIDTH, "·")}] ${done} of ${total}`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001B[K");
  }
}
