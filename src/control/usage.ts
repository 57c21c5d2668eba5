import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { isoTime } from "../core/iso-time.ts";
import type { UsageBucket } from "../core/organization.ts";
import { isRefusal } from "../core/refusal.ts";
import { addCounts, hourOf, type UsageCounts } from "../core/usage.ts";
import { addEndpoint, type Control, type ControlEnv } from "./endpoint.ts";
import { KeyParams } from "./key-schemas.ts";
import { Timestamp } from "./schemas.ts";

const TAG = "Usage";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far back, and in what steps. */
const WINDOWS = {
  "24h": { bucketMs: HOUR_MS, buckets: 24 },
  "7d": { bucketMs: HOUR_MS, buckets: 7 * 24 },
  "30d": { bucketMs: DAY_MS, buckets: 30 },
} as const;
type Window = keyof typeof WINDOWS;

const UsageQuery = z.strictObject({ window: z.enum(["24h", "7d", "30d"]).default("24h") });

const Counts = z.object({
  admitted: z.int(),
  rateLimited: z.int(),
  refused: z.int().openapi({ description: "Refused for the key's status or the client's address." }),
});

const Usage = z
  .object({
    window: z.enum(["24h", "7d", "30d"]),
    bucketSeconds: z.int(),
    from: Timestamp,
    totals: Counts,
    buckets: z.array(Counts.extend({ start: Timestamp })),
  })
  .openapi("Usage");

const OrganizationUsage = Usage.extend({
  keys: z.array(Counts.extend({ keyId: z.string(), name: z.string() })),
}).openapi("OrganizationUsage");

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
    success: { 200: { description: "Counts by time.", schema: Usage } },
    refusals: ["not_found"],
    run: async ({ params, query }, actor) => {
      const { from, bucketMs } = stretch(query.window, Date.now());
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const buckets = await organization.keyUsage(actor, params.id, from, bucketMs);
      return isRefusal(buckets) ? buckets : { status: 200, body: usageJson(query.window, from, buckets) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/usage",
    operationId: "getUsage",
    summary: "Read what the organisation's keys were used for",
    tag: TAG,
    query: UsageQuery,
    success: { 200: { description: "Counts by time and by key.", schema: OrganizationUsage } },
    refusals: ["role_required"],
    run: async ({ query }, actor) => {
      const { from, bucketMs } = stretch(query.window, Date.now());
      const usage = await control.env.ORGANIZATION.getByName(actor.orgId).usage(actor, from, bucketMs);
      if (isRefusal(usage)) return usage;
      const keys = usage.byKey.map(({ keyId, name, ...counts }) => ({ keyId, name, ...countsJson(counts) }));
      return { status: 200, body: { ...usageJson(query.window, from, usage.buckets), keys } };
    },
  });
}

/** Where a window begins at `now`: its last bucket is the one that is still filling. */
function stretch(window: Window, now: number): { from: number; bucketMs: number } {
  const { bucketMs, buckets } = WINDOWS[window];
  const current = bucketMs === HOUR_MS ? hourOf(now) : now - (now % DAY_MS);
  return { from: current - (buckets - 1) * bucketMs, bucketMs };
}

/** Every bucket of the window, the empty ones too, and their sum. */
function usageJson(window: Window, from: number, counted: readonly UsageBucket[]): z.input<typeof Usage> {
  const { bucketMs, buckets } = WINDOWS[window];
  const byStart = new Map(counted.map((bucket) => [bucket.start, bucket]));
  const starts = Array.from({ length: buckets }, (_, i) => from + i * bucketMs);
  return {
    window,
    bucketSeconds: bucketMs / 1000,
    from: isoTime(from),
    totals: countsJson(counted.reduce<UsageCounts>((sum, bucket) => addCounts(sum, bucket), NOTHING)),
    buckets: starts.map((start) => ({ start: isoTime(start), ...countsJson(byStart.get(start) ?? NOTHING) })),
  };
}

const NOTHING: UsageCounts = { admitted: 0, limited: 0, refused: 0 };

function countsJson({ admitted, limited, refused }: UsageCounts): z.input<typeof Counts> {
  return { admitted, rateLimited: limited, refused };
}
