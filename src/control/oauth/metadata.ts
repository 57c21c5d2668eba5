import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { ErrorSchema } from "../../api-types/error.ts";
import { originOf } from "../../core/http/error-response.ts";
import { refuse } from "../../core/refusal.ts";
import { isOnHost } from "../../surface.ts";
import { refuseWith } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { Answered } from "../headers.ts";

/** Metadata changes with a deployment; clients may keep it for so many seconds. */
const CACHED = { "Cache-Control": "public, max-age=3600" };
const CLIENT_AUTHENTICATION = ["client_secret_basic", "client_secret_post"];

const authorizationServer = createRoute({
  method: "get",
  path: "/.well-known/oauth-authorization-server",
  operationId: "getAuthorizationServerMetadata",
  summary: "Describe the authorization server (RFC 8414)",
  tags: ["OAuth"],
  responses: {
    200: {
      description: "Its metadata.",
      headers: Answered,
      content: { "application/json": { schema: z.looseObject({ issuer: z.string() }) } },
    },
    404: {
      description: "`not_found`: another host is the authorization server.",
      headers: Answered,
      content: { "application/json": { schema: ErrorSchema } },
    },
  },
});

const protectedResource = createRoute({
  method: "get",
  path: "/.well-known/oauth-protected-resource",
  operationId: "getProtectedResourceMetadata",
  summary: "Describe the API that the gateway guards as a protected resource (RFC 9728)",
  tags: ["OAuth"],
  responses: {
    200: {
      description: "Its metadata.",
      headers: Answered,
      content: { "application/json": { schema: z.looseObject({ resource: z.string() }) } },
    },
  },
});

/** `/.well-known/`: where clients learn how to get a token, and for what. */
export function addMetadata(app: OpenAPIHono<ControlEnv>, control: Control): void {
  const { controlHostname } = control.config;

  app.use(authorizationServer.getRoutingPath(), (c, next) => {
    const elsewhere = controlHostname !== null && !isOnHost(c.req.raw.url, controlHostname);
    return elsewhere ? Promise.resolve(refuseWith(c, refuse("not_found"), control.config)) : next();
  });
  app.openapi(authorizationServer, (c) => {
    const issuer = control.issuerOf(c.req.raw.url);
    const metadata = {
      issuer,
      token_endpoint: `${issuer}/-/oauth/token`,
      token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      grant_types_supported: ["client_credentials"],
      response_types_supported: [],
      scopes_supported: control.apiScopes,
      revocation_endpoint: `${issuer}/-/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: ["none", ...CLIENT_AUTHENTICATION],
      introspection_endpoint: `${issuer}/-/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      service_documentation: `${issuer}/-/openapi`,
    };
    return c.json(metadata, 200, CACHED);
  });

  app.openapi(protectedResource, (c) => {
    const metadata = {
      resource: originOf(c.req.raw.url),
      authorization_servers: [control.issuerOf(c.req.raw.url)],
      scopes_supported: control.apiScopes,
      bearer_methods_supported: ["header"],
    };
    return c.json(metadata, 200, CACHED);
  });
}
