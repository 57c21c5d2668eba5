import { z } from "@hono/zod-openapi";
import { KEY_ID } from "../core/key/key-secret.ts";
import { REFUSALS } from "../core/refusal-table.ts";
import { Reason, type Wire } from "./common.ts";
import { ReceiptSchema } from "./receipt.ts";
import { keysOf } from "../core/keys-of.ts";

/** Counts of keys, and acts on several at once. */

const MAX_AT_ONCE = 100;

export const KeyCountsSchema = z
  .object({
    counts: z
      .object({
        live: z.int().openapi({
          description:
            "Neither revoked nor expired, disabled or not: those that `MAX_KEYS_PER_OWNER` counts.",
        }),
        active: z.int(),
        disabled: z.int(),
        expired: z.int(),
        revoked: z.int(),
        expiringSoon: z.int().openapi({
          description: "Of the active ones, those that expire within 14 days, or were rotated and retire.",
        }),
        unused: z.int().openapi({
          description: "Of the active ones, those that were not used for 90 days, and not made since.",
        }),
        neverUsed: z.int().openapi({ description: "Of the active ones." }),
        noExpiry: z.int().openapi({ description: "Of the active ones." }),
        anyAddress: z.int().openapi({ description: "Of the active ones." }),
      })
      .nullable()
      .openapi({ description: "`null` where there are more than 20,000 keys." }),
  })
  .openapi("KeyCounts");
export type KeyCounts = Wire<typeof KeyCountsSchema>;

export const KeyCountsQuery = z.strictObject({
  owner: z.string().optional().openapi({ description: "An owner's id, or `*` for everybody's (admins)." }),
});

export const KeyActSchema = z
  .strictObject({
    act: z.enum(["revoke", "disable"]),
    keyIds: z
      .array(z.string().regex(KEY_ID, "Must be the id of a key"))
      .min(1, "Must name at least one key")
      .max(MAX_AT_ONCE, `Must name at most ${MAX_AT_ONCE} keys`),
    reason: Reason.optional().openapi({ example: "Leaked in a build log" }),
  })
  .openapi("KeyAct");

export const KeyOutcomesSchema = z
  .object({
    outcomes: z.array(
      z.object({
        keyId: z.string(),
        status: z.enum(["done", "refused"]),
        code: z.enum(keysOf(REFUSALS)).nullable().openapi({
          description: "Why it was refused; `admission_unavailable`: done, and not confirmed yet.",
        }),
        receipt: ReceiptSchema.nullable().openapi({ description: "Of a revoked key." }),
      }),
    ),
  })
  .openapi("KeyOutcomes");
export type KeyOutcomes = Wire<typeof KeyOutcomesSchema>;
