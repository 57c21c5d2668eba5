import type { Exact } from "../api-types/exact.ts";
import { ndjsonLines } from "../core/http/ndjson.ts";

/** An answer of many lines of NDJSON, written while it is read: a write waits until there is room. */
export class LineStream<Line extends object> {
  readonly readable: ReadableStream<Uint8Array>;
  /** Rejects once the reader has gone away. A property, so that a stream of other lines does not pass for it. */
  readonly write: (...lines: readonly Exact<Line>[]) => Promise<void>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor() {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    this.readable = readable;
    this.#writer = writer;
    this.write = (...lines) => writer.write(ndjsonLines(lines));
  }

  /** Closes the stream once `work` is done; breaks it off if that fails. */
  endWith(work: Promise<void>): this {
    work.then(() => this.#writer.close()).catch((error: unknown) => this.#writer.abort(error));
    return this;
  }
}
