import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import type { Control, ControlEnv } from "./context.ts";
import { Answered, REFUSAL_HEADERS } from "./headers.ts";

/** No key can have this id, so asking about it leaves nothing behind. */
const NO_KEY = "readyz";

const State = z.enum(["ok", "unavailable"]);
const Readiness = z
  .object({ status: State, checks: z.object({ configuration: State, kv: State, guard: State }) })
  .openapi("Readiness");

const healthz = createRoute({
  method: "get",
  path: "/-/healthz",
  operationId: "getHealth",
  summary: "Whether the process answers",
  tags: ["Health"],
  responses: {
    200: {
      description: "It does.",
      headers: Answered,
      content: { "application/json": { schema: z.object({ status: z.literal("ok") }).openapi("Health") } },
    },
  },
});

const readyz = createRoute({
  method: "get",
  path: "/-/readyz",
  operationId: "getReadiness",
  summary: "Whether requests can be served",
  tags: ["Health"],
  responses: {
    200: {
      description: "The configuration is valid; KV and the guards answer.",
      headers: Answered,
      content: { "application/json": { schema: Readiness } },
    },
    503: {
      description: "Something that requests need does not answer.",
      headers: Answered.extend(REFUSAL_HEADERS[503]?.shape ?? {}),
      content: { "application/json": { schema: Readiness } },
    },
  },
});

/** `/-/healthz`: the process answers. `/-/readyz`: KV and the guards do, too; 503 otherwise. */
export function addHealthEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  app.openapi(healthz, (c) => c.json({ status: "ok" as const }, 200));

  app.openapi(readyz, async (c) => {
    const [kv, guard] = await Promise.allSettled([
      within(OBJECT_TIMEOUT_MS, control.env.KEY_RECORDS.get(NO_KEY)),
      within(OBJECT_TIMEOUT_MS, control.env.KEY_GUARD.getByName(NO_KEY).look([])),
    ]);
    // A bad configuration stops the Worker before it can answer, so an answer says that it is good.
    const checks = { configuration: "ok" as const, kv: state(kv), guard: state(guard) };
    const ready = kv.status === "fulfilled" && guard.status === "fulfilled";
    if (ready) return c.json({ status: "ok" as const, checks }, 200);
    return c.json({ status: "unavailable" as const, checks }, 503, { "Retry-After": "1" });
  });
}

function state(result: PromiseSettledResult<unknown>): "ok" | "unavailable" {
  return result.status === "fulfilled" ? "ok" : "unavailable";
}
