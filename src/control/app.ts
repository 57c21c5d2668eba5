import { OpenAPIHono } from "@hono/zod-openapi";
import { refuse } from "../core/refusal.ts";
import type { Control, ControlEnv } from "./endpoint.ts";
import { refuseWith } from "./endpoint.ts";
import { addErrorPages } from "./error-pages.tsx";
import { addHealthEndpoints } from "./health.ts";
import { addKeyEndpoints } from "./keys.ts";
import { logControlRequest } from "./log-control-request.ts";
import { allowedMethods } from "./methods.ts";
import { addOpenApi } from "./openapi.ts";
import { addOrganizationEndpoints } from "./organization.ts";

/** Everything under `/-/`: the control API, its description, the error pages and the health checks. */
export function createControlApp(control: Control): OpenAPIHono<ControlEnv> {
  const app = new OpenAPIHono<ControlEnv>({ strict: true });

  app.use(async (c, next) => {
    const startedAt = Date.now();
    c.set("requestId", crypto.randomUUID());
    c.set("address", c.req.header("CF-Connecting-IP") ?? "");
    await next();
    c.res.headers.set("X-Request-Id", c.get("requestId"));
    if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
    logControlRequest(c, startedAt);
  });

  addHealthEndpoints(app, control);
  addErrorPages(app);
  addKeyEndpoints(app, control);
  addOrganizationEndpoints(app, control);
  addOpenApi(app);

  app.notFound((c) => {
    const allow = allowedMethods(app.routes, c.req.path);
    const refusal = allow === null ? refuse("not_found") : refuse("method_not_allowed", { allow });
    return refuseWith(c, refusal, control.config);
  });
  app.onError((error, c) =>
    refuseWith(c, refuse("internal_error", { reason: String(error) }), control.config),
  );
  return app;
}
