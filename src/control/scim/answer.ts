import { exactly } from "../../api-types/exact.ts";
import {
  resourceOf,
  ScimErrorSchema,
  ScimListSchema,
  ServedSchema,
  type Description,
  type ScimJson,
  type ScimResource,
  type Told,
} from "../../api-types/scim.ts";
import { project, type Projection } from "../../core/scim/projection.ts";
import { SCIM_PROBLEMS, type ScimProblem } from "../../core/scim/problem.ts";
import type { ScimObject } from "../../core/scim/object.ts";

/** The media type of RFC 7644 section 8.1; plain JSON is taken, too (section 3.1). */
export const MEDIA_TYPES: readonly string[] = ["application/scim+json", "application/json"];
const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";
/** When to repeat a change that could not be confirmed, in whole seconds. */
const RETRY_AFTER_S = 2;

export function answerJson(body: ScimJson, status: number, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/scim+json", ...headers },
  });
}

/** An error in SCIM's form (RFC 7644 section 3.12). */
export function answerProblem(
  { problem, detail }: ScimProblem,
  { allow, retryAfter = RETRY_AFTER_S }: { allow?: readonly string[]; retryAfter?: number } = {},
): Response {
  const { status, scimType } = SCIM_PROBLEMS[problem];
  const body = exactly(ScimErrorSchema, {
    schemas: [ERROR],
    status: `${status}`,
    ...(scimType !== null && { scimType }),
    detail,
  });
  return answerJson(body, status, {
    ...(status === 401 && { "WWW-Authenticate": `Bearer realm="portcullis"` }),
    ...((status === 429 || status === 503) && { "Retry-After": `${retryAfter}` }),
    ...(allow && { Allow: allow.join(", ") }),
  });
}

/** One resource, with its version as `ETag` (RFC 7644 section 3.14); 304 to a client that has it (RFC 9110). */
export function answerResource(
  status: 200 | 201,
  resource: ScimObject,
  { base, shown, known }: { base: string; shown: Projection; known: string | undefined },
): Response {
  const { meta } = resource as ToldResource;
  const [location, version] = [locationOf(resource as ToldResource, base), meta.version];
  const headers = { Location: location, ETag: version };
  if (known !== undefined && isAmong(version, known)) return new Response(null, { status: 304, headers });
  return answerJson(project(withLocations(resource, base), shown), status, headers);
}

/** Whether `If-None-Match` names a version (RFC 9110 section 13.1.2). */
function isAmong(version: string, known: string): boolean {
  const plain = (tag: string) => tag.trim().replace(/^W\//, "");
  return known.trim() === "*" || known.split(",").some((tag) => plain(tag) === plain(version));
}

/** A page of resources (RFC 7644 section 3.4.2). */
export function answerList(
  resources: readonly (ScimResource | Description)[],
  total: number,
  startIndex = 1,
): Response {
  const page = { schemas: [LIST], totalResults: total, startIndex, itemsPerPage: resources.length };
  return answerJson(exactly(ScimListSchema, { ...page, Resources: resources }), 200);
}

/** A resource as the organisation's object tells it. */
type ToldResource = ScimObject & Told;

/** The resource with where it is, and where those are that it refers to. */
export function withLocations(resource: ScimObject, base: string): ScimResource {
  const { schemas, id, groups, members, meta, ...attributes } = resource as ToldResource;
  const own = exactly(ServedSchema, {
    schemas,
    id,
    ...(groups && { groups: groups.map((each) => ({ ...each, $ref: `${base}/Groups/${each.value}` })) }),
    ...(members && { members: members.map((each) => ({ ...each, $ref: `${base}/Users/${each.value}` })) }),
    meta: { ...meta, location: locationOf({ id, meta }, base) },
  });
  return resourceOf(own, attributes);
}

function locationOf({ id, meta }: Pick<Told, "id" | "meta">, base: string): string {
  return `${base}/${meta.resourceType}s/${id}`;
}
