import type { ResourceType } from "../../core/scim/schemas.ts";

type Description = "ServiceProviderConfig" | "ResourceTypes" | "Schemas";

/** What a path leads to (RFC 7644 section 3.2). */
export interface Place {
  /** What it is called in the log. */
  readonly route: string;
  readonly description: Description | null;
  /** The types of its resources. */
  readonly types: readonly ResourceType[];
  /** `null` for all of them. */
  readonly id: string | null;
  /** Whether it is where queries are posted to. */
  readonly search: boolean;
}

const SEARCH = ".search";
const ENDPOINTS: ReadonlyMap<string, ResourceType> = new Map([
  ["users", "User"],
  ["groups", "Group"],
]);
const DESCRIPTIONS: ReadonlyMap<string, Description> = new Map([
  ["serviceproviderconfig", "ServiceProviderConfig"],
  ["resourcetypes", "ResourceTypes"],
  ["schemas", "Schemas"],
]);

/**
 * Whether a path leads to what a service may do without and then answers 501: the resource of the token's holder
 * (RFC 7644 section 3.11), who is nobody here, and many requests in one (section 3.7).
 */
export function isNotServed(path: string): boolean {
  return /^\/(?:me|bulk)(?:\/|$)/i.test(path);
}

/** Reads a path below SCIM's own; `null` when it leads nowhere. Names count in any letters' case. */
export function readPlace(path: string): Place | null {
  const [first, second, ...more] = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  if (more.length > 0 || first === undefined || second === "") return null;
  if (isSearch(first) && second === undefined) {
    return placeOf({ route: `/${SEARCH}`, types: ["User", "Group"], search: true });
  }
  const description = DESCRIPTIONS.get(first.toLowerCase());
  if (description !== undefined) return describing(description, second);
  const type = ENDPOINTS.get(first.toLowerCase());
  if (type === undefined) return null;
  const route = `/${type}s`;
  if (second === undefined) return placeOf({ route, types: [type] });
  if (isSearch(second)) return placeOf({ route: `${route}/${SEARCH}`, types: [type], search: true });
  const id = decode(second);
  return id === null ? null : placeOf({ route: `${route}/:id`, types: [type], id });
}

/** The methods that are served at a place, for `Allow` (RFC 9110 section 10.2.1). */
export function allowedAt({ description, id, search }: Place): string[] {
  if (search) return ["POST"];
  if (description !== null) return ["GET", "HEAD"];
  return id === null ? ["GET", "HEAD", "POST"] : ["GET", "HEAD", "PUT", "PATCH", "DELETE"];
}

function describing(description: Description, second: string | undefined): Place | null {
  const route = `/${description}`;
  if (second === undefined) return placeOf({ route, description });
  const id = decode(second);
  if (description === "ServiceProviderConfig" || id === null) return null;
  return placeOf({ route: `${route}/:id`, description, id });
}

function placeOf(place: Partial<Place> & Pick<Place, "route">): Place {
  return { description: null, types: [], id: null, search: false, ...place };
}

function isSearch(segment: string): boolean {
  return segment.toLowerCase() === SEARCH;
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
