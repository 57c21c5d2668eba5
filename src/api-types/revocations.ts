import { z } from "@hono/zod-openapi";
import { MAX_TARGETS, REVOCATION_STATUSES } from "../core/organization/revocation.ts";
import { Limit, pageOf, Reason, Timestamp, type Wire } from "./common.ts";

/** Ids that are no ids, and keys that are no keys, are not found: one typing error must not stop the other targets. */
const Id = z.string().min(1).max(255);

export const RevocationTarget = z
  .union([
    z.strictObject({ keyId: Id.openapi({ example: "key_3fA9xKq20LmZ" }) }),
    z.strictObject({
      key: z
        .string()
        .min(1)
        .max(256)
        .openapi({ description: "The leaked key itself; it is neither kept nor shown." }),
    }),
    z.strictObject({ orgId: Id, ownerId: Id }),
    z.strictObject({ orgId: Id }),
  ])
  .openapi("RevocationTarget");

export type RevocationTarget = z.output<typeof RevocationTarget>;

export const RevocationBody = z
  .strictObject({
    targets: z.array(RevocationTarget).min(1).max(MAX_TARGETS),
    reason: Reason.openapi({ example: "Leaked in a public repository" }),
    dryRun: z.boolean().optional(),
  })
  .openapi("RevocationRequest");

/** What became of one key. */
export const ResultSchema = z
  .object({
    target: z.int().openapi({ description: "Which target of the request named the key, from 0." }),
    keyId: z.string().nullable(),
    status: z.enum(REVOCATION_STATUSES),
    requestedAt: Timestamp.nullable(),
    effectiveAt: Timestamp.nullable().openapi({
      description: "No request that arrived later was let through, anywhere.",
    }),
    version: z.int().nullable(),
  })
  .openapi("RevocationResult");
export type RevocationResult = Wire<typeof ResultSchema>;

const Summary = z
  .object({
    matched: z.int().openapi({ description: "Keys that the targets name." }),
    confirmed: z.int().openapi({ description: "Those that are dead everywhere." }),
    unconfirmed: z.int().openapi({ description: "Those that are being retried until they are." }),
    notFound: z.int().openapi({ description: "Targets that name no key." }),
  })
  .openapi("RevocationSummary");

export const RevocationAnswerSchema = z
  .object({ dryRun: z.boolean(), summary: Summary, results: z.array(ResultSchema) })
  .openapi("RevocationAnswer");
export type RevocationAnswer = Wire<typeof RevocationAnswerSchema>;

const ResultLineSchema = ResultSchema.extend({
  progress: z.object({ done: z.int(), total: z.int() }).openapi({
    description: "How many are settled, of how many known so far.",
  }),
});
export type RevocationResultLine = Wire<typeof ResultLineSchema>;

/** A line for each key as it is settled; the last one tells that the answer is complete. */
export const RevocationLineSchema = z
  .union([ResultLineSchema, z.object({ dryRun: z.boolean(), summary: Summary })])
  .openapi("RevocationLine");
export type RevocationLine = Wire<typeof RevocationLineSchema>;

export const RevocationListQuery = z.strictObject({
  status: z.enum(["unconfirmed", "confirmed", "all"]).default("unconfirmed"),
  limit: Limit,
  nextCursor: z.string().optional(),
});

/** A line of the record of emergency revocations. */
export const EntrySchema = ResultSchema.extend({
  requestId: z.string(),
  orgId: z.string().nullable(),
  ownerId: z.string().nullable(),
  reason: z.string(),
  operator: z.object({ id: z.string(), name: z.string() }),
  failures: z.int().openapi({ description: "Attempts in a row that came to nothing." }),
  organizationTold: z
    .boolean()
    .openapi({ description: "Whether the key's organisation shows it as revoked." }),
}).openapi("Revocation");
export type RevocationEntry = Wire<typeof EntrySchema>;

export const RevocationList = pageOf(EntrySchema, "RevocationList");
