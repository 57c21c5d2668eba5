import { refuse, type Result } from "../refusal.ts";

/** A body for `/-/` must have come by then: the largest takes so long at half a megabit a second. */
export const BODY_TIMEOUT_MS = 60_000;

/**
 * Refuses a longer body, which is read to its end nevertheless: many clients read no answer while they send. One that has
 * not come in time is refused as it is.
 */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
  timeoutMs = BODY_TIMEOUT_MS,
): Promise<Result<Uint8Array>> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const kept = new GrowingBytes(limit);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), timeoutMs);
  });
  try {
    // Raced once: what waits for a part as well would be remembered for each part until the time is over.
    const end = await Promise.race([readParts(reader, kept), late]);
    if (end === "late") void reader.cancel().catch(() => {});
    if (kept.isOver) return TOO_LARGE;
    return end === "late" ? TOO_SLOW : kept.bytes();
  } catch {
    return BROKEN;
  } finally {
    clearTimeout(timer);
  }
}

async function readParts(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  kept: GrowingBytes,
): Promise<"whole"> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return "whole";
    kept.add(value);
  }
}

const TOO_LARGE = refuse("payload_too_large");
const BROKEN = refuse("invalid_request", { details: { problem: "The body is broken, or was cut short" } });
const TOO_SLOW = refuse("invalid_request", { details: { problem: "The body did not come in time" } });

/** Bytes in one piece, however many parts they come in: a part for each byte would take a hundred times their room. */
export class GrowingBytes {
  readonly #limit: number;
  #held = new Uint8Array(1024);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there were more than may be kept. */
  get isOver(): boolean {
    return this.#length > this.#limit;
  }

  add(part: Uint8Array): void {
    const end = this.#length + part.byteLength;
    if (end <= this.#limit) {
      if (end > this.#held.byteLength) this.#grow(end);
      this.#held.set(part, this.#length);
    }
    this.#length = end;
  }

  bytes(): Uint8Array {
    return this.#held.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#held.byteLength)));
    larger.set(this.#held.subarray(0, this.#length));
    this.#held = larger;
  }
}
