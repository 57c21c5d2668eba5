import { exactly } from "../../../api-types/exact.ts";
import { resourceOf, ToldSchema, type ScimResource, type Told } from "../../../api-types/scim.ts";
import { isList, isObject, type ScimObject } from "../../../core/scim/object.ts";
import { GROUP_SCHEMA, isExtension, USER_SCHEMA, type ResourceType } from "../../../core/scim/schemas.ts";

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
  /** The ids of some: resources may be long, and are read one by one. */
  ids(offset: number, limit: number): string[];
  count(): number;
  /** A superset of those of which an attribute equals a value, by an index; `null` when there is none for it. */
  candidates(attribute: string, value: string): string[] | null;
  insert(id: string, resource: ScimObject, now: number): void;
  update(id: string, resource: ScimObject, now: number): void;
  remove(id: string, now: number): void;
  /** The groups of a user, or the members of a group. */
  relationsOf(id: string): Pick<Told, "groups" | "members">;
}

/** Folds names and e-mail addresses for comparison: letter case, outer spaces and composition of letters do not count. */
export function sameKey(name: string): string {
  // A letter in lower case may have a composed form that the capital has not, and a sigma ends words in one of its own.
  return name.trim().normalize("NFC").toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}

/** A user's e-mail addresses as they are compared. */
export function emailKeys(user: ScimObject): string[] {
  const emails = user["emails"];
  const keys = (isList(emails) ? emails : []).flatMap((email) => {
    const value = isObject(email) ? email["value"] : undefined;
    return typeof value === "string" && value.trim() !== "" ? [sameKey(value)] : [];
  });
  return [...new Set(keys)];
}

/** Letters of a name in lists, of which an answer may have hundreds. */
export const MAX_NAME = 500;

const part = (path: string) => `coalesce(json_extract(scim_users.resource, '$.${path}'), '')`;

/** What a row of `scim_users` is called: of one that was deleted only the user name is left, in lower case. */
export const SCIM_USER_NAME = `substr(coalesce(nullif(${part("displayName")}, ''),
  nullif(${part("name.formatted")}, ''),
  nullif(trim(${part("name.givenName")} || ' ' || ${part("name.familyName")}), ''),
  nullif(${part("userName")}, ''), user_name_key), 1, ${MAX_NAME})`;

/** A resource in the form of the answer; where it is, HTTP knows. */
export function represent(type: ResourceType, stored: StoredResource, store: ScimStore): ScimResource {
  const { members: _, ...attributes } = stored.resource;
  const extensions = Object.keys(attributes).filter(isExtension);
  const own = exactly(ToldSchema, {
    schemas: [type === "User" ? USER_SCHEMA : GROUP_SCHEMA, ...extensions],
    id: stored.id,
    ...store.relationsOf(stored.id),
    meta: {
      resourceType: type,
      created: new Date(stored.createdAt).toISOString(),
      lastModified: new Date(stored.modifiedAt).toISOString(),
      version: `W/"${stored.version}"`,
    },
  });
  return resourceOf(own, attributes);
}
