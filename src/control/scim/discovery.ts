import type { Hono } from "hono";
import { scimProblem } from "../../core/scim/problem.ts";
import { ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, SCHEMAS, USER_SCHEMA } from "../../core/scim/schemas.ts";
import { answerJson, answerList, answerProblem } from "./answer.ts";
import { MAX_RESULTS, type ScimEnv } from "./request.ts";

const SCHEMA_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const PROVIDER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/** What the service can do (RFC 7643 section 5). */
function providerConfig(base: string): object {
  return {
    schemas: [PROVIDER_SCHEMA],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: false },
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
  };
}

/** The kinds of resources (RFC 7643 section 6). */
function resourceTypes(base: string): { id: string }[] {
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
  return types.map((type) => ({
    schemas: [RESOURCE_TYPE_SCHEMA],
    ...type,
    meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${type.id}` },
  }));
}

/** The schemas (RFC 7643 section 7). */
function schemas(base: string): { id: string }[] {
  return SCHEMAS.map((schema) => ({
    schemas: [SCHEMA_SCHEMA],
    ...schema,
    meta: { resourceType: "Schema", location: `${base}/Schemas/${schema.id}` },
  }));
}

/** What a client can learn of the service before it uses it (RFC 7644 section 4). */
export function addDiscovery(scim: Hono<ScimEnv>, baseOf: (url: string) => string): void {
  scim.get("/ServiceProviderConfig", (c) => answerJson(providerConfig(baseOf(c.req.url)), 200));
  for (const [path, all] of [
    ["/ResourceTypes", resourceTypes],
    ["/Schemas", schemas],
  ] as const) {
    scim.get(path, (c) => {
      const found = all(baseOf(c.req.url));
      return answerList(found, found.length);
    });
    scim.get(`${path}/:id`, (c) => {
      const found = all(baseOf(c.req.url)).find(({ id }) => id === c.req.param("id"));
      return found === undefined
        ? answerProblem(scimProblem("notFound", "There is no such resource"))
        : answerJson(found, 200);
    });
  }
}
