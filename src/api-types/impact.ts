import { z } from "@hono/zod-openapi";
import { REASONS } from "../core/access/impact.ts";
import { Timestamp, type Wire } from "./common.ts";

/** What an edit would have done to the calls of the last day. */
export const ImpactSchema = z
  .object({
    window: z.object({ from: Timestamp, to: Timestamp }),
    calls: z.int().openapi({ description: "Calls that were let through." }),
    wouldRefuse: z.int().openapi({
      description:
        "Of those, how many the edited key would refuse and the key as it is would not; at least so many where some are unknown.",
    }),
    refusedAlready: z.int().openapi({
      description: "Calls that the key as it is refuses by now, and the edited key would refuse, too.",
    }),
    wouldSeeLess: z.int().openapi({ description: "Calls of a list that would show fewer of its items." }),
    unknown: z.int().openapi({ description: "Calls that cannot be judged: there were too many kinds." }),
    byReason: z
      .array(z.object({ reason: z.enum(REASONS), calls: z.int() }))
      .openapi({ description: "Why they would be refused, the most frequent reason first." }),
    examples: z
      .array(
        z.object({
          operation: z.string(),
          resource: z.string().nullable(),
          address: z.string(),
          calls: z.int(),
        }),
      )
      .openapi({ description: "The most frequent calls that would be refused." }),
  })
  .openapi("Impact");
export type Impact = Wire<typeof ImpactSchema>;
