import { isRefusal } from "../refusal.ts";
import { parsePath } from "./filter-parser.ts";
import { isActiveIn, readOp } from "./deactivation.ts";
import { changeMembers } from "./members.ts";
import { besideOperations, misnamed, misplaced } from "./misplaced.ts";
import type { AttributePath } from "./filter.ts";
import { scimProblem, type ScimProblem, type ScimResult } from "./problem.ts";
import { changeAt } from "./patch-value.ts";
import {
  isObject,
  spelledTwice,
  MAX_ATTRIBUTES,
  MAX_VALUES,
  valueOf,
  withValue,
  type ScimObject,
  isList,
} from "./object.ts";
import { isEmpty } from "./removal.ts";
import { isKept, isMembers, properName, textProblem, toldTwice, TOO_MANY_ATTRIBUTES } from "./resource.ts";
import { findAttribute, sameName, SCHEMAS, type Attribute, type ResourceType } from "./schemas.ts";

/** One operation of a PATCH (RFC 7644 section 3.5.2). */
export interface PatchOperation {
  readonly op: "add" | "replace" | "remove";
  readonly path: AttributePath | null;
  readonly value: unknown;
}

/** More than clients send; each is applied to the resource as the one before has left it. */
const MAX_OPERATIONS = 1000;

const NAMES_NOTHING = scimProblem("invalidValue", "value must name an attribute");

type Patched = ScimResult<{ readonly resource: ScimObject }>;

/** Reads the body of a PATCH. `op` is taken in any letter case, as Entra writes it. */
export function readOperations(body: unknown): ScimResult<{ readonly operations: PatchOperation[] }> {
  const sent = isObject(body) ? valueOf(body, "Operations") : undefined;
  if (!Array.isArray(sent) || sent.length === 0) {
    return scimProblem("invalidSyntax", "Operations must be a list of at least one operation");
  }
  const { operations, unread } = readWhatOperationsCanBe(body);
  return unread[0] ?? { operations };
}

/** The operations of a PATCH that can be read, and why the others cannot. */
export function readWhatOperationsCanBe(body: unknown): {
  readonly operations: PatchOperation[];
  readonly unread: readonly ScimProblem[];
} {
  const sent = isObject(body) ? valueOf(body, "Operations") : undefined;
  const all = isList(sent) ? sent : [];
  const beside = besideOperations(body);
  const operations: PatchOperation[] = [];
  const unread: ScimProblem[] = beside === null ? [] : [beside];
  for (const each of all.slice(0, MAX_OPERATIONS)) {
    const read = readOperation(each);
    if (isRefusal(read)) unread.push(read);
    else operations.push(read);
  }
  if (all.length > MAX_OPERATIONS) {
    unread.push(scimProblem("invalidValue", `A PATCH has at most ${MAX_OPERATIONS} operations`));
  }
  return { operations, unread };
}

/** Applies operations in their order; all of them or, when one is refused, none. */
export function applyPatch(
  type: ResourceType,
  resource: ScimObject,
  operations: readonly PatchOperation[],
): Patched {
  let patched = resource;
  for (const { op, path, value } of operations) {
    const outcome =
      path === null ? applyToMany(type, patched, { op, value }) : applyAt(type, patched, { op, path, value });
    if (isRefusal(outcome)) return outcome;
    patched = outcome.resource;
  }
  return { resource: patched };
}

function readOperation(sent: unknown): ScimResult<PatchOperation> {
  if (!isObject(sent)) return scimProblem("invalidSyntax", "An operation must be an object");
  const twice = spelledTwice(sent);
  if (twice !== null) return toldTwice(twice);
  const op = readOp(sent);
  if (op !== "add" && op !== "replace" && op !== "remove") {
    return scimProblem("invalidSyntax", "op must be add, replace or remove");
  }
  const text = valueOf(sent, "path");
  const value = valueOf(sent, "value");
  if (value === undefined && op !== "remove") return scimProblem("invalidValue", `${op} needs a value`);
  if (text === undefined || text === null || text === "") {
    if (op === "remove" && !isObject(value)) return scimProblem("noTarget", "remove needs a path");
    if (!isObject(value)) return scimProblem("invalidValue", "Without a path, value must be an object");
    return Object.keys(value).length === 0 ? NAMES_NOTHING : { op, path: null, value };
  }
  const path = typeof text === "string" ? parsePath(text) : null;
  return path === null ? scimProblem("invalidPath", "path is not a path") : { op, path, value };
}

/**
 * Without a path, every key of the value is one. What only the server may set is passed over, as in a PUT, unless nothing
 * else is named: somebody has not left the groups that are taken off their user.
 */
function applyToMany(
  type: ResourceType,
  resource: ScimObject,
  {
    op,
    value,
    schema = null,
    beside = value as ScimObject,
  }: Omit<PatchOperation, "path"> & { readonly schema?: string | null; readonly beside?: ScimObject },
): Patched {
  let patched = resource;
  const named = Object.entries(value as ScimObject);
  const hasMore = named.some(([key]) => findAttribute(type, schema, key)?.mutability !== "readOnly");
  for (const [key, each] of named) {
    const path = parsePath(key);
    if (path === null) return scimProblem("invalidPath", `${key} is not a path`);
    const target = path.schema === null ? { ...path, schema } : path;
    const passedOver = op !== "remove" && target.name !== null && hasMore;
    if (passedOver && !isKept(findAttribute(type, target.schema, target.name))) continue;
    const outcome = applyAt(type, patched, { op, path: target, value: each, beside });
    if (isRefusal(outcome)) return outcome;
    patched = outcome.resource;
  }
  return { resource: patched };
}

/** `beside`: all that the operation sets, where it sets more. */
function applyAt(
  type: ResourceType,
  resource: ScimObject,
  {
    op,
    path,
    value,
    beside = {},
  }: PatchOperation & { readonly path: AttributePath; readonly beside?: ScimObject },
): Patched {
  const { schema, name, where, sub } = meantBy(path);
  if (name === null) {
    const extension = schema as string;
    if (op === "remove") return withoutExtension(resource, extension);
    if (!isObject(value)) return scimProblem("invalidValue", "An extension must be an object");
    if (Object.keys(value).length === 0) return NAMES_NOTHING;
    return applyToMany(type, resource, { op, value, schema: extension, beside });
  }
  const attribute = findAttribute(type, schema, name);
  if (attribute?.mutability === "readOnly") return scimProblem("mutability", `${name} is read-only`, name);
  if (attribute?.returned === "never") return { resource };
  const container = schema === null ? resource : (valueOf(resource, schema) ?? {});
  if (!isObject(container)) return scimProblem("invalidPath", "There is no such extension");
  const current = valueOf(container, name);
  const wrong =
    (attribute === undefined ? absent(type, { op, name, value }, current) : null) ??
    (op === "remove"
      ? removedElsewhere(type, path, attribute)
      : misplaced(type, ...written({ schema, name, sub, value }), { sent: beside, stored: resource }));
  if (wrong !== null) return wrong;
  const hasMembers = schema === null && isMembers(type, name);
  const problem = op === "remove" || hasMembers ? null : textProblem(type, name, value);
  if (problem !== null) return problem;
  const changed = hasMembers
    ? changeMembers({ op, where, sub, value }, current)
    : changeAt({ attribute, op, where, sub, value }, current);
  if (isRefusal(changed)) return changed;
  if (!hasMembers && Array.isArray(changed.value) && changed.value.length > MAX_VALUES) {
    return scimProblem("invalidValue", `${name} has at most ${MAX_VALUES} values`, name);
  }
  const isUnset = changed.value === undefined || (op === "add" && value === null);
  if (isUnset && (attribute?.required === true || isActive(attribute))) {
    return scimProblem(op === "remove" ? "mutability" : "invalidValue", `${name} must have a value`, name);
  }
  const next = withValue(container, properName(type, name, schema), changed.value);
  const size = Object.keys(next).length;
  if (size > MAX_ATTRIBUTES && size > Object.keys(container).length) return TOO_MANY_ATTRIBUTES;
  if (schema === null) return { resource: next };
  const extended = Object.keys(next).length === 0 ? undefined : next;
  return { resource: withValue(resource, properName(type, schema), extended) };
}

function meantBy(path: AttributePath): AttributePath {
  const { schema, name } = path;
  return schema !== null && name !== null && isActiveIn(schema, name) ? { ...path, schema: null } : path;
}

function withoutExtension(resource: ScimObject, schema: string): Patched {
  const isKnown = SCHEMAS.some(({ id }) => sameName(id, schema)) || valueOf(resource, schema) !== undefined;
  if (!isKnown) return scimProblem("noTarget", "There is no such extension");
  return { resource: withValue(resource, schema, undefined) };
}

/** Why what is not there cannot be taken away: a client that means another attribute must not believe it done. */
function absent(
  type: ResourceType,
  { op, name, value }: { readonly op: PatchOperation["op"]; readonly name: string; readonly value: unknown },
  current: unknown,
): ScimProblem | null {
  const clears = op === "remove" || (op === "replace" && isEmpty(value));
  return clears && current === undefined ? scimProblem("noTarget", `The ${type} has no ${name}`, name) : null;
}

function removedElsewhere(
  type: ResourceType,
  { schema, name }: AttributePath,
  attribute: Attribute | undefined,
): ScimProblem | null {
  return attribute === undefined && schema === null && name !== null ? misnamed(type, name) : null;
}

/** What an operation sets, as a PUT would write it. */
function written({
  schema,
  name,
  sub,
  value,
}: Omit<AttributePath, "where"> & { value: unknown }): [string, unknown] {
  const whole = sub === null ? value : { [sub]: value };
  return schema === null ? [name ?? "", whole] : [schema, { [name ?? ""]: whole }];
}

/** A user is active or is not. */
function isActive(attribute: Attribute | undefined): boolean {
  return attribute?.name === "active";
}
