import { holdsKey, withoutSecrets } from "../core/key/key-secret.ts";

/** The lists in which operators name leaked keys, and the place in their items; their values are never stored or shown. */
const LEAKED: Readonly<Record<string, readonly string[]>> = {
  targets: ["key"],
  // The place where a key was found may hold it, too.
  leaks: ["token", "url", "source", "type"],
};

/**
 * The fields of a body that hold a whole API key where none belongs: whatever else a request says is kept and shown. A
 * field that is there for a key may hold one.
 */
export function fieldsWithKey(
  body: unknown,
  prefixes: readonly string[],
  credentialFields: readonly string[] = [],
): string[] {
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([field, value]) => {
    if (credentialFields.includes(field) && typeof value === "string") return [];
    const leaked = Object.hasOwn(LEAKED, field) ? LEAKED[field] : undefined;
    const kept =
      leaked !== undefined && Array.isArray(value)
        ? value.map((item: unknown) => withoutLeakedKey(item, leaked))
        : value;
    return holdsKey(field, prefixes) || anyHoldsKey(kept, prefixes) ? [withoutSecrets(field)] : [];
  });
}

function withoutLeakedKey(item: unknown, fields: readonly string[]): unknown {
  if (typeof item !== "object" || item === null) return item;
  return Object.fromEntries(
    Object.entries(item).filter(([name, value]) => !fields.includes(name) || typeof value !== "string"),
  );
}

function anyHoldsKey(value: unknown, prefixes: readonly string[]): boolean {
  if (typeof value === "string") return holdsKey(value, prefixes);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([name, each]) => holdsKey(name, prefixes) || anyHoldsKey(each, prefixes),
  );
}
