import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly } from "../api-types/exact.ts";
import { ImpactSchema } from "../api-types/impact.ts";
import { KeyParams, KeyUpdate } from "../api-types/keys.ts";
import { impactOf } from "../core/access/impact.ts";
import { isoTime } from "../core/iso-time.ts";
import { isRefusal } from "../core/refusal.ts";
import { usageStretch } from "../core/usage/windows.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";
import { keyProblems, readKeyChange } from "./key-values.ts";

/** `/-/api-keys/{id}/impact`: what an edit would have done to the calls of the last day. */
export function addImpactEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  const operations = new Map(control.operations.map((operation) => [operation.id, operation]));
  addEndpoint(app, control, {
    method: "post",
    safe: true,
    path: "/-/api-keys/{id}/impact",
    operationId: "previewApiKeyUpdate",
    summary: "Tell what a change of a key would have refused in the last day; changes nothing",
    tag: "API keys",
    params: KeyParams,
    body: KeyUpdate,
    check: (body) => keyProblems(body, control, Date.now()),
    checkFurther: async ({ params, body: { vaults } }, actor) =>
      control.env.ORGANIZATION.getByName(actor.orgId).changeProblems(actor, params.id, {
        ...(vaults && { vaults }),
      }),
    success: { 200: { description: "What the change would do.", schema: ImpactSchema } },
    refusals: ["not_found", "key_limit_reached"],
    run: async ({ params, body }, actor) => {
      const now = Date.now();
      const change = readKeyChange(body, control, now);
      if (isRefusal(change)) return change;
      const { from } = usageStretch("24h", now);
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const preview = await organization.previewUpdate(actor, params.id, change, from);
      if (isRefusal(preview)) return preview;
      const impact = impactOf(preview.calls, preview, operations, now);
      const window = { from: isoTime(from), to: isoTime(now) };
      return { status: 200, body: exactly(ImpactSchema, { window, ...impact }) };
    },
  });
}
