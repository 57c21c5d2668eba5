import { matches, valuesAt, type AttributePath, type Filter } from "../../../core/scim/filter.ts";
import { isObject, valueOf, type ScimObject } from "../../../core/scim/object.ts";
import { isCaseExact, type ResourceType } from "../../../core/scim/schemas.ts";
import type { ListCommand, ScimAnswer, Sorting } from "./scim-command.ts";
import { represent, type ScimStore, type StoredResource } from "./scim-store.ts";

export type ScimStores = Readonly<Record<ResourceType, ScimStore>>;

/** A page of resources (RFC 7644 section 3.4.2). */
export function listResources(stores: ScimStores, command: ListCommand): ScimAnswer {
  const { types, filter, sorting, offset, limit } = command;
  const [only] = types;
  if (filter === null && sorting === null && types.length === 1 && only !== undefined) {
    const store = stores[only];
    const page = store.page(offset, limit);
    return { resources: page.map((each) => represent(only, each, store)), total: store.count() };
  }
  const found = types.flatMap((type) =>
    allOf(stores[type], filter)
      .map((each) => represent(type, each, stores[type]))
      .filter((each) => filter === null || matches(filter, each)),
  );
  const ordered = sorting === null ? found : sorted(found, sorting);
  return { resources: ordered.slice(offset, offset + limit), total: found.length };
}

function allOf(store: ScimStore, filter: Filter | null): StoredResource[] {
  return (filter && indexed(store, filter)) ?? store.page(0, store.count());
}

/** What a comparison for equality of one attribute can find by an index; `null` when it must look at everything. */
function indexed(store: ScimStore, filter: Filter): StoredResource[] | null {
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return null;
  const { schema, name, sub } = filter.path;
  return schema === null && sub === null && name !== null ? store.candidates(name, filter.value) : null;
}

/** What has no value comes last, or first in descending order. */
function sorted(resources: readonly ScimObject[], { path, descending }: Sorting): ScimObject[] {
  const keyed = resources.map((resource) => ({ resource, key: sortKey(resource, path) }));
  const ascending = keyed.toSorted((a, b) => compare(a.key, b.key));
  return (descending ? ascending.toReversed() : ascending).map(({ resource }) => resource);
}

/** Of several values the primary one counts, else the first. */
function sortKey(resource: ScimObject, path: AttributePath): string | null {
  const values = valuesAt(resource, { ...path, sub: null });
  const chosen = values.find((each) => isObject(each) && each["primary"] === true) ?? values[0];
  const value = isObject(chosen) ? valueOf(chosen, path.sub ?? "value") : chosen;
  if (value === undefined || value === null || isObject(value)) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return isCaseExact(path.name ?? "") ? text : text.toLowerCase();
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
