import { refuse, type Refusal } from "../core/refusal.ts";
import { beforeSilence, type Movement } from "./silence.ts";

const BUFFER_BYTES = 64 * 1024;
/**
 * Many clients read no answer while they send. So what a refused request still sends is read, until it stops for so
 * many milliseconds or has been this much.
 */
const LINGER_MS = 200;
const LINGER_BYTES = 64 * 1024 * 1024;

/** The body of a request on its way to the origin. */
export interface Upload {
  readonly body: ReadableStream;
  readonly watch: UploadWatch;
}

/** What is seen of a body that passes through the gateway buffer by buffer. */
export interface UploadWatch extends Movement {
  /** Whether it has grown beyond the limit, and was cut off for it. */
  readonly tooLarge: boolean;
  /** Settles when nothing more is to come. */
  readonly finished: Promise<void>;
  /**
   * Cuts off the request to the origin. An upload must be broken off this way: a stream that only fails is sent to its
   * chunked end by the runtime, and the origin would take the part for the whole.
   */
  readonly cutOff: AbortController;
}

/**
 * Opens the body of a request for the origin: `null` when there is none. A body that says that it is larger than
 * `maxBytes` is refused at once; one that does not tell its size is cut off when it has grown larger.
 *
 * GET and HEAD with a body are refused: it has no meaning there (RFC 9110 section 9.3.1), the runtime cannot send it,
 * and to drop it in silence would change the request.
 */
export function openUpload(request: Request, maxBytes: number): Upload | Refusal | null {
  const body = request.body;
  const header = request.headers.get("Content-Length");
  const length = header === null ? null : Number(header);
  if (body === null || length === 0) return null;
  if (request.method === "GET" || request.method === "HEAD") {
    return refuse("invalid_request", { details: { body: `not possible with ${request.method}` } });
  }
  if (length !== null && length > maxBytes) return refuse("payload_too_large");
  const pipe = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  const buffer = new ArrayBuffer(Math.min(length ?? BUFFER_BYTES, BUFFER_BYTES));
  return { body: pipe.readable, watch: watchUpload(body, pipe.writable, buffer, maxBytes) };
}

/** Reads what a refused request still sends, unless its client waits to be asked for it. */
export async function discardBody(request: Request): Promise<void> {
  if (request.body === null || request.headers.has("Expect")) return;
  const movement = { movedAt: Date.now() };
  const finished = drain(request.body.getReader({ mode: "byob" }), movement);
  await beforeSilence(finished, LINGER_MS, movement);
}

/** Waits until a body that has been cut off is read. */
export async function discardRest(watch: UploadWatch): Promise<void> {
  await beforeSilence(watch.finished, LINGER_MS, watch);
}

function watchUpload(
  source: ReadableStream,
  sink: WritableStream,
  buffer: ArrayBuffer,
  maxBytes: number,
): UploadWatch {
  const watch = {
    movedAt: Date.now(),
    tooLarge: false,
    cutOff: new AbortController(),
    finished: Promise.resolve(),
  };
  watch.finished = pump(source.getReader({ mode: "byob" }), sink.getWriter(), buffer, watch, maxBytes);
  return watch;
}

async function pump(
  reader: ReadableStreamBYOBReader,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  buffer: ArrayBuffer,
  watch: { movedAt: number; tooLarge: boolean; readonly cutOff: AbortController },
  maxBytes: number,
): Promise<void> {
  let free = buffer;
  let passed = 0;
  for (;;) {
    const part = await readInto(free, reader);
    if (part === null) return watch.cutOff.abort();
    passed += part.byteLength;
    if (passed > maxBytes) {
      watch.tooLarge = true;
      watch.cutOff.abort();
      return drain(reader, watch);
    }
    try {
      if (part.byteLength === 0) return await writer.close();
      await writer.write(part);
    } catch {
      // The origin has stopped reading, perhaps because it has answered already: that answer stands.
      return drain(reader, watch);
    }
    watch.movedAt = Date.now();
    free = part.buffer;
  }
}

async function drain(reader: ReadableStreamBYOBReader, movement: { movedAt: number }): Promise<void> {
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  for (let passed = 0; passed < LINGER_BYTES;) {
    const part = await readInto(buffer, reader);
    if (part === null || part.byteLength === 0) return;
    passed += part.byteLength;
    movement.movedAt = Date.now();
    buffer = part.buffer;
  }
}

/** The next bytes, none at the end, or `null` when the client has gone away. */
async function readInto(
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
