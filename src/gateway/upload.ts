import { refuse, type Refusal } from "../core/refusal.ts";

const BUFFER_BYTES = 64 * 1024;

/** The body of a request on its way to the origin. */
export interface Upload {
  readonly body: ReadableStream;
  /** When a byte last moved, in milliseconds since the epoch. */
  readonly movedAt: number;
  /** Whether the body has grown beyond the limit, and was cut off for it. */
  readonly tooLarge: boolean;
}

/**
 * Opens the body of a request for the origin: `null` when there is none. A body that says that it is larger than
 * `maxBytes` is refused at once; one that does not tell its size is cut off when it has grown larger.
 *
 * GET and HEAD with a body are refused: it has no meaning there (RFC 9110 section 9.3.1), the runtime cannot send it,
 * and to drop it in silence would change the request.
 */
export function openUpload(request: Request, maxBytes: number): Upload | Refusal | null {
  const source = request.body;
  const header = request.headers.get("content-length");
  if (source === null || header === "0") return null;
  if (request.method === "GET" || request.method === "HEAD") {
    return refuse("invalid_request", { details: { body: `A ${request.method} request must not have one.` } });
  }
  const length = header === null ? null : Number(header);
  if (length !== null && length > maxBytes) return refuse("payload_too_large");
  const pipe = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  const upload = { body: pipe.readable, movedAt: Date.now(), tooLarge: false };
  void pump(source, pipe.writable, upload, maxBytes);
  return upload;
}

/** Moves the bytes one full buffer at a time: the limit and the clock need to see them pass. */
async function pump(
  source: ReadableStream<Uint8Array>,
  sink: WritableStream<Uint8Array>,
  upload: { movedAt: number; tooLarge: boolean },
  maxBytes: number,
): Promise<void> {
  const reader = source.getReader({ mode: "byob" });
  const writer = sink.getWriter();
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  let passed = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return await writer.close();
      passed += value.byteLength;
      upload.tooLarge = passed > maxBytes;
      if (upload.tooLarge) throw new Error("payload too large");
      await writer.write(value);
      upload.movedAt = Date.now();
      buffer = value.buffer;
    }
  } catch (error) {
    // The client or the origin went away, or the limit was reached: nobody must take what has passed for the whole.
    await writer.abort(error).catch(() => {});
  }
}
