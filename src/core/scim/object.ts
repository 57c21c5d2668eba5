import type { ScimResult } from "./problem.ts";
import { sameName } from "./schemas.ts";

/**
 * More than clients send: attributes of a resource, an extension or a complex value, and values of a list. Every
 * operation of a PATCH takes time in proportion to them. The members of a group are counted by no limit.
 */
export const MAX_ATTRIBUTES = 500;
export const MAX_VALUES = 1000;

/** A JSON object of SCIM: a resource, an extension, or one complex value. */
export type ScimObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is ScimObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The values of a list, or the one value that stands without a list. */
export function listOf(value: unknown): readonly unknown[] {
  return isList(value) ? value : [value];
}

/** The key of an attribute in an object, compared without letter case. */
function keyOf(object: ScimObject, name: string): string | undefined {
  return Object.keys(object).find((key) => sameName(key, name));
}

export function valueOf(object: ScimObject, name: string): unknown {
  const key = keyOf(object, name);
  return key === undefined ? undefined : object[key];
}

/** The object with an attribute set, in its place; `undefined` takes the attribute away. */
export function withValue(object: ScimObject, name: string, value: unknown): ScimObject {
  const key = keyOf(object, name);
  const entries = Object.entries(object);
  if (value === undefined) return Object.fromEntries(entries.filter(([other]) => other !== key));
  return Object.fromEntries(
    key === undefined
      ? [...entries, [name, value]]
      : entries.map(([other, old]) => [other, other === key ? value : old]),
  );
}

/**
 * What of a value is not as it was: of an object its changed parts, else the whole value. `undefined` if it is the same, the
 * order of an object's parts aside.
 */
export function changedIn(value: unknown, before: unknown): unknown {
  if (inOrder(value) === inOrder(before)) return undefined;
  if (!isObject(value) || !isObject(before)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name, each]) => inOrder(each) !== inOrder(valueOf(before, name))),
  );
}

function inOrder(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}

/** A key that another one is the same as but for letter case: readers would take the one or the other. */
export function spelledTwice(object: ScimObject): string | null {
  const seen = new Set<string>();
  for (const key of Object.keys(object)) {
    const folded = key.toLowerCase();
    if (seen.has(folded)) return key;
    seen.add(folded);
  }
  return null;
}

/** A value in its proper form; `undefined` for an attribute that is unassigned (RFC 7643 section 2.5). */
export type ReadValue = ScimResult<{ readonly value: unknown }>;
