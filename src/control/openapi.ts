import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ControlEnv } from "./context.ts";

/** What the document says of the API as a whole. */
export const API_INFO = {
  openapi: "3.1.0",
  info: {
    title: "Portcullis control API",
    version: "1",
    description:
      "Manages the API keys of an organisation. Every change is in force everywhere when it answers. Identity providers push users and groups by SCIM 2.0 (RFC 7643, RFC 7644) at `/-/scim/v2/`, which describes itself at `/-/scim/v2/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`.",
  },
};

/** `/-/openapi.json`: this API, from the schemas that validate it. */
export function addOpenApi(app: OpenAPIHono<ControlEnv>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "identityToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token of the identity provider.",
  });
  app.doc31("/-/openapi.json", API_INFO);
}
