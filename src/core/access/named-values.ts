import { VAULT, formatResource, type ResourceTemplate } from "../policy/resource-types.ts";
import type { Operation } from "../policy/operation.ts";
import type { Scope, Segments } from "../policy/scope.ts";
import { ANY_ITEM, type Access } from "./access.ts";

/** Values of path parameters; one that is absent can be any. */
type Values = ReadonlyMap<string, string>;

const ANY: Values = new Map();

/**
 * The values of an operation's access parameters, in their order, on which a credential's access depends: for each way in
 * which its filters and vaults fit the operation's resources, those that they name, and {@link ANY_ITEM} for the rest. The
 * last is any value for all. Whatever a request names is decided like one of these.
 *
 * `most` bounds how many there are. Without the bound they are no more than the filters, times the vaults, for each
 * resource that the operation's scopes, its own resource and its list name.
 */
export function namedValues(
  operation: Operation,
  filters: readonly Segments[],
  vaults: readonly string[],
  most: number,
): string[][] {
  const names = new Set(operation.accessParams);
  let found: readonly Values[] = [ANY];
  for (const template of templatesOf(operation)) {
    const byFilters = filters
      .filter((filter) => canFit(template, filter))
      .flatMap((filter) => fitsOf(template, filter, names));
    found = combined(found, byFilters, most);
    const vaultId = vaultParameter(template);
    if (vaultId !== null && names.has(vaultId)) {
      found = combined(
        found,
        vaults.map((vault) => new Map([[vaultId, vault]])),
        most,
      );
    }
  }
  return found.map((values) => operation.accessParams.map((name) => values.get(name) ?? ANY_ITEM));
}

/** The vaults that a credential names, on which its owner has the role; none where it may use any. */
export function namedVaults({ effectiveVaults }: Access): readonly string[] {
  return effectiveVaults === "*" ? [] : effectiveVaults;
}

/** Every text in a credential's vaults and scopes that is no wildcard could be an id. */
export function namedIds(scopes: readonly Scope[], access: Access): string[] {
  const segments = scopes.flatMap(({ resource }) => resource.split("/").slice(1));
  return [...new Set([...namedVaults(access), ...segments])].filter((id) => id !== "#" && id !== "*");
}

/** The resources with parameters that decide about a request, each once. */
function templatesOf({ security, resource, list }: Operation): ResourceTemplate[] {
  const resources = [...security.flat().map(({ template }) => template), resource, list?.resource ?? null];
  const byText = resources.flatMap((template) =>
    template === null ? [] : [[formatResource(template), template] as const],
  );
  return [...new Map(byText).values()];
}

function vaultParameter([type, id]: ResourceTemplate): string | null {
  if (type === undefined || !("literal" in type) || type.literal !== VAULT) return null;
  return id !== undefined && "parameter" in id ? id.parameter : null;
}

/** Whether a filter agrees with a resource's texts up to a value of many segments. Most do not, and end here at once. */
function canFit(template: ResourceTemplate, filter: Segments): boolean {
  for (const [i, segment] of template.entries()) {
    const wanted = filter[i];
    if (wanted === undefined || ("parameter" in segment && segment.many)) return true;
    if ("literal" in segment && wanted !== "#" && wanted !== segment.literal) return false;
  }
  return true;
}

/** What a filter names where it has something in common with a resource; several ways where a value may be many segments. */
function fitsOf(template: ResourceTemplate, filter: Segments, names: ReadonlySet<string>): Values[] {
  const [segment, ...rest] = template;
  const [wanted, ...more] = filter;
  if (segment === undefined || wanted === undefined) return [ANY];
  if ("literal" in segment) {
    return wanted === "#" || wanted === segment.literal ? fitsOf(rest, more, names) : [];
  }
  const lengths = segment.many ? filter.map((_, i) => i + 1) : [1];
  return lengths.flatMap((length) => {
    const own = names.has(segment.parameter) ? named(segment.parameter, filter.slice(0, length)) : ANY;
    return fitsOf(rest, filter.slice(length), names).flatMap((others) => merged(own, others) ?? []);
  });
}

function named(parameter: string, segments: Segments): Values {
  const value = segments.map((segment) => (segment === "#" ? ANY_ITEM : segment)).join("/");
  return value === ANY_ITEM ? ANY : new Map([[parameter, value]]);
}

/** Each of the one with each of the other where they agree, and then each of the one alone; each once. */
function combined(all: readonly Values[], others: readonly Values[], most: number): Values[] {
  const found = new Map<string, Values>();
  for (const values of all) {
    for (const other of others) {
      if (found.size >= most) return [...found.values()];
      const both = merged(values, other);
      if (both !== null && both.size > values.size) found.set(keyOf(both), both);
    }
  }
  for (const values of all) found.set(keyOf(values), values);
  return [...found.values()].slice(0, most);
}

/** `null` where they name different values of a parameter. */
function merged(one: Values, other: Values): Values | null {
  for (const [name, value] of other) if ((one.get(name) ?? value) !== value) return null;
  return new Map([...one, ...other]);
}

function keyOf(values: Values): string {
  return [...values]
    .map((pair) => JSON.stringify(pair))
    .toSorted()
    .join();
}
