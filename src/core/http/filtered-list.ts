/** A list in an origin's answer, without the items that are not for the client. */

import type { Pointer } from "../policy/operation.ts";

declare global {
  /** Source text of JSON values (ECMAScript 2026), which TypeScript does not describe yet. */
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
    rawJSON(source: string): object;
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

/** Where the items of a list and their ids are, and which of them the client may see. */
export interface ListFilter {
  readonly items: Pointer;
  readonly id: Pointer;
  /** Where the body tells how many items there are, hidden ones included; `null` where it does not. */
  readonly total: Pointer | null;
  readonly visible: (id: string) => boolean;
}

/** How many items there were, and how many are left. */
export interface ItemCounts {
  readonly all: number;
  readonly shown: number;
}

interface FilteredBody {
  readonly bytes: Uint8Array;
  /** `null` for a body without a list. */
  readonly counts: ItemCounts | null;
}

/** An id as a number has one spelling only: `1e2` and `7.0` are what an origin may read in more than one way. */
const INTEGER = /^(?:0|-?[1-9]\d*)$/;

/**
 * The body without what the client may not see; `null` if it is not understood, and then nothing of it may be shown.
 * Understood is JSON with an array of items or, with `isFailure`, an object without one.
 *
 * It is always written anew: of members with the same name only the last is read, and the others may hold hidden items.
 */
export function filterBody(
  bytes: Uint8Array,
  charset: string,
  filter: ListFilter,
  isFailure: boolean,
): FilteredBody | null {
  try {
    const text = new TextDecoder(charset, { fatal: true, ignoreBOM: false }).decode(bytes);
    const document = JSON.parse(text, keepNumber);
    const items = valueAt(document, filter.items);
    const hasItems = Array.isArray(items);
    if (!hasItems && !(isFailure && isErrorDocument(document, items, filter.items))) return null;
    const counts = hasItems ? hide(items, filter) : null;
    if (filter.total !== null) tellTotal(document, filter.total, counts);
    return { bytes: new TextEncoder().encode(JSON.stringify(document)), counts };
  } catch {
    // No such charset, other bytes than it has, no JSON, or nested deeper than can be read.
    return null;
  }
}

/** The count to show in place of `said`: the number of visible items where `said` counts all that came, else `null`. */
export function shownCount(said: unknown, counts: ItemCounts | null): number | null {
  return counts !== null && String(said) === String(counts.all) ? counts.shown : null;
}

/**
 * Keeps a number as it is spelled in the text: amounts can have more digits than a double can hold. Most are spelled as
 * they would be written again, and need no object of their own for that.
 */
function keepNumber(_key: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== "number" || source === undefined || `${value}` === source) return value;
  return JSON.rawJSON(source);
}

/** Whether a document that should hold items tells of a failure instead: an object, with nothing where they would be. */
function isErrorDocument(document: unknown, items: unknown, pointer: Pointer): boolean {
  if (!isObject(document) || Array.isArray(document)) return false;
  return pointer.length === 0 || items === undefined || items === null;
}

function hide(items: unknown[], filter: ListFilter): ItemCounts {
  const all = items.length;
  let shown = 0;
  for (const item of items) if (isVisible(item, filter)) items[shown++] = item;
  items.length = shown;
  return { all, shown };
}

function isVisible(item: unknown, filter: ListFilter): boolean {
  const id = valueAt(item, filter.id);
  if (typeof id === "string") return filter.visible(id);
  const number = spellingOf(id);
  return number !== null && INTEGER.test(number) && filter.visible(number);
}

/** A number as the text spells it; `null` for what is none. */
function spellingOf(value: unknown): string | null {
  if (typeof value === "number") return `${value}`;
  return JSON.isRawJSON(value) ? value.rawJSON : null;
}

/** A total counts hidden items: it is removed, or becomes the number of visible items where the list is complete. */
function tellTotal(document: unknown, pointer: Pointer, counts: ItemCounts | null): void {
  const holder = valueAt(document, pointer.slice(0, -1));
  const name = pointer.at(-1);
  if (name === undefined || !isObject(holder) || !Object.hasOwn(holder, name)) return;
  const said = holder[name];
  const shown = shownCount(spellingOf(said) ?? said, counts);
  if (shown !== null) holder[name] = typeof said === "string" ? `${shown}` : shown;
  else if (Array.isArray(holder)) holder[name] = null;
  else Reflect.deleteProperty(holder, name);
}

function valueAt(document: unknown, pointer: Pointer): unknown {
  let value = document;
  for (const name of pointer) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !JSON.isRawJSON(value);
}
