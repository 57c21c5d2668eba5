import { OpenAPIHono } from "@hono/zod-openapi";
import { refuse } from "../core/refusal.ts";
import { setOwnHeaders } from "../core/http/own-answer.ts";
import { holdsCredential } from "../core/access/url-credential.ts";
import type { Control, ControlEnv } from "./context.ts";
import { refuseWith } from "./endpoint.ts";
import { addApiPage } from "./api-page.tsx";
import { addAuditEndpoint } from "./audit.ts";
import { addCredentialsEndpoint } from "./credentials.ts";
import { addDocsPages } from "./docs-pages.tsx";
import { addErrorPages } from "./error-pages.tsx";
import { addHealthEndpoints } from "./health.ts";
import { addImpactEndpoint } from "./impact.ts";
import { addKeyActEndpoints } from "./key-acts.ts";
import { addKeyEndpoints } from "./keys.ts";
import { addMeEndpoint } from "./me.ts";
import { logControlRequest } from "./log-control-request.ts";
import { allowedMethods } from "./methods.ts";
import { addGithubLeakEndpoint } from "./ops/github-leaks.ts";
import { addLeakEndpoint } from "./ops/leaks.ts";
import { addImportEndpoint } from "./ops/imports.ts";
import { addReconciliationEndpoints } from "./ops/reconciliation.ts";
import { addOperatorEndpoints } from "./ops/revocations.ts";
import { addOAuthEndpoints } from "./oauth/oauth.ts";
import { addOpenApi } from "./openapi.ts";
import { addErasureEndpoint } from "./organization-erasure.ts";
import { addExportEndpoint } from "./organization-export.ts";
import { addOrganizationEndpoints } from "./organization.ts";
import { addPeopleEndpoints } from "./people.ts";
import { createScimApp, SCIM_PATH } from "./scim/app.ts";
import { addScimTokenEndpoint } from "./scim/token.ts";
import { addServiceUserImpactEndpoint } from "./service-user-impact.ts";
import { addServiceUserEndpoints } from "./service-users.ts";
import { addUsageEndpoints } from "./usage.ts";
import { addVaultEndpoint } from "./vaults.ts";
import { addWebhookEndpoints } from "./webhook.ts";
import { refusalOf } from "./thrown.ts";
import { surfaceOf } from "../surface.ts";

/**
 * Everything under `/-/`: the control API, its description, the error pages and the health checks; and the answer to
 * what a host does not serve.
 */
export function createControlApp(control: Control): OpenAPIHono<ControlEnv> {
  const app = new OpenAPIHono<ControlEnv>({ strict: true });

  app.use(async (c, next) => {
    const startedAt = Date.now();
    c.set("requestId", crypto.randomUUID());
    c.set("address", c.req.header("CF-Connecting-IP") ?? "");
    await next();
    const totalMs = Date.now() - startedAt;
    setOwnHeaders(c.res.headers, c.get("requestId"), control.config.serverTiming ? totalMs : null);
    logControlRequest(c, startedAt, totalMs);
  });
  app.use((c, next) => {
    const { controlHostname } = control.config;
    if (surfaceOf(c.req.raw.url, controlHostname) !== "control") {
      return Promise.resolve(refuseWith(c, refuse("not_found"), control.config));
    }
    if (!holdsCredential(c.req.raw.url, control.config.keyPrefixes)) return next();
    return Promise.resolve(refuseWith(c, refuse("credential_in_url"), control.config));
  });

  addHealthEndpoints(app, control);
  addErrorPages(app);
  addDocsPages(app, control);
  // Before those of one key, whose ids they are not.
  addKeyActEndpoints(app, control);
  addKeyEndpoints(app, control);
  addImpactEndpoint(app, control);
  addVaultEndpoint(app, control);
  addUsageEndpoints(app, control);
  addServiceUserEndpoints(app, control);
  addServiceUserImpactEndpoint(app, control);
  addPeopleEndpoints(app, control);
  addAuditEndpoint(app, control);
  addMeEndpoint(app, control);
  addOrganizationEndpoints(app, control);
  addCredentialsEndpoint(app, control);
  addExportEndpoint(app, control);
  addErasureEndpoint(app, control);
  addScimTokenEndpoint(app, control);
  addWebhookEndpoints(app, control);
  app.route(SCIM_PATH, createScimApp(control));
  addOperatorEndpoints(app, control);
  addReconciliationEndpoints(app, control);
  addImportEndpoint(app, control);
  addOAuthEndpoints(app, control);
  addLeakEndpoint(app, control);
  addGithubLeakEndpoint(app, control);
  addOpenApi(app);
  addApiPage(app);

  app.notFound((c) => {
    const allowed = allowedMethods(app.routes, c.req.path);
    const refusal =
      allowed.length === 0 || allowed.includes(c.req.method)
        ? refuse("not_found")
        : refuse("method_not_allowed", { allow: allowed.join(", ") });
    return refuseWith(c, refusal, control.config);
  });
  app.onError((error, c) => refuseWith(c, refusalOf(error), control.config));
  return app;
}
