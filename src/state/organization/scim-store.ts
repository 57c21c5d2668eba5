import type { ScimObject } from "../../core/scim/resource.ts";

/** A SCIM resource as it is kept: what the client may set. Times are milliseconds since the epoch. */
export interface StoredResource {
  readonly id: string;
  readonly resource: ScimObject;
  /** Grows by one at each change. */
  readonly version: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** Where the resources of one type are kept, in the order of their making. */
export interface ScimStore {
  find(id: string): StoredResource | null;
  page(offset: number, limit: number): StoredResource[];
  count(): number;
  /** A superset of those of which an attribute equals a value, by an index; `null` when there is none for it. */
  candidates(attribute: string, value: string): StoredResource[] | null;
  insert(id: string, resource: ScimObject, now: number): void;
  update(id: string, resource: ScimObject, now: number): void;
  remove(id: string, now: number): void;
  /** The resource with what only the server knows of it. */
  represent(stored: StoredResource): ScimObject;
}

/** By what names are the same, letter case aside. */
export function sameKey(name: string): string {
  return name.toLowerCase();
}
