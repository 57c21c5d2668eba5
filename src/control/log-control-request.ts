import type { Context } from "hono";
import { routePath } from "hono/route";
import { subscriberOf } from "../core/http/failed-attempt.ts";
import { logText } from "../core/http/log-text.ts";
import { writePoint } from "../core/usage/metrics.ts";
import type { ControlEnv } from "./context.ts";

/** What of a request was left out is logged up to so many parts. */
const MAX_LEFT_OUT = 20;

/**
 * Writes the one log line of a control request, as JSON, and its data point. They name the route and never the path, and
 * hold no secret.
 */
export function logControlRequest(c: Context<ControlEnv>, startedAt: number, totalMs: number): void {
  const refusal = c.get("refusal");
  const actor = c.get("actor");
  const oauthError = c.get("oauthError");
  const reason = refusal?.reason ?? oauthError?.reason;
  const told = {
    orgId: actor?.orgId ?? c.get("orgId"),
    keyId: c.get("keyId"),
    method: c.req.method,
    operation: c.get("route") ?? routePath(c, -1),
    status: c.res.status,
    code: refusal?.code ?? oauthError?.code,
    reason: reason === undefined ? undefined : logText(reason),
    address: c.get("address"),
  };
  console.log(
    JSON.stringify({
      time: new Date(startedAt).toISOString(),
      requestId: c.get("requestId"),
      actorId: actor?.id,
      ...told,
      leftOut: c.get("leftOut")?.slice(0, MAX_LEFT_OUT).map(logText),
      ms: { total: totalMs },
    }),
  );
  const dataset = c.env.METRICS;
  const outcome = c.res.status < 400 ? "succeeded" : "refused";
  if (dataset === undefined) return;
  const subscriber = subscriberOf(told.address);
  writePoint(dataset, { kind: "control", ...told, subscriber, outcome, totalMs });
}
