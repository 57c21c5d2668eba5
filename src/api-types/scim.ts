import { z } from "@hono/zod-openapi";
import type { ScimObject } from "../core/scim/object.ts";
import { Timestamp, type Wire } from "./common.ts";
import type { Exact } from "./exact.ts";

/** The JSON of SCIM's answers (RFC 7643, RFC 7644). Attributes that a client has set are not declared here. */

const Meta = z.object({
  resourceType: z.enum(["User", "Group"]),
  created: Timestamp,
  lastModified: Timestamp,
  version: z.string(),
});
const MemberOf = z.object({ value: z.string(), display: z.string(), type: z.literal("direct") });
const Member = z.object({ value: z.string(), display: z.string(), type: z.literal("User") });

/** What an organisation tells of a resource beside what its client has set (RFC 7643 section 3.1). */
export const ToldSchema = z.object({
  schemas: z.array(z.string()),
  id: z.string(),
  /** Of a user who is in groups. */
  groups: z.array(MemberOf).optional(),
  /** Of a group. */
  members: z.array(Member).optional(),
  meta: Meta,
});
export type Told = Wire<typeof ToldSchema>;

const $ref = z.string();

/** The same with where it is, and where those are that it refers to. */
export const ServedSchema = ToldSchema.extend({
  groups: z.array(MemberOf.extend({ $ref })).optional(),
  members: z.array(Member.extend({ $ref })).optional(),
  meta: Meta.extend({ location: z.string() }),
});

/** A private member is not copied by a spread: what has been added to is no resource any more. */
declare class Joined {
  private readonly joined: true;
}

/** A resource without a field that neither its client has set nor a schema declares. Only `resourceOf` makes it. */
export type ScimResource = ScimObject & Joined;

/** Joins what is ours of a resource with what its client has set. */
export function resourceOf(
  own: Exact<Told> | Exact<Wire<typeof ServedSchema>>,
  attributes: ScimObject,
): ScimResource {
  const { schemas, id, groups, members, meta } = own;
  const related = { ...(groups !== undefined && { groups }), ...(members !== undefined && { members }) };
  return { schemas, id, ...attributes, ...related, meta } as unknown as ScimResource;
}

/** RFC 7644 section 3.12. */
export const ScimErrorSchema = z.object({
  schemas: z.array(z.string()),
  status: z.string(),
  scimType: z.string().optional(),
  detail: z.string(),
});

/** RFC 7644 section 3.4.2. Each of the resources is held against its own schema. */
export const ScimListSchema = z.object({
  schemas: z.array(z.string()),
  totalResults: z.int(),
  startIndex: z.int(),
  itemsPerPage: z.int(),
  Resources: z.array(z.unknown()),
});

const DescriptionMeta = z.object({ resourceType: z.string(), location: z.string() });
const Feature = z.object({ supported: z.boolean() });

/** RFC 7643 section 5. */
export const ProviderConfigSchema = z.object({
  schemas: z.array(z.string()),
  patch: Feature,
  bulk: Feature.extend({ maxOperations: z.int(), maxPayloadSize: z.int() }),
  filter: Feature.extend({ maxResults: z.int() }),
  changePassword: Feature,
  sort: Feature,
  etag: Feature,
  authenticationSchemes: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      description: z.string(),
      specUri: z.string(),
      primary: z.boolean(),
    }),
  ),
  meta: DescriptionMeta,
});

/** RFC 7643 section 6. */
export const ResourceTypeSchema = z.object({
  schemas: z.array(z.string()),
  id: z.string(),
  name: z.string(),
  description: z.string(),
  endpoint: z.string(),
  schema: z.string(),
  schemaExtensions: z.array(z.object({ schema: z.string(), required: z.boolean() })).optional(),
  meta: DescriptionMeta,
});

/** RFC 7643 section 7. Attributes nest without end, and are declared with those that are served. */
export const SchemaJsonSchema = z.object({
  schemas: z.array(z.string()),
  id: z.string(),
  name: z.string(),
  description: z.string(),
  attributes: z.array(z.unknown()),
  meta: DescriptionMeta,
});

/** A resource type or a schema. */
export type Description = Exact<Wire<typeof ResourceTypeSchema>> | Exact<Wire<typeof SchemaJsonSchema>>;

/** The body of an answer. */
export type ScimJson =
  | ScimResource
  | Description
  | Exact<Wire<typeof ScimErrorSchema>>
  | Exact<Wire<typeof ScimListSchema>>
  | Exact<Wire<typeof ProviderConfigSchema>>;
