import { withIdleTimeout } from "./idle-timeout.ts";

const BUFFER_BYTES = 64 * 1024;
/**
 * Many clients read no answer while they send. So what a client goes on sending once its answer is known is read and
 * thrown away, until it stops for so many milliseconds or has been this much.
 */
export const LINGER_MS = 1000;
const LINGER_BYTES = 64 * 1024 * 1024;

/** Reads what a refused request still sends, unless its client waits to be asked for it. */
export async function discardBody(request: Request): Promise<void> {
  if (request.body === null || request.bodyUsed || request.body.locked || request.headers.has("Expect"))
    return;
  const movement = { movedAt: Date.now() };
  const finished = drain(request.body.getReader({ mode: "byob" }), movement);
  await withIdleTimeout(finished, LINGER_MS, movement);
}

/** Reads a body and throws it away. */
export async function drain(reader: ReadableStreamBYOBReader, movement: { movedAt: number }): Promise<void> {
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  for (let passed = 0; passed < LINGER_BYTES;) {
    const part = await readInto(buffer, reader);
    if (part === null || part.byteLength === 0) return;
    passed += part.byteLength;
    movement.movedAt = Date.now();
    buffer = part.buffer;
  }
}

/** The next bytes, none at the end, or `null` when the framing breaks or the client has gone away. */
export async function readInto(
  buffer: ArrayBuffer,
  reader: ReadableStreamBYOBReader,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    return done ? new Uint8Array(0) : value;
  } catch {
    return null;
  }
}
