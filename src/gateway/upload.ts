import { refuse, type Result } from "../core/refusal.ts";
import { withIdleTimeout, type Movement } from "./idle-timeout.ts";
import { drain, LINGER_MS, readInto } from "./unread-body.ts";

const BUFFER_BYTES = 64 * 1024;

/** The body of a request on its way to the origin. */
export interface Upload {
  readonly body: ReadableStream;
  readonly watch: UploadWatch;
}

/** What is seen of a body that passes through the gateway buffer by buffer. */
export interface UploadWatch extends Movement {
  /** Why it was cut off: it has grown beyond the limit, or its framing broke; `null` if it was not. */
  readonly fault: "too large" | "broken" | null;
  /** Whether the client has sent all of it. */
  readonly received: boolean;
  /** Whether the origin has been given bytes that it has not taken yet. */
  readonly blocked: boolean;
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
 * and to drop it in silence would change the request. So is a transfer coding besides `chunked`, which the runtime would
 * leave in the body without a word about it.
 */
export function openUpload(request: Request, maxBytes: number): Result<Upload | null> {
  const { body } = request;
  if (body === null) return null;
  const header = request.headers.get("Content-Length");
  const length = header === null ? null : Number(header);
  if (length === 0) return null;
  if (request.method === "GET" || request.method === "HEAD") {
    return refuse("invalid_request", { details: { body: `not possible with ${request.method}` } });
  }
  const coding = request.headers.get("Transfer-Encoding");
  if (coding !== null && coding.toLowerCase() !== "chunked") {
    return refuse("invalid_request", { details: { body: "in a transfer coding other than chunked" } });
  }
  if (length !== null && length > maxBytes) return refuse("payload_too_large");
  const pipe = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  return { body: pipe.readable, watch: watchUpload(body, pipe.writable, { length, maxBytes }) };
}

/** Reads the rest of an upload whose request to the origin has come to nothing. */
export async function discardRest(watch: UploadWatch): Promise<void> {
  watch.cutOff.abort();
  await withIdleTimeout(watch.finished, LINGER_MS, watch);
}

/**
 * An answer that has come before the end of the upload. It does not end before the client has sent everything, since
 * many clients would lose it. The origin gets the rest as long as its answer lasts; then the runtime breaks off.
 */
export async function untilReceived(answer: Response, watch: UploadWatch): Promise<Response> {
  if (watch.received || answer.webSocket !== null) return answer;
  if (answer.body === null) {
    await linger(watch);
    return answer;
  }
  // The runtime undoes a compression that it knows before it shows a body, and does it again on the way out.
  const compressed = answer.headers.has("Content-Encoding");
  const length = compressed ? null : answer.headers.get("Content-Length");
  const pipe = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  void passThenLinger(answer.body, pipe.writable, watch);
  const held = new Response(pipe.readable, answer);
  if (compressed) held.headers.delete("Content-Length");
  return held;
}

async function passThenLinger(
  source: ReadableStream,
  sink: WritableStream,
  watch: UploadWatch,
): Promise<void> {
  try {
    await source.pipeTo(sink, { preventClose: true });
    await linger(watch);
    await sink.close();
  } catch {
    // Either side has gone away, and the other one sees the body cut short.
  }
}

async function linger(watch: UploadWatch): Promise<void> {
  const silent = (await withIdleTimeout(watch.finished, LINGER_MS, watch)) === null;
  if (silent && watch.blocked) await discardRest(watch);
}

interface BodySize {
  /** `null` without a `Content-Length`. */
  readonly length: number | null;
  readonly maxBytes: number;
}

function watchUpload(source: ReadableStream, sink: WritableStream, size: BodySize): UploadWatch {
  const watch: MutableWatch = {
    movedAt: Date.now(),
    fault: null,
    received: false,
    blocked: false,
    cutOff: new AbortController(),
    finished: Promise.resolve(),
  };
  watch.finished = pump(source.getReader({ mode: "byob" }), sink.getWriter(), watch, size);
  return watch;
}

type MutableWatch = { -readonly [Name in keyof UploadWatch]: UploadWatch[Name] };

async function pump(
  reader: ReadableStreamBYOBReader,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  watch: MutableWatch,
  { length, maxBytes }: BodySize,
): Promise<void> {
  let free = new ArrayBuffer(Math.min(length ?? BUFFER_BYTES, BUFFER_BYTES));
  let passed = 0;
  for (;;) {
    const part = await readInto(free, reader);
    passed += part?.byteLength ?? 0;
    if (part === null || part.byteLength === 0 || passed === length) watch.received = true;
    if (part === null) return cutOff(watch, "broken");
    watch.movedAt = Date.now();
    if (passed > maxBytes) {
      cutOff(watch, "too large");
      return drain(reader, watch);
    }
    watch.blocked = true;
    try {
      if (part.byteLength === 0) return await writer.close();
      await writer.write(part);
    } catch {
      // The origin has stopped reading, perhaps because it has answered already: that answer stands.
      return drain(reader, watch);
    } finally {
      watch.blocked = false;
    }
    watch.movedAt = Date.now();
    free = part.buffer;
  }
}

function cutOff(watch: MutableWatch, fault: UploadWatch["fault"]): void {
  watch.fault = fault;
  watch.cutOff.abort();
}
