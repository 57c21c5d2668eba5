import { z } from "@hono/zod-openapi";
import { Timestamp, type Wire } from "./common.ts";

/** Confirms that a key is dead everywhere, and since when. */
export const ReceiptSchema = z
  .object({
    keyId: z.string(),
    status: z.literal("revoked"),
    requestedAt: Timestamp,
    effectiveAt: Timestamp.openapi({
      description: "No request that arrived later was let through, anywhere.",
    }),
    version: z.int(),
  })
  .openapi("Receipt");
export type Receipt = Wire<typeof ReceiptSchema>;
