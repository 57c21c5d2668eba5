import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Control, ControlEnv } from "./endpoint.ts";

/** No key can have this id, so asking about it leaves nothing behind. */
const NO_KEY = "readyz";
const ASK_NOTHING = { have: 0, returned: null, usage: null };

/** `/-/healthz`: the process answers. `/-/readyz`: KV and the guards do, too; 503 otherwise. */
export function addHealthEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  app.get("/-/healthz", (c) => c.json({ status: "ok" }));

  app.get("/-/readyz", async (c) => {
    const [kv, guard] = await Promise.allSettled([
      control.env.KEY_RECORDS.get(NO_KEY),
      control.env.KEY_GUARD.getByName(NO_KEY).describe(ASK_NOTHING),
    ]);
    // A bad configuration stops the Worker before it can answer, so an answer says that it is good.
    const checks = { configuration: "ok", kv: state(kv), guard: state(guard) };
    const ready = kv.status === "fulfilled" && guard.status === "fulfilled";
    if (ready) return c.json({ status: "ok", checks });
    return c.json({ status: "unavailable", checks }, 503, { "Retry-After": "1" });
  });
}

function state(result: PromiseSettledResult<unknown>): "ok" | "unavailable" {
  return result.status === "fulfilled" ? "ok" : "unavailable";
}
