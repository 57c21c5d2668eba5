import { VOID_AFTER_FILTERING } from "../core/header-policy.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import { ORIGIN_RETRY_AFTER_S } from "./origin-answer.ts";
import { beforeSilence } from "./silence.ts";

declare global {
  /** Source text of JSON values (ECMAScript 2026), which TypeScript does not describe yet. */
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
    rawJSON(source: string): object;
  }
}

/** A list longer than this cannot be filtered. */
const MAX_LIST_BYTES = 10 * 1024 * 1024;
const BUFFER_BYTES = 16 * 1024;

/** Where the items of a list are, and which of them the client may see. */
export interface ListFilter {
  /** The path of members from the document's root to the array. */
  readonly items: readonly string[];
  /** The path of members from an item to its id. */
  readonly id: readonly string[];
  readonly visible: (id: string) => boolean;
}

/** How an answer may be compressed: the runtime undoes these by itself, and no other. */
const READABLE_ENCODINGS: readonly (string | null)[] = [null, "identity", "gzip", "br"];

/**
 * Takes the items that the client may not see out of the origin's answer, whatever its status. A success that cannot be
 * read as such a list is not passed on: `internal_error`. Any other answer is, unless it cannot be told whether it holds
 * a list. Headers about the bytes are dropped whether or not an item was, so that they do not tell.
 */
export async function filterList(
  answer: Response,
  filter: ListFilter,
  timeoutMs: number,
): Promise<Response | Refusal> {
  for (const name of VOID_AFTER_FILTERING) answer.headers.delete(name);
  if (answer.body === null) return answer;
  const bytes = await readAll(answer.body, timeoutMs);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const readable = READABLE_ENCODINGS.includes(answer.headers.get("Content-Encoding"));
  const shown = readable ? shownOf(bytes, filter, answer.ok) : null;
  if (shown === null) return refuse("internal_error", { reason: "the origin's list could not be read" });
  const filtered = new Response(shown, answer);
  filtered.headers.delete("Content-Encoding");
  return filtered;
}

async function readAll(body: ReadableStream<Uint8Array>, timeoutMs: number): Promise<Uint8Array | Refusal> {
  const reader = body.getReader({ mode: "byob" });
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const part = await beforeSilence(reader.read(new Uint8Array(BUFFER_BYTES)), timeoutMs, null);
      if (part?.done) return concatenate(parts, length);
      if (part !== null) {
        parts.push(part.value);
        length += part.value.byteLength;
        if (length <= MAX_LIST_BYTES) continue;
      }
      reader.cancel().catch(() => {});
      return part === null
        ? refuse("origin_timeout", { retryAfter: ORIGIN_RETRY_AFTER_S })
        : refuse("internal_error", { reason: "the origin's list is too long to be filtered" });
    }
  } catch (error) {
    return refuse("origin_unavailable", { retryAfter: ORIGIN_RETRY_AFTER_S, reason: String(error) });
  }
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/**
 * The document without the items that are not for the client; `null` if it cannot be shown. It is always written anew:
 * of members with the same name only the last is read, and the others may hold what is to be hidden. What is no list
 * passes where none `mustBeList`, and what is no JSON passes as it is.
 */
function shownOf(bytes: Uint8Array, filter: ListFilter, mustBeList: boolean): Uint8Array | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: mustBeList, ignoreBOM: false }).decode(bytes);
    const document = JSON.parse(text, keepNumber);
    const items = itemsIn(document, filter.items);
    if (items === null && mustBeList) return null;
    if (items !== null) hide(items, filter);
    return new TextEncoder().encode(JSON.stringify(document));
  } catch (error) {
    return mustBeList || !(error instanceof SyntaxError) ? null : bytes;
  }
}

function hide(items: unknown[], filter: ListFilter): void {
  let kept = 0;
  for (const item of items) if (isVisible(item, filter)) items[kept++] = item;
  items.length = kept;
}

/** Keeps a number as it is spelled in the text: amounts can have more digits than a double can hold. */
function keepNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === "number" && context.source !== undefined ? JSON.rawJSON(context.source) : value;
}

function itemsIn(document: unknown, path: readonly string[]): unknown[] | null {
  const value = valueAt(document, path);
  return Array.isArray(value) ? value : null;
}

function isVisible(item: unknown, filter: ListFilter): boolean {
  const id = valueAt(item, filter.id);
  return typeof id === "string" && filter.visible(id);
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const member of path) value = memberOf(value, member);
  return value;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
