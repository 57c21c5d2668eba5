import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly } from "../api-types/exact.ts";
import { KeyActSchema, KeyCountsQuery, KeyCountsSchema, KeyOutcomesSchema } from "../api-types/key-acts.ts";
import type { KeyOutcome } from "../core/organization/managed-key.ts";
import { isRefusal } from "../core/refusal.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";
import { receiptJson } from "./keys.ts";

const TAG = "API keys";

/** `/-/api-keys/counts` and `/-/api-keys/acts`: counts of keys, and acts on many at once. */
export function addKeyActEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/api-keys/counts",
    operationId: "countApiKeys",
    summary: "Count keys by status, and those that want to be looked at",
    tag: TAG,
    query: KeyCountsQuery,
    success: { 200: { description: "The counts.", schema: KeyCountsSchema } },
    refusals: ["role_required"],
    run: async ({ query }, actor) => {
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const counted = await organization.countKeys(actor, query.owner ?? null);
      return isRefusal(counted) ? counted : { status: 200, body: exactly(KeyCountsSchema, counted) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/api-keys/acts",
    operationId: "actOnApiKeys",
    summary: "Revoke or disable several keys; the answer tells of each what became of it",
    tag: TAG,
    body: KeyActSchema,
    success: { 200: { description: "What became of each key.", schema: KeyOutcomesSchema } },
    refusals: [],
    run: async ({ body: { act, keyIds, reason = null } }, actor) => {
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const outcomes = await organization.actOnKeys(actor, { act, keyIds, reason });
      if (isRefusal(outcomes)) return outcomes;
      return { status: 200, body: exactly(KeyOutcomesSchema, { outcomes: outcomes.map(outcomeJson) }) };
    },
  });
}

function outcomeJson({ keyId, code, receipt }: KeyOutcome) {
  const status = code === null ? ("done" as const) : ("refused" as const);
  return { keyId, status, code, receipt: receipt && receiptJson(receipt) };
}
