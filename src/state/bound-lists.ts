import { chunksOf } from "../core/concurrency.ts";

/** A value that is bound to a statement has at most 2 MB; an item of a list has a few hundred bytes. */
const ITEMS = 4000;

/** A list of any length for `json_each`, in parts that can be bound. */
export function boundLists(items: readonly unknown[]): string[] {
  return chunksOf(items, ITEMS).map((some) => JSON.stringify(some));
}
