import { scimProblem, type ScimProblem } from "./problem.ts";
import { findAttribute, sameName, SCHEMAS, type Attribute, type ResourceType } from "./schemas.ts";

/** A JSON object of SCIM: a resource, an extension, or one complex value. */
export type ScimObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is ScimObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The key by which an object holds an attribute, whatever its letter case. */
export function keyOf(object: ScimObject, name: string): string | undefined {
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

/** Whether a top-level key is the name of an extension's schema. */
export function isExtension(key: string): boolean {
  return /^urn:/i.test(key);
}

/** A value in its proper form; `undefined` for an attribute that is unassigned (RFC 7643 section 2.5). */
export type ReadValue = { readonly value: unknown } | ScimProblem;

const UNASSIGNED = { value: undefined };

/**
 * Reads a resource as a client sent it: names in their proper spelling, booleans that came as strings made booleans,
 * what only the server may set and what is never kept left out. Unknown attributes stay as they are.
 */
export function readResource(
  type: ResourceType,
  input: ScimObject,
): { readonly resource: ScimObject } | ScimProblem {
  const resource: [string, unknown][] = [];
  for (const [key, sent] of Object.entries(input)) {
    const read = isExtension(key)
      ? readObject(sent, (name) => findAttribute(type, key, name))
      : readAttribute(findAttribute(type, null, key), sent);
    if ("problem" in read) return read;
    if (read.value !== undefined) resource.push([properName(type, key), read.value]);
  }
  return { resource: Object.fromEntries(resource) };
}

/** An attribute's or extension's name as its schema spells it; unknown ones stay as they are. */
export function properName(type: ResourceType, key: string, schema: string | null = null): string {
  if (isExtension(key)) return SCHEMAS.find(({ id }) => sameName(id, key))?.id ?? key;
  return findAttribute(type, schema, key)?.name ?? key;
}

/** Whether a client may set an attribute and have it kept. */
export function isKept(attribute: Attribute | undefined): boolean {
  return attribute?.mutability !== "readOnly" && attribute?.returned !== "never";
}

/** Reads the value of an attribute; one that the schema does not know is taken as it is. */
export function readAttribute(attribute: Attribute | undefined, sent: unknown): ReadValue {
  if (!isKept(attribute)) return UNASSIGNED;
  if (attribute === undefined) return sent === null ? UNASSIGNED : { value: sent };
  if (!attribute.multiValued) return readSingle(attribute, sent);
  const values: unknown[] = [];
  for (const each of Array.isArray(sent) ? (sent as unknown[]) : [sent]) {
    const read = readSingle(attribute, each);
    if ("problem" in read) return read;
    if (read.value !== undefined) values.push(read.value);
  }
  return values.length === 0 ? UNASSIGNED : { value: values };
}

/** Reads one value of an attribute, be it one of a list. */
export function readSingle(attribute: Attribute, sent: unknown): ReadValue {
  if (sent === null || sent === undefined) return UNASSIGNED;
  const { type, subAttributes = [] } = attribute;
  if (type === "boolean") {
    const value = typeof sent === "string" ? sent.toLowerCase() : `${sent as boolean}`;
    return value === "true" || value === "false" ? { value: value === "true" } : wrongType(attribute);
  }
  if (type !== "complex") return typeof sent === "string" ? { value: sent } : wrongType(attribute);
  const find = (name: string) => subAttributes.find((sub) => sameName(sub.name, name));
  // Entra sends a manager or a role as the bare value.
  if (typeof sent === "string" && find("value") !== undefined) return { value: { value: sent } };
  return isObject(sent) ? readObject(sent, find) : wrongType(attribute);
}

function readObject(sent: unknown, find: (name: string) => Attribute | undefined): ReadValue {
  if (!isObject(sent)) return scimProblem("invalidValue", "An extension must be an object");
  const value: [string, unknown][] = [];
  for (const [key, each] of Object.entries(sent)) {
    const attribute = find(key);
    const read = readAttribute(attribute, each);
    if ("problem" in read) return read;
    if (read.value !== undefined) value.push([attribute?.name ?? key, read.value]);
  }
  return value.length === 0 ? UNASSIGNED : { value: Object.fromEntries(value) };
}

function wrongType({ name, type }: Attribute): ScimProblem {
  return scimProblem("invalidValue", `${name} must be of type ${type}`);
}
