import { isObject, valueOf, type ScimObject, listOf } from "./object.ts";
import { parsePath } from "./filter-parser.ts";
import { ENTERPRISE_USER_SCHEMA, sameName, USER_SCHEMA } from "./schemas.ts";

/** How often a value may be wrapped in a list, in an object or in JSON text. */
const MAX_WRAPPINGS = 4;

/** Whether the body of a PUT deactivates a user, even if the rest of it is bad. */
export function replacesActive(body: unknown): boolean {
  return setsInactive(body, null);
}

/**
 * Whether any operation of a PATCH body sets `active` to false, even one that cannot be read otherwise.
 */
export function patchesActive(body: unknown): boolean {
  const sent = isObject(body) ? (valueOf(body, "Operations") ?? body) : body;
  const operations = listOf(sent);
  // Some clients send the changed attributes without an operation.
  if (setsInactive(body, null)) return true;
  return operations.some((operation) => {
    if (!isObject(operation) || readOp(operation) === "remove") return false;
    const path = valueOf(operation, "path");
    return setsInactive(valueOf(operation, "value"), typeof path === "string" ? path.trim() : null);
  });
}

/** What an operation does, in lower case. */
export function readOp(operation: ScimObject): string {
  return String(valueOf(operation, "op")).trim().toLowerCase();
}

function setsInactive(value: unknown, path: string | null, wrappings = 0): boolean {
  if (wrappings > MAX_WRAPPINGS) return false;
  if (path !== null && path !== "") {
    return namesActive(path) ? isFalse(value) : isOfUsers(path) && setsInactive(value, null, wrappings + 1);
  }
  if (Array.isArray(value)) return value.some((each) => setsInactive(each, null, wrappings + 1));
  const object = readObject(value);
  if (object === null) return false;
  return Object.entries(object).some(
    ([key, each]) =>
      (namesActive(key.trim()) && isFalse(each)) ||
      (isOfUsers(key.trim()) && setsInactive(each, null, wrappings + 1)),
  );
}

/** The path as SCIM or JSON Patch (RFC 6902) writes it. */
function namesActive(path: string): boolean {
  const read = parsePath(path.replace(/^\//, ""));
  if (read === null || !sameName(read.name ?? "", "active")) return false;
  return read.schema === null || isOfUsers(read.schema);
}

/** Whether the user's `active` is meant by that of a schema: the extension has none of its own. */
export function isActiveIn(schema: string, name: string): boolean {
  return isOfUsers(schema) && sameName(name, "active");
}

function isOfUsers(schema: string): boolean {
  return [USER_SCHEMA, ENTERPRISE_USER_SCHEMA].some((each) => sameName(schema, each));
}

/** `false` as clients write it: as text, as 0, or wrapped as a complex value or a list of one. */
export function isFalse(value: unknown, wrappings = 0): boolean {
  if (wrappings > MAX_WRAPPINGS) return false;
  if (typeof value === "string") return /^\s*(?:false|0)\s*$/i.test(value);
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => isFalse(each, wrappings + 1));
  if (!isObject(value)) return value === false || value === 0;
  return ["value", "active"].some((name) => isFalse(valueOf(value, name), wrappings + 1));
}

/** An object, or text that holds one. */
function readObject(value: unknown): ScimObject | null {
  if (isObject(value)) return value;
  if (typeof value !== "string" || !value.trimStart().startsWith("{")) return null;
  try {
    const read: unknown = JSON.parse(value);
    return isObject(read) ? read : null;
  } catch {
    return null;
  }
}
