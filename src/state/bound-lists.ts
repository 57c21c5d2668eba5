import { chunksOf } from "../core/concurrency.ts";

/** A value that is bound to a statement has at most 2 MB; an item of a list has a few hundred bytes. */
const ITEMS = 4000;

/** A list of any length for `json_each`, in parts that can be bound. */
export function boundLists(items: readonly unknown[]): string[] {
  return chunksOf(items, ITEMS).map((some) => JSON.stringify(some));
}

/** The condition that a column has one of many values, and what is bound for it. */
export function among(
  column: string,
  items: readonly string[],
): { readonly condition: string; readonly values: readonly string[] } {
  const values = boundLists(items);
  const lists = values.map(() => "SELECT value FROM json_each(?)").join(" UNION ALL ");
  return { condition: `${column} IN (${lists})`, values };
}
