/** Draws items with equal chances. */
export function drawUniformly<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, () => items[Math.floor(Math.random() * items.length)] as T);
}

/**
 * Draws items by Zipf's law with exponent 1, as callers of an API are distributed: the second is drawn half as often as
 * the first, the third a third as often, and so on.
 */
export function drawByZipf<T>(items: readonly T[], count: number): T[] {
  let total = 0;
  const cumulative = items.map((_, i) => (total += 1 / (i + 1)));
  return Array.from({ length: count }, () => items[indexOf(cumulative, Math.random() * total)] as T);
}

/** The index of the first number that is greater than `value`, in a list that grows. */
function indexOf(cumulative: readonly number[], value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
