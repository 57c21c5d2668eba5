import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { exactly } from "../api-types/exact.ts";
import { KeyParams } from "../api-types/keys.ts";
import { OrganizationUsageSchema, UsageSchema, type Usage, type UsageCounts } from "../api-types/usage.ts";
import { isoTime } from "../core/iso-time.ts";
import type { UsageSummary } from "../core/organization/organization.ts";
import { isRefusal } from "../core/refusal.ts";
import { addOutcomes, NO_OUTCOMES } from "../core/usage/usage.ts";
import { USAGE_WINDOWS, usageStretch, type UsageStretch, type UsageWindow } from "../core/usage/windows.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

const TAG = "Usage";
const UsageQuery = z.strictObject({ window: z.enum(USAGE_WINDOWS).default("24h") });

/** `/-/api-keys/{id}/usage` and `/-/usage`: what keys were used for, by time and by key. */
export function addUsageEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/api-keys/{id}/usage",
    operationId: "getApiKeyUsage",
    summary: "Read what a key was used for",
    tag: TAG,
    params: KeyParams,
    query: UsageQuery,
    success: { 200: { description: "Counts by time.", schema: UsageSchema } },
    refusals: ["not_found"],
    run: async ({ params, query }, actor) => {
      const stretch = usageStretch(query.window, Date.now());
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const usage = await organization.usageOfKey(actor, params.id, stretch);
      return isRefusal(usage)
        ? usage
        : { status: 200, body: exactly(UsageSchema, usageJson(query.window, stretch, usage)) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/usage",
    operationId: "getUsage",
    summary: "Read what the organisation's keys were used for",
    tag: TAG,
    query: UsageQuery,
    success: { 200: { description: "Counts by time and by key.", schema: OrganizationUsageSchema } },
    refusals: ["role_required"],
    run: async ({ query }, actor) => {
      const stretch = usageStretch(query.window, Date.now());
      const usage = await control.env.ORGANIZATION.getByName(actor.orgId).usageOfAll(actor, stretch);
      if (isRefusal(usage)) return usage;
      const keys = usage.byKey.map((key) => ({ keyId: key.keyId, name: key.name, ...countsOf(key) }));
      const body = { ...usageJson(query.window, stretch, usage), keys };
      return { status: 200, body: exactly(OrganizationUsageSchema, body) };
    },
  });
}

/** Every bucket of the window, the empty ones too, and their sum. */
function usageJson(window: UsageWindow, stretch: UsageStretch, usage: UsageSummary): Usage {
  const { from, step, length } = stretch;
  const byStart = new Map(usage.buckets.map((bucket) => [bucket.start, bucket]));
  const starts = Array.from({ length }, (_, i) => from + i * step);
  return exactly(UsageSchema, {
    window,
    bucketSeconds: step / 1000,
    from: isoTime(from),
    totals: usage.buckets.reduce<UsageCounts>(addOutcomes, NO_OUTCOMES),
    buckets: starts.map((start) => ({
      start: isoTime(start),
      ...countsOf(byStart.get(start) ?? NO_OUTCOMES),
    })),
    operations: usage.operations.map(({ name, calls }) => ({ operation: name, calls })),
    addresses: usage.addresses.map(({ name, calls }) => ({ address: name, calls })),
    refusals: usage.refusals.map(({ time, ...refusal }) => ({ time: isoTime(time), ...refusal })),
  });
}

function countsOf({ succeeded, clientErrors, originErrors, refused, limited }: UsageCounts): UsageCounts {
  return { succeeded, clientErrors, originErrors, refused, limited };
}
