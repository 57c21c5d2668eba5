import type { Context } from "hono";
import { routePath } from "hono/route";
import type { ControlEnv } from "./endpoint.ts";

/** Writes the one log line of a control request, as JSON. It names the route and never the path, and holds no secret. */
export function logControlRequest(c: Context<ControlEnv>, startedAt: number): void {
  const refusal = c.get("refusal");
  const actor = c.get("actor");
  const oauthError = c.get("oauthError");
  console.log(
    JSON.stringify({
      time: new Date(startedAt).toISOString(),
      requestId: c.get("requestId"),
      orgId: actor?.orgId,
      actorId: actor?.id,
      keyId: c.get("keyId"),
      method: c.req.method,
      operation: c.get("route") ?? routePath(c, -1),
      status: c.res.status,
      code: refusal?.code ?? oauthError?.code,
      reason: refusal?.reason ?? oauthError?.reason,
      leftOut: c.get("leftOut"),
      address: c.get("address"),
      ms: { total: Date.now() - startedAt },
    }),
  );
}
