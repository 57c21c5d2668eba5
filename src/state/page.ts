/** The platform refuses an answer over RPC of more than 32 MiB, and an object has 128 MB. A letter takes two bytes at most. */
const MAX_LETTERS = 4_000_000;

/**
 * The first items of a list, as many as a page may have and one answer has room for, but one at least. No more than one
 * further item is read.
 */
export function pageOf<T>(
  items: Iterable<T>,
  limit: number,
  lettersOf: (item: T) => number,
): { readonly items: T[]; readonly hasMore: boolean } {
  const page: T[] = [];
  let letters = 0;
  for (const item of items) {
    letters += lettersOf(item);
    if (page.length >= limit || (page.length > 0 && letters > MAX_LETTERS)) {
      return { items: page, hasMore: true };
    }
    page.push(item);
  }
  return { items: page, hasMore: false };
}
