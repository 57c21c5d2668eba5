import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { exactly } from "../api-types/exact.ts";
import { KeyParams } from "../api-types/keys.ts";
import {
  OrganizationUsageSchema,
  USAGE_WINDOWS,
  UsageSchema,
  type Usage,
  type UsageCounts,
  type UsageWindow,
} from "../api-types/usage.ts";
import { isoTime } from "../core/iso-time.ts";
import type { UsageStretch, UsageSummary } from "../core/organization/organization.ts";
import { isRefusal } from "../core/refusal.ts";
import { addOutcomes, NO_OUTCOMES, stepStart, USAGE_STEPS } from "../core/usage/usage.ts";
import { addEndpoint, type Control, type ControlEnv } from "./endpoint.ts";

const TAG = "Usage";
const [MINUTES, HOURS, DAYS] = USAGE_STEPS;

/** How far back, and in what steps. */
const WINDOWS = {
  "1h": { step: MINUTES, length: 60 },
  "24h": { step: HOURS, length: 24 },
  "7d": { step: HOURS, length: 7 * 24 },
  "30d": { step: DAYS, length: 30 },
} as const;

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
      const stretch = stretchOf(query.window, Date.now());
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
      const stretch = stretchOf(query.window, Date.now());
      const usage = await control.env.ORGANIZATION.getByName(actor.orgId).usageOfAll(actor, stretch);
      if (isRefusal(usage)) return usage;
      const keys = usage.byKey.map((key) => ({ keyId: key.keyId, name: key.name, ...countsOf(key) }));
      const body = { ...usageJson(query.window, stretch, usage), keys };
      return { status: 200, body: exactly(OrganizationUsageSchema, body) };
    },
  });
}

/** A window at `now`: its last step is the one that is still filling. */
function stretchOf(window: UsageWindow, now: number): UsageStretch {
  const { step, length } = WINDOWS[window];
  return { from: stepStart(now, step) - (length - 1) * step, step, length };
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
