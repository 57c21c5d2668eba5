import { foldName } from "../organization/folded-name.ts";
import type { Filter } from "./filter.ts";
import { isList, isObject, MAX_VALUES, valueOf, type ReadValue, type ScimObject } from "./object.ts";
import { scimProblem, type ScimProblem } from "./problem.ts";
import { nameInText } from "./roles.ts";
import { sameName, type Attribute } from "./schemas.ts";

/** How often a value may be wrapped in lists, objects and JSON text. */
const MAX_WRAPPINGS = 8;

/** Whether a value says nothing: no text, no values, no parts. */
export function isEmpty(value: unknown, wrappings = 0): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === "string") return /^(?:\[\s*\]|\{\s*\})?$/.test(value.trim());
  if (typeof value !== "object" || wrappings > MAX_WRAPPINGS) return false;
  return Object.values(value).every((each) => isEmpty(each, wrappings + 1));
}

/**
 * What is left of an attribute after a removal. Entra names the values of a list that are to go, each by its `value`, or
 * by whatever else it tells of it; without any, all of them go (RFC 7644 section 3.5.2.2).
 */
export function withoutNamed(attribute: Attribute | undefined, current: unknown, sent: unknown): ReadValue {
  const hasList = isList(current) || attribute?.multiValued === true;
  if (!hasList || sent === undefined || sent === null) return { value: undefined };
  const named = namesIn(sent, attribute?.name ?? "");
  if (named === null) {
    return scimProblem("invalidValue", "A removal names values, or has no value and removes all");
  }
  if (named.length > MAX_VALUES) {
    return scimProblem("invalidValue", `A removal names at most ${MAX_VALUES} values`);
  }
  if (!isList(current)) return { value: undefined };
  const stays = (each: unknown): boolean => !named.some((value) => isNamed(each, value));
  const unfit = named.some((value) => isObject(value) && !current.some((each) => isNamed(each, value)));
  if (unfit) return scimProblem("noTarget", "No value is as the removal tells");
  const left = current.filter(stays);
  return { value: left.length === 0 ? undefined : left };
}

/** Why a removal or a filter is refused: it names a part that no value can have, so nothing would change. */
export function unknownPart(
  attribute: Attribute | undefined,
  names: readonly string[],
  current: unknown,
): ScimProblem | null {
  if (attribute?.type !== "complex") return null;
  const held = (isList(current) ? current : [current]).filter(isObject);
  const unknown = names.find(
    (name) =>
      attribute.subAttributes?.some((each) => sameName(each.name, name)) !== true &&
      !held.some((each) => valueOf(each, name) !== undefined),
  );
  return unknown === undefined ? null : scimProblem("invalidPath", `${attribute.name} has no ${unknown}`);
}

/** The parts of a value that a filter asks for. */
export function partsOf(filter: Filter): string[] {
  switch (filter.kind) {
    case "and":
    case "or":
      return [...partsOf(filter.left), ...partsOf(filter.right)];
    case "not":
      return partsOf(filter.filter);
    case "compare":
    case "present":
      return filter.path.name === null ? [] : [filter.path.name];
  }
}

/** Texts are compared as names of roles are: every spelling that gives a role must be able to take it. */
export function isSame(held: unknown, named: unknown): boolean {
  if (typeof held !== "string" || typeof named !== "string") return held === named;
  return foldName(nameInText(held)) === foldName(nameInText(named));
}

/**
 * The values that a removal names: bare, or told by their parts where those hold no `value`; `null` if one of them names
 * nothing.
 */
function namesIn(sent: unknown, attribute: string, wrappings = 0): unknown[] | null {
  if (isEmpty(sent) || wrappings > MAX_WRAPPINGS) return null;
  const inside = (value: unknown) => namesIn(value, attribute, wrappings + 1);
  if (isList(sent)) {
    const named = sent.map(inside);
    return named.includes(null) ? null : named.flatMap((each) => each ?? []);
  }
  if (typeof sent === "string") {
    const read = readJson(sent);
    return read === undefined ? [sent] : inside(read);
  }
  if (!isObject(sent)) return [sent];
  const value = valueOf(sent, "value") ?? valueOf(sent, attribute);
  if (value !== undefined && value !== null) return inside(value);
  return [Object.fromEntries(Object.entries(sent).filter(([, each]) => each !== null))];
}

/** A list or an object that stands as text, as Entra writes roles. */
function readJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNamed(held: unknown, named: unknown): boolean {
  if (!isObject(named)) return isSame(isObject(held) ? valueOf(held, "value") : held, named);
  return isObject(held) && hasParts(held, named);
}

function hasParts(held: ScimObject, parts: ScimObject): boolean {
  return Object.entries(parts).every(([name, each]) => isSame(valueOf(held, name), each));
}
