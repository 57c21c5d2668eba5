import type { Context } from "hono";
import { routePath } from "hono/route";
import type { ControlEnv } from "./endpoint.ts";

/** Writes the one log line of a control request, as JSON. It names the route and never the path, and holds no secret. */
export function logControlRequest(c: Context<ControlEnv>, startedAt: number): void {
  const refusal = c.get("refusal");
  const actor = c.get("actor");
  console.log(
    JSON.stringify({
      time: new Date(startedAt).toISOString(),
      requestId: c.get("requestId"),
      orgId: actor?.orgId,
      actorId: actor?.id,
      method: c.req.method,
      operation: routePath(c, -1),
      status: c.res.status,
      code: refusal?.code,
      reason: refusal?.reason,
      address: c.get("address"),
      ms: { total: Date.now() - startedAt },
    }),
  );
}
