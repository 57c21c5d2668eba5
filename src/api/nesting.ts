/** How deep a document may be nested: what reads it descends level by level. */
const MAX_DEPTH = 500;
export const TOO_DEEP = `is nested more than ${MAX_DEPTH} levels deep, or holds itself`;

/** Whether a value is nested too deep to be read. One that holds itself, as YAML can say, has no end. */
export function isTooDeep(value: unknown): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: each, depth } = next;
    if (typeof each !== "object" || each === null) continue;
    if (depth > MAX_DEPTH) return true;
    for (const inner of Object.values(each)) open.push({ value: inner, depth: depth + 1 });
  }
  return false;
}
