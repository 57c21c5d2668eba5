import { isRefusal } from "../refusal.ts";
import { hidesLetters } from "../organization/plain-name.ts";
import { matches, type Filter } from "./filter.ts";
import { scimProblem } from "./problem.ts";
import { isObject, valueOf, withValue, type ScimObject, type ReadValue, isList, listOf } from "./object.ts";
import { isSame, partsOf, unknownPart, withoutNamed } from "./removal.ts";
import { obscure, readAttribute, readSingle, someText } from "./resource.ts";
import { sameName, type Attribute } from "./schemas.ts";

/** What an operation does to the attribute that its path names. */
interface Change {
  readonly attribute: Attribute | undefined;
  readonly op: "add" | "replace" | "remove";
  readonly where: Filter | null;
  readonly sub: string | null;
  readonly value: unknown;
}

/** What an attribute holds after a change. */
export function changeAt(change: Change, current: unknown): ReadValue {
  const { attribute, op, where, sub, value } = change;
  if (where !== null && attribute?.multiValued === false) {
    return scimProblem("invalidPath", `${attribute.name} has one value, of which a filter chooses none`);
  }
  if (attribute === undefined && (where ?? sub) !== null && !hasParts(current, where)) {
    return scimProblem("invalidPath", "What the path names holds no values of such parts");
  }
  const parts = [
    ...(where === null ? [] : partsOf(where)),
    ...(op === "remove" && sub !== null ? [sub] : []),
  ];
  const unknown = unknownPart(attribute, parts, current);
  if (unknown !== null) return unknown;
  if (where !== null) return changeSome(change, where, current);
  if (sub !== null) return changeParts(change, sub, current);
  if (op === "remove") return withoutNamed(attribute, current, value);
  const read = readAttribute(attribute, value);
  if (isRefusal(read)) return read;
  if (Array.isArray(current) && op === "add") return { value: withAdded(current, read.value) };
  if (attribute?.multiValued !== true && isObject(current) && isObject(read.value)) {
    return { value: { ...current, ...read.value } };
  }
  // Nothing added is no change; an empty manager is none.
  return op === "add" && read.value === undefined && value !== "" ? { value: current } : read;
}

/** Whether an attribute that no schema knows holds what a filter can choose from, or parts; or nothing yet. */
function hasParts(current: unknown, where: Filter | null): boolean {
  if (isList(current)) return current.every(isObject);
  return current === undefined || (where === null && isObject(current));
}

/**
 * Changes the values of a list that a filter chooses. One that is not there is made, by `replace` as by `add`: Entra
 * replaces what it has never set.
 */
function changeSome({ attribute, op, sub, value }: Change, where: Filter, current: unknown): ReadValue {
  const list = isList(current) ? current : [];
  const chosen = (each: unknown): each is ScimObject =>
    isObject(each) && (matches(where, each) || isSame(valueOf(each, "value"), valueNamedBy(where)));
  if (op === "remove") {
    if (attribute?.name === "roles" && leavesAll(where, list, chosen)) {
      return scimProblem("noTarget", "No role fits the filter of the path");
    }
    if (sub === null) return { value: filled(list.filter((each) => !chosen(each))) };
    return { value: withoutParts(list, sub, chosen) };
  }
  const made = list.some(chosen) ? {} : impliedBy(where);
  if (made === null) return scimProblem("noTarget", "No value fits the filter of the path");
  if (someText(made, hidesLetters)) return obscure("The filter of the path");
  const read = readPart(attribute, sub, value, made);
  if (isRefusal(read)) return read;
  const part = read.value as ScimObject;
  if (!list.some(chosen)) return { value: withAdded(list, [part]) };
  const replaced = op === "replace" && sub === null;
  const next = list.map((each) => (chosen(each) ? (replaced ? part : { ...each, ...part }) : each));
  const changed = next.filter((_, i) => chosen(list[i]));
  return { value: onePrimary(next, changed) };
}

/** Whether a removal by something else than the value leaves every value: a role that it names by another part stays. */
function leavesAll(where: Filter, list: readonly unknown[], chosen: (each: unknown) => boolean): boolean {
  return list.length > 0 && valueNamedBy(where) === null && !list.some(chosen);
}

/** Changes one sub-attribute: of the complex value, or of every value of a list. */
function changeParts({ attribute, op, value }: Change, sub: string, current: unknown): ReadValue {
  if (op === "remove") {
    if (attribute !== undefined && attribute.type !== "complex") {
      return scimProblem("invalidPath", `${attribute.name} has no parts`);
    }
    if (Array.isArray(current)) return { value: withoutParts(current, sub, isObject) };
    if (!isObject(current)) return { value: current };
    const rest = withValue(current, sub, undefined);
    return { value: Object.keys(rest).length === 0 ? undefined : rest };
  }
  const read = readPart(attribute, sub, value);
  if (isRefusal(read)) return read;
  if (read.value === undefined) return { value: undefined };
  const part = read.value as ScimObject;
  if (Array.isArray(current)) {
    return { value: current.map((each) => (isObject(each) ? { ...each, ...part } : each)) };
  }
  const whole = isObject(current) ? { ...current, ...part } : part;
  return { value: attribute?.multiValued === true ? [whole] : whole };
}

/** A list without one sub-attribute of some values; what has nothing left is no value. */
function withoutParts(
  list: readonly unknown[],
  sub: string,
  isMeant: (each: unknown) => each is ScimObject,
): unknown[] | undefined {
  const next = list.map((each) => (isMeant(each) ? withValue(each, sub, undefined) : each));
  return filled(next.filter((each) => !isObject(each) || Object.keys(each).length > 0));
}

/** The value of an operation as a part of a complex value, next to parts that are `given`. */
function readPart(
  attribute: Attribute | undefined,
  sub: string | null,
  value: unknown,
  given: ScimObject = {},
): ReadValue {
  if (sub !== null && attribute?.subAttributes?.some((each) => isReadOnlyPart(each, sub)) === true) {
    return scimProblem("mutability", `${sub} is read-only`);
  }
  const sent = sub === null ? firstOf(value) : { [sub]: value };
  const whole = isObject(sent) ? { ...given, ...sent } : sent;
  const read = attribute === undefined ? { value: whole } : readSingle(attribute, whole);
  if (isRefusal(read)) return read;
  if (isObject(read.value) || isEmptied(attribute, whole)) return read;
  return scimProblem("invalidValue", "The value cannot be a part of what the path names");
}

/** Whether a single value is set to nothing: a manager whose id is empty is none. */
function isEmptied(attribute: Attribute | undefined, sent: unknown): boolean {
  return attribute?.multiValued === false && isObject(sent) && valueOf(sent, "value") === "";
}

function isReadOnlyPart(attribute: Attribute, name: string): boolean {
  return attribute.mutability === "readOnly" && sameName(attribute.name, name);
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/**
 * What a value must hold to be chosen by a filter of equalities: `type eq "work"` implies `{"type":"work"}`; `null` for
 * any other filter.
 */
function impliedBy(filter: Filter): ScimObject | null {
  if (filter.kind === "and") {
    const left = impliedBy(filter.left);
    const right = impliedBy(filter.right);
    return left && right && { ...left, ...right };
  }
  if (filter.kind !== "compare" || filter.operator !== "eq" || filter.path.name === null) return null;
  return { [filter.path.name]: filter.value };
}

/** The value that a filter asks for by itself, as in `roles[value eq "admin"]`; `null` for any other filter. */
function valueNamedBy(filter: Filter): string | null {
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return null;
  const { name, sub } = filter.path;
  return sub === null && sameName(name ?? "", "value") ? filter.value : null;
}

/** The list with values added that it does not hold yet. */
function withAdded(current: readonly unknown[], added: unknown): unknown[] {
  const values = added === undefined ? [] : listOf(added);
  const known = new Set(current.map((each) => JSON.stringify(each)));
  const fresh = values.filter((each) => !known.has(JSON.stringify(each)));
  return onePrimary([...current, ...fresh], fresh);
}

/** At most one value of a list is the primary one; the one that was set last wins (RFC 7644 section 3.5.2). */
function onePrimary(values: readonly unknown[], latest: readonly unknown[]): unknown[] {
  const primary = latest.findLast((each) => isObject(each) && each["primary"] === true);
  if (primary === undefined) return [...values];
  return values.map((each) =>
    each !== primary && isObject(each) && each["primary"] === true ? { ...each, primary: false } : each,
  );
}

function filled(values: unknown[]): unknown[] | undefined {
  return values.length === 0 ? undefined : values;
}
