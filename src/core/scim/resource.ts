import { isRefusal } from "../refusal.ts";
import {
  isObject,
  spelledTwice,
  MAX_ATTRIBUTES,
  MAX_VALUES,
  valueOf,
  type ScimObject,
  type ReadValue,
  isList,
  listOf,
} from "./object.ts";
import { hidesLetters, isBroken, plainName } from "../organization/plain-name.ts";
import { isActiveIn } from "./deactivation.ts";
import { readMembers } from "./members.ts";
import { misplaced } from "./misplaced.ts";
import { scimProblem, type ScimProblem, type ScimResult } from "./problem.ts";
import {
  findAttribute,
  isExtension,
  sameName,
  SCHEMAS,
  type Attribute,
  type ResourceType,
} from "./schemas.ts";

const UNASSIGNED = { value: undefined };

export const TOO_MANY_ATTRIBUTES = scimProblem(
  "invalidValue",
  `A resource, or a part of one, has at most ${MAX_ATTRIBUTES} attributes`,
);

/**
 * Reads a resource as a client sent it: names in their proper spelling, booleans that came as strings made booleans,
 * what only the server may set and what is never kept left out. Unknown attributes stay as they are.
 */
export function readResource(
  type: ResourceType,
  input: ScimObject,
): ScimResult<{ readonly resource: ScimObject }> {
  const { resource, unread } = readWhatCanBe(type, input);
  const [first] = unread;
  return first === undefined ? { resource } : first.problem;
}

/** A resource that replaces another. */
interface Replacement {
  readonly resource: ScimObject;
  /** Attributes that can only be as they are on record, if they are there: another one may be meant. */
  readonly doubtful: readonly string[];
}

/** Reads a resource as a PUT sends it; see {@link misplacedAnew}. */
export function readReplacement(type: ResourceType, input: ScimObject): ScimResult<Replacement> {
  const { resource, unread } = readWhatCanBe(type, input);
  const refused = unread.find(({ value }) => value === undefined);
  if (refused !== undefined) return refused.problem;
  const values = new Map([
    ...Object.entries(resource),
    ...unread.map(({ name, value }) => [name, value] as const),
  ]);
  const names = Object.keys(input).map((key) => properName(type, key));
  return {
    resource: Object.fromEntries(
      names.filter((name) => values.has(name)).map((name) => [name, values.get(name)]),
    ),
    doubtful: unread.map(({ name }) => name),
  };
}

/** What says who somebody is, or what they may do: no identity token matches it when it holds letters that cannot be seen. */
const TELLING: Readonly<Record<ResourceType, readonly string[]>> = {
  User: ["userName", "externalId", "emails", "roles", "entitlements"],
  Group: ["displayName", "externalId"],
};

/** The longest of them is an address (RFC 5321 section 4.5.3.1). */
const MAX_TELLING_LENGTH = 320;

/**
 * Why a text, in a value or as the name of a part, cannot be taken: halves of letters and control characters nowhere, and
 * in what tells who somebody is nothing that cannot be seen. Names of people do hold marks of direction, as in Hebrew.
 */
export function textProblem(type: ResourceType, name: string, value: unknown): ScimProblem | null {
  const tells = TELLING[type].some((telling) => sameName(telling, name));
  if (hidesLetters(name) || someText(value, tells ? hidesLetters : isBroken)) return obscure(name);
  if (!tells || !someText(value, (text) => text.length > MAX_TELLING_LENGTH)) return null;
  return scimProblem("invalidValue", `${name} has at most ${MAX_TELLING_LENGTH} characters`, name);
}

export function toldTwice(name: string): ScimProblem {
  return scimProblem("invalidSyntax", `${plainName(name)} stands twice in one object`);
}

export function obscure(name: string): ScimProblem {
  return scimProblem("invalidValue", `${plainName(name)} holds letters that cannot be seen`, plainName(name));
}

/** Whether there is a text of a kind in a value; the names of its parts are held to the whole rule. */
export function someText(value: unknown, isBad: (text: string) => boolean): boolean {
  if (typeof value === "string") return isBad(value);
  if (isList(value)) return value.some((each) => someText(each, isBad));
  return (
    isObject(value) &&
    Object.entries(value).some(([name, each]) => hidesLetters(name) || someText(each, isBad))
  );
}

/** An attribute that cannot be taken; its `value` where only its name or what it says is wrong. */
interface Unread {
  readonly name: string;
  readonly problem: ScimProblem;
  readonly value?: unknown;
}

/** The attributes of a resource that can be read, and why the others cannot. */
export function readWhatCanBe(
  type: ResourceType,
  input: ScimObject,
): { readonly resource: ScimObject; readonly unread: readonly Unread[] } {
  const resource: [string, unknown][] = [];
  const unread: Unread[] = [];
  const all = Object.entries(input);
  if (all.length > MAX_ATTRIBUTES) unread.push({ name: "", problem: TOO_MANY_ATTRIBUTES });
  const twice = spelledTwice(input);
  if (twice !== null) unread.push({ name: properName(type, twice), problem: toldTwice(twice) });
  for (const [key, sent] of all.slice(0, MAX_ATTRIBUTES)) {
    const name = properName(type, key);
    const read = readEntry(type, key, sent);
    if (isRefusal(read)) {
      unread.push({ name, problem: read });
    } else if (read.value !== undefined) {
      const problem = misplaced(type, key, sent, { sent: input, stored: {} });
      if (problem === null) resource.push([name, read.value]);
      else unread.push({ name, problem, value: read.value });
    }
  }
  return { resource: Object.fromEntries(resource), unread };
}

function readEntry(type: ResourceType, key: string, sent: unknown): ReadValue {
  if (isMembers(type, key)) return readMembers(sent);
  const attribute = isExtension(key) ? undefined : findAttribute(type, null, key);
  if (!isKept(attribute)) return UNASSIGNED;
  const problem = textProblem(type, key, sent);
  if (problem !== null) return problem;
  if (isExtension(key)) {
    return readObject(sent, (name) => findAttribute(type, isActiveIn(key, name) ? null : key, name));
  }
  return readAttribute(attribute, sent);
}

/** Whether an attribute is the members of a group, which are read by rules of their own. */
export function isMembers(type: ResourceType, name: string): boolean {
  return type === "Group" && sameName(name, "members");
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
  const all = listOf(sent);
  if (all.length > MAX_VALUES) {
    return scimProblem("invalidValue", `${attribute.name} has at most ${MAX_VALUES} values`, attribute.name);
  }
  const values: unknown[] = [];
  for (const each of all) {
    const read = readSingle(attribute, each);
    if (isRefusal(read)) return read;
    if (read.value !== undefined) values.push(read.value);
  }
  return values.length === 0 ? UNASSIGNED : { value: values };
}

/** Reads one value of an attribute, or of its list. */
export function readSingle(attribute: Attribute, sent: unknown): ReadValue {
  if (sent === null || sent === undefined) return UNASSIGNED;
  const { type, subAttributes = [] } = attribute;
  if (type === "boolean") {
    const value = typeof sent === "string" ? sent.toLowerCase() : `${sent as boolean}`;
    return value === "true" || value === "false" ? { value: value === "true" } : wrongType(attribute);
  }
  if (type !== "complex") return typeof sent === "string" ? { value: sent } : wrongType(attribute);
  const find = (name: string) => subAttributes.find((sub) => sameName(sub.name, name));
  // Entra sends a manager or a role as the bare value, and an empty one for a manager who is no more.
  if (!attribute.multiValued && isEmptyValue(sent)) return UNASSIGNED;
  if (typeof sent === "string" && find("value") !== undefined) return { value: { value: sent } };
  return isObject(sent) ? readObject(sent, find) : wrongType(attribute);
}

function isEmptyValue(sent: unknown): boolean {
  return sent === "" || (isObject(sent) && valueOf(sent, "value") === "");
}

function readObject(sent: unknown, find: (name: string) => Attribute | undefined): ReadValue {
  if (!isObject(sent)) return scimProblem("invalidValue", "An extension must be an object");
  const all = Object.entries(sent);
  if (all.length > MAX_ATTRIBUTES) return TOO_MANY_ATTRIBUTES;
  const twice = spelledTwice(sent);
  if (twice !== null) return toldTwice(twice);
  const value: [string, unknown][] = [];
  for (const [key, each] of all) {
    const attribute = find(key);
    const read = readAttribute(attribute, each);
    if (isRefusal(read)) return read;
    if (read.value !== undefined) value.push([attribute?.name ?? key, read.value]);
  }
  return value.length === 0 ? UNASSIGNED : { value: Object.fromEntries(value) };
}

function wrongType({ name, type }: Attribute): ScimProblem {
  return scimProblem("invalidValue", `${name} must be of type ${type}`, name);
}
