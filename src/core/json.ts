/** JSON that this program has written itself, as what it wrote. Anything else is parsed by a schema. */
export function storedJson<T>(text: string): T {
  return JSON.parse(text);
}

/** An object, and no list, whose members are not known. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
