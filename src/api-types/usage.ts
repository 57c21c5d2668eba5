import { z } from "@hono/zod-openapi";
import { USAGE_WINDOWS } from "../core/usage/windows.ts";
import { Timestamp, type Wire } from "./common.ts";

const Counts = z.object({
  succeeded: z.int().openapi({ description: "The origin answered below 400." }),
  clientErrors: z.int().openapi({ description: "The origin answered 4xx." }),
  originErrors: z.int().openapi({ description: "The origin answered 5xx, or not at all." }),
  refused: z.int().openapi({ description: "Refused by the gateway." }),
  limited: z.int().openapi({ description: "Refused because the key's rate limit was used up." }),
});
export type UsageCounts = Wire<typeof Counts>;

export const UsageSchema = z
  .object({
    window: z.enum(USAGE_WINDOWS),
    bucketSeconds: z.int(),
    from: Timestamp,
    totals: Counts,
    buckets: z.array(Counts.extend({ start: Timestamp })),
    operations: z.array(z.object({ operation: z.string(), calls: z.int() })).openapi({
      description: "What was called most. In a window of 1h: since the start of its first hour.",
    }),
    addresses: z.array(z.object({ address: z.string(), calls: z.int() })),
    refusals: z
      .array(
        z.object({
          time: Timestamp,
          code: z.string(),
          operation: z.string().nullable(),
          address: z.string(),
          requestId: z.string(),
        }),
      )
      .openapi({ description: "The last 50 of a month, whatever the window; the latest first." }),
  })
  .openapi("Usage");
export type Usage = Wire<typeof UsageSchema>;

const KeyCounts = Counts.extend({ keyId: z.string(), name: z.string() });
export type KeyUsage = Wire<typeof KeyCounts>;

export const OrganizationUsageSchema = UsageSchema.extend({
  keys: z.array(KeyCounts).openapi({ description: "The 1000 busiest keys, the busiest first." }),
}).openapi("OrganizationUsage");
export type OrganizationUsage = Wire<typeof OrganizationUsageSchema>;
