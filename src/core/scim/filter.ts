import { isCaseExact } from "./schemas.ts";
import { isObject, valueOf, type ScimObject, listOf } from "./object.ts";

export type Comparison = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";

/** A filter as it was read (RFC 7644 section 3.4.2.2). */
export type Filter =
  | { readonly kind: "and" | "or"; readonly left: Filter; readonly right: Filter }
  | { readonly kind: "not"; readonly filter: Filter }
  | { readonly kind: "present"; readonly path: AttributePath }
  | {
      readonly kind: "compare";
      readonly path: AttributePath;
      readonly operator: Comparison;
      readonly value: string | number | boolean | null;
    };

/** The path of an attribute in a resource (RFC 7644 section 3.5.2), such as `emails[type eq "work"].value`. */
export interface AttributePath {
  /** The extension that the attribute is of; `null` for the resource's own schema. */
  readonly schema: string | null;
  /** `null` for the extension as a whole. */
  readonly name: string | null;
  /** Which of several values are meant; `null` for all. */
  readonly where: Filter | null;
  readonly sub: string | null;
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Whether a resource, or one value of a list, fits a filter. */
export function matches(filter: Filter, resource: ScimObject): boolean {
  switch (filter.kind) {
    case "and":
      return matches(filter.left, resource) && matches(filter.right, resource);
    case "or":
      return matches(filter.left, resource) || matches(filter.right, resource);
    case "not":
      return !matches(filter.filter, resource);
    case "present":
      return valuesAt(resource, filter.path).some(isPresent);
    case "compare":
      return compares(valuesAt(resource, filter.path), filter);
  }
}

/** The values at a path; those of a list one by one. */
export function valuesAt(resource: ScimObject, path: AttributePath): readonly unknown[] {
  const container = path.schema === null ? resource : valueOf(resource, path.schema);
  const { where, sub } = path;
  const values = valuesOf(isObject(container) ? valueOf(container, path.name ?? "") : undefined);
  const chosen = where === null ? values : values.filter((value) => isObject(value) && matches(where, value));
  return sub === null
    ? chosen
    : chosen.flatMap((value) => (isObject(value) ? valuesOf(valueOf(value, sub)) : []));
}

function valuesOf(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : listOf(value);
}

function isPresent(value: unknown): boolean {
  return isObject(value) ? Object.values(value).some(isPresent) : value !== "" && value !== null;
}

function compares(
  values: readonly unknown[],
  { path, operator, value: expected }: Extract<Filter, { kind: "compare" }>,
): boolean {
  if (expected === null) return (operator === "eq") === (values.length === 0);
  const exact = isCaseExact(path.name ?? "");
  // A complex value is compared by its `value`.
  const plain = values.map((value) => (isObject(value) ? valueOf(value, "value") : value));
  if (operator === "ne") return !plain.some((actual) => holds("eq", actual, expected, exact));
  return plain.some((actual) => holds(operator, actual, expected, exact));
}

function holds(
  operator: Exclude<Comparison, "ne">,
  actual: unknown,
  expected: string | number | boolean,
  exact: boolean,
): boolean {
  // Some clients write booleans as strings.
  if (typeof actual === "boolean") return operator === "eq" && `${actual}` === `${expected}`.toLowerCase();
  if (typeof actual === "number" && typeof expected === "number") return ordered(operator, actual - expected);
  if (typeof actual !== "string" || typeof expected !== "string") return false;
  const a = exact ? actual : actual.toLowerCase();
  const b = exact ? expected : expected.toLowerCase();
  if (operator === "co") return a.includes(b);
  if (operator === "sw") return a.startsWith(b);
  if (operator === "ew") return a.endsWith(b);
  if (DATE_TIME.test(actual) && DATE_TIME.test(expected)) {
    return ordered(operator, Date.parse(actual) - Date.parse(expected));
  }
  return ordered(operator, a === b ? 0 : a < b ? -1 : 1);
}

function ordered(operator: Comparison, difference: number): boolean {
  switch (operator) {
    case "eq":
      return difference === 0;
    case "gt":
      return difference > 0;
    case "ge":
      return difference >= 0;
    case "lt":
      return difference < 0;
    case "le":
      return difference <= 0;
    case "ne":
    case "co":
    case "sw":
    case "ew":
      return false;
  }
}
