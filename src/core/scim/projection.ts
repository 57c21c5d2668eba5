import { isObject, type ScimObject } from "./object.ts";
import { parsePath } from "./filter-parser.ts";
import type { AttributePath } from "./filter.ts";
import { readPlainPath } from "./path.ts";
import { isExtension, sameName } from "./schemas.ts";

/** Always returned (RFC 7643 section 7, `returned`). */
const ALWAYS: readonly string[] = ["schemas", "id"];

/** Which attributes of a resource are to be shown (RFC 7644 section 3.9): all, only these, or all but these. */
export interface Projection {
  readonly kind: "all" | "only" | "without";
  readonly paths: readonly AttributePath[];
}

/**
 * Reads `attributes` and `excludedAttributes`; `null` when one does not hold names, or both are given. Entra's tests ask for
 * `emails[type eq "work"]`: all values are shown of an attribute of which some are asked for.
 */
export function readProjection(
  attributes: string | undefined,
  excluded: string | undefined,
): Projection | null {
  if (attributes && excluded) return null;
  const names = attributes || excluded;
  if (!names) return { kind: "all", paths: [] };
  const read = attributes ? parsePath : readPlainPath;
  const paths = names.split(",").map((name) => read(name.trim()));
  return paths.includes(null)
    ? null
    : { kind: attributes ? "only" : "without", paths: paths as AttributePath[] };
}

/** The part of a resource that is to be shown. */
export function project<Resource extends ScimObject>(
  resource: Resource,
  { kind, paths }: Projection,
): Resource {
  if (kind === "all") return resource;
  const only = kind === "only";
  const shown = Object.entries(resource).flatMap(([key, value]): [string, unknown][] => {
    if (ALWAYS.includes(key)) return [[key, value]];
    return isExtension(key)
      ? showExtension(key, value, paths, only)
      : show(
          key,
          value,
          paths.filter(({ schema }) => schema === null),
          only,
        );
  });
  // It has no field that the whole resource lacks.
  return Object.fromEntries(shown) as Resource;
}

function showExtension(
  key: string,
  value: unknown,
  paths: readonly AttributePath[],
  only: boolean,
): [string, unknown][] {
  const within = paths.filter(({ schema }) => schema !== null && sameName(schema, key));
  if (within.length === 0 || within.some(({ name }) => name === null) || !isObject(value)) {
    return only === within.length > 0 ? [[key, value]] : [];
  }
  return [[key, Object.fromEntries(Object.entries(value).flatMap(([k, v]) => show(k, v, within, only)))]];
}

/** An attribute as it is shown, or nothing. */
function show(
  key: string,
  value: unknown,
  paths: readonly AttributePath[],
  only: boolean,
): [string, unknown][] {
  const named = paths.filter(({ name }) => sameName(name ?? "", key));
  if (named.length === 0 || named.some(({ sub }) => sub === null)) {
    return only === named.length > 0 ? [[key, value]] : [];
  }
  const isNamed = (part: string) => named.some(({ sub }) => sameName(sub ?? "", part));
  return [[key, mapObjects(value, (part) => isNamed(part) === only)]];
}

/** A complex value, or each of a list of them, with the parts that are kept. */
function mapObjects(value: unknown, keep: (part: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => mapObjects(each, keep));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([part]) => keep(part)));
}
