import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Control, ControlEnv } from "../context.ts";
import { INTROSPECT } from "./introspect.ts";
import { addMetadata } from "./metadata.ts";
import { addOAuthEndpoint } from "./oauth-endpoint.ts";
import { addPublicKeys, newKeySets } from "./public-keys.ts";
import { REVOKE } from "./revoke.ts";
import { addSigningKeyEndpoints } from "./signing-keys.ts";
import { TOKEN } from "./token.ts";

/** The authorization server: keys are exchanged for tokens, tokens and keys inspected and revoked by their holders. */
export function addOAuthEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addOAuthEndpoint(app, control, TOKEN);
  addOAuthEndpoint(app, control, REVOKE);
  addOAuthEndpoint(app, control, INTROSPECT);
  addMetadata(app, control);
  const sets = newKeySets();
  addPublicKeys(app, control, sets);
  addSigningKeyEndpoints(app, control, sets);
  app.openAPIRegistry.registerComponent("securitySchemes", "keyAsClient", {
    type: "http",
    scheme: "basic",
    description:
      "The key's id and the whole key, form-encoded; or as `client_id` and `client_secret` in the form.",
  });
}
