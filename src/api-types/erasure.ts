import { z } from "@hono/zod-openapi";
import { ORG_ID } from "../core/organization/organization.ts";
import { Timestamp, type Wire } from "./common.ts";
import { ReceiptSchema } from "./receipt.ts";

export const ErasureQuery = z.strictObject({
  orgId: z
    .string()
    .regex(ORG_ID, "Must be the id of an organisation")
    .optional()
    .openapi({ description: "The organisation; left out, the one of the identity token." }),
  again: Timestamp.optional().openapi({
    description:
      "Erases what was set up under the name since an erasure: the `erasedAt` of that one. Without it nothing is erased twice.",
  }),
});

export const ErasureSchema = z
  .object({
    orgId: z.string(),
    status: z.literal("erased"),
    requestedAt: Timestamp,
    erasedAt: Timestamp,
    keys: z.int().openapi({ description: "How many keys were cut before." }),
    receipts: z.array(ReceiptSchema).openapi({ description: "One for each of them." }),
  })
  .openapi("Erasure");
export type Erasure = Wire<typeof ErasureSchema>;
