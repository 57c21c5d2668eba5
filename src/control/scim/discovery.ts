import {
  ENTERPRISE_USER_SCHEMA,
  GROUP_SCHEMA,
  sameName,
  SCHEMAS,
  USER_SCHEMA,
} from "../../core/scim/schemas.ts";
import {
  PROVIDER_SCHEMA,
  RESOURCE_TYPE_SCHEMA,
  SCHEMA_SCHEMA,
  SERVICE_SCHEMAS,
} from "../../core/scim/service-schemas.ts";
import { exactly } from "../../api-types/exact.ts";
import {
  ProviderConfigSchema,
  ResourceTypeSchema,
  SchemaJsonSchema,
  type Description as Described,
} from "../../api-types/scim.ts";
import { answerJson, answerList } from "./answer.ts";
import type { Place } from "./place.ts";
import { MAX_RESULTS } from "./request.ts";

/** What the service can do (RFC 7643 section 5). */
function providerConfig(base: string) {
  return exactly(ProviderConfigSchema, {
    schemas: [PROVIDER_SCHEMA],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "OAuth Bearer Token",
        description: "The token that POST /-/organization/scim-token gives.",
        specUri: "https://www.rfc-editor.org/info/rfc6750",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
  });
}

/** The kinds of resources (RFC 7643 section 6). */
function resourceTypes(base: string): Described[] {
  const types = [
    {
      id: "User",
      name: "User",
      description: "People who may own API keys",
      endpoint: "/Users",
      schema: USER_SCHEMA,
      schemaExtensions: [{ schema: ENTERPRISE_USER_SCHEMA, required: false }],
    },
    {
      id: "Group",
      name: "Group",
      description: "Groups whose names may be roles",
      endpoint: "/Groups",
      schema: GROUP_SCHEMA,
    },
  ];
  return types.map((type) => {
    const meta = { resourceType: "ResourceType", location: `${base}/ResourceTypes/${type.id}` };
    return exactly(ResourceTypeSchema, { schemas: [RESOURCE_TYPE_SCHEMA], ...type, meta });
  });
}

/** The schemas (RFC 7643 section 7). */
function schemas(base: string): Described[] {
  return [...SCHEMAS, ...SERVICE_SCHEMAS].map((schema) => {
    const meta = { resourceType: "Schema", location: `${base}/Schemas/${schema.id}` };
    return exactly(SchemaJsonSchema, { schemas: [SCHEMA_SCHEMA], ...schema, meta });
  });
}

export function isDescription({ description }: Place): boolean {
  return description !== null;
}

/** What a client can learn of the service before it uses it (RFC 7644 section 4); `null` when there is no such thing. */
export function discover({ description, id }: Place, base: string): Response | null {
  if (description === "ServiceProviderConfig") return answerJson(providerConfig(base), 200);
  const all = description === "Schemas" ? schemas(base) : resourceTypes(base);
  if (id === null) return answerList(all, all.length);
  const found = all.find((each) => sameName(each.id, id));
  return found === undefined ? null : answerJson(found, 200);
}
