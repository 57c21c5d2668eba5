import { matches, valuesAt, type AttributePath, type Filter } from "../../../core/scim/filter.ts";
import { isObject, valueOf, type ScimObject } from "../../../core/scim/object.ts";
import { isCaseExact, type ResourceType } from "../../../core/scim/schemas.ts";
import type { ListCommand, ScimAnswer, Sorting } from "./scim-command.ts";
import { pageOf } from "../../page.ts";
import { represent, type ScimStore } from "./scim-store.ts";

export type ScimStores = Readonly<Record<ResourceType, ScimStore>>;

/** Letters by which resources are sorted. */
const MAX_SORTED = 1000;

/** A resource that a list holds, and by what it is sorted. */
interface Found {
  readonly type: ResourceType;
  readonly id: string;
  readonly key: string | null;
}

/** A page of resources, fewer than asked for where they are long (RFC 7644 section 3.4.2.4). */
export function listResources(stores: ScimStores, command: ListCommand): ScimAnswer {
  const { types, filter, sorting, offset, limit } = command;
  const [only] = types;
  if (filter === null && sorting === null && types.length === 1 && only !== undefined) {
    const page = stores[only].ids(offset, limit).map((id) => ({ type: only, id }));
    return { resources: read(stores, page), total: stores[only].count() };
  }
  const found = types.flatMap((type) => [...search(stores[type], type, command)]);
  const ordered = sorting === null ? found : sorted(found, sorting);
  return { resources: read(stores, ordered.slice(offset, offset + limit)), total: found.length };
}

/** The resources that an answer has room for. */
function read(stores: ScimStores, found: readonly Pick<Found, "type" | "id">[]): ScimObject[] {
  function* all(): Iterable<ScimObject> {
    for (const { type, id } of found) {
      const stored = stores[type].find(id);
      if (stored !== null) yield represent(type, stored, stores[type]);
    }
  }
  return pageOf(all(), found.length, (resource) => JSON.stringify(resource).length).items;
}

/** What fits a filter, looked at one by one: all of it may be more than an object has memory for. */
function* search(store: ScimStore, type: ResourceType, { filter, sorting }: ListCommand): Iterable<Found> {
  for (const id of (filter && indexed(store, filter)) ?? store.ids(0, store.count())) {
    if (filter === null && sorting === null) {
      yield { type, id, key: null };
      continue;
    }
    const stored = store.find(id);
    if (stored === null) continue;
    const resource = represent(type, stored, store);
    if (filter !== null && !matches(filter, resource)) continue;
    yield { type, id, key: sorting === null ? null : sortKey(resource, sorting.path) };
  }
}

/** What a comparison for equality of one attribute can find by an index; `null` when it must look at everything. */
function indexed(store: ScimStore, filter: Filter): string[] | null {
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return null;
  const { schema, name, sub } = filter.path;
  return schema === null && sub === null && name !== null ? store.candidates(name, filter.value) : null;
}

/** What has no value comes last, or first in descending order. */
function sorted(found: readonly Found[], { descending }: Sorting): Found[] {
  const ascending = found.toSorted((a, b) => compare(a.key, b.key));
  return descending ? ascending.toReversed() : ascending;
}

/** Of several values the primary one counts, else the first. */
function sortKey(resource: ScimObject, path: AttributePath): string | null {
  const values = valuesAt(resource, { ...path, sub: null });
  const chosen = values.find((each) => isObject(each) && each["primary"] === true) ?? values[0];
  const value = isObject(chosen) ? valueOf(chosen, path.sub ?? "value") : chosen;
  if (value === undefined || value === null || isObject(value)) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const beginning = text.slice(0, MAX_SORTED);
  return isCaseExact(path.name ?? "") ? beginning : beginning.toLowerCase();
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
