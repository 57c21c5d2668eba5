import { holdsKey, withoutSecrets } from "../core/key-secret.ts";

/** The field in which an operator names a leaked key; what is read there is neither kept nor shown. */
const TARGETS = "targets";

/**
 * The field of a body that holds a whole API key where none belongs, or `null`: whatever else a request says is kept
 * and shown.
 */
export function fieldWithKey(body: unknown, prefix: string): string | null {
  if (typeof body !== "object" || body === null) return null;
  for (const [field, value] of Object.entries(body)) {
    const kept = field === TARGETS && Array.isArray(value) ? value.map(withoutLeakedKey) : value;
    if (holdsKey(field, prefix) || anyHoldsKey(kept, prefix)) return withoutSecrets(field);
  }
  return null;
}

function withoutLeakedKey(target: unknown): unknown {
  if (typeof target !== "object" || target === null || !("key" in target)) return target;
  const { key, ...rest } = target;
  return typeof key === "string" ? rest : target;
}

function anyHoldsKey(value: unknown, prefix: string): boolean {
  if (typeof value === "string") return holdsKey(value, prefix);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, each]) => holdsKey(name, prefix) || anyHoldsKey(each, prefix));
}
