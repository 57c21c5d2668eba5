import { CliError } from "./cli-error.ts";

/** Ends a request to which nothing has come for a while; whatever comes begins the while anew. */
export class Silence {
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the request was ended for it. */
  get isOver(): boolean {
    return this.signal.aborted;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), this.#limitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** The body of an answer, each part of which ends the silence. */
  async *bodyOf({ body }: Response): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body as ReadableStream<Uint8Array>) {
        this.heard();
        yield chunk;
      }
    } finally {
      this.end();
    }
  }

  get problem(): string {
    return `No answer came for ${this.#limitMs / 1000} s`;
  }
}

const MAX_SECONDS = 3600;

/** Reads how long to wait, in seconds; gives milliseconds. Throws a {@link CliError}. */
export function readTimeout(text: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new CliError(`--timeout must be a number of seconds up to ${MAX_SECONDS}`);
  }
  return seconds * 1000;
}
