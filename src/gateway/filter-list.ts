import { GrowingBytes } from "../core/http/body.ts";
import { filterBody, type ListFilter } from "../core/http/filtered-list.ts";
import { tidyListHeaders } from "../core/http/list-headers.ts";
import { refuse, type Result } from "../core/refusal.ts";
import { ORIGIN_RETRY_AFTER_S, originTimeout } from "./origin-answer.ts";
import { withIdleTimeout } from "./idle-timeout.ts";

/** A list longer than this cannot be filtered. */
const MAX_LIST_BYTES = 10 * 1024 * 1024;
const BUFFER_BYTES = 16 * 1024;

/** How an answer may be compressed: the runtime undoes these by itself, and no other. */
const READABLE_ENCODINGS: readonly (string | null)[] = [null, "identity", "gzip", "br"];
const CHARSET = /;\s*charset\s*=\s*("?)([^";\s]*)\1/i;

/**
 * Takes the items that the client may not see out of the origin's answer, whatever its status, and what its headers say
 * of them. An answer that cannot be read as such a list, or as an error without one, is not passed on: `internal_error`.
 */
export async function filterList(
  answer: Response,
  filter: ListFilter,
  timeoutMs: number,
): Promise<Result<Response>> {
  const bytes = answer.body === null ? null : await readAll(answer.body, timeoutMs);
  if (bytes !== null && !(bytes instanceof Uint8Array)) return bytes;
  if (bytes === null || (bytes.byteLength === 0 && !answer.ok)) {
    tidyListHeaders(answer.headers, null);
    return bytes === null ? answer : new Response(bytes, answer);
  }
  const readable = READABLE_ENCODINGS.includes(answer.headers.get("Content-Encoding"));
  const filtered = readable ? filterBody(bytes, charsetOf(answer), filter, !answer.ok) : null;
  if (filtered === null) {
    return refuse("internal_error", { reason: `the origin's list (${answer.status}) could not be read` });
  }
  const shown = new Response(filtered.bytes, answer);
  shown.headers.delete("Content-Encoding");
  tidyListHeaders(shown.headers, filtered.counts);
  sayUtf8(shown.headers);
  return shown;
}

function charsetOf({ headers }: Response): string {
  return CHARSET.exec(headers.get("Content-Type") ?? "")?.[2] || "utf-8";
}

/** What was read in another charset has been written in UTF-8. */
function sayUtf8(headers: Headers): void {
  const type = headers.get("Content-Type");
  if (type !== null && CHARSET.test(type))
    headers.set("Content-Type", type.replace(CHARSET, "; charset=utf-8"));
}

async function readAll(body: ReadableStream<Uint8Array>, timeoutMs: number): Promise<Result<Uint8Array>> {
  const reader = body.getReader({ mode: "byob" });
  const kept = new GrowingBytes(MAX_LIST_BYTES);
  const movement = { movedAt: Date.now() };
  try {
    // One timer for all parts: a request may have ten thousand, and an origin may send each item by itself.
    const end = await withIdleTimeout(readParts(kept, reader, movement), timeoutMs, movement);
    if (end === "read") return kept.bytes();
    reader.cancel().catch(() => {});
    return end === null
      ? originTimeout(timeoutMs)
      : refuse("internal_error", { reason: "the origin's list is too long to be filtered" });
  } catch (error) {
    return refuse("origin_unavailable", { retryAfter: ORIGIN_RETRY_AFTER_S, reason: String(error) });
  }
}

async function readParts(
  kept: GrowingBytes,
  reader: ReadableStreamBYOBReader,
  movement: { movedAt: number },
): Promise<"read" | "too long"> {
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  while (!kept.isOver) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) return "read";
    movement.movedAt = Date.now();
    kept.add(value);
    buffer = value.buffer;
  }
  return "too long";
}
