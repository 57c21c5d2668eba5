import { z } from "@hono/zod-openapi";
import { ORG_ID } from "../core/organization/organization.ts";
import { DIFFERENCES } from "../core/key/reconciliation.ts";
import { PageQuery, pageOf, type Wire } from "./common.ts";

const OrgId = z.string().regex(ORG_ID, "Must be the id of an organisation");

const MAX_GUARDS = 1000;

export const ReconciliationBody = z
  .strictObject({
    orgId: OrgId,
    fix: z.boolean().optional(),
    limit: z.int().min(1).max(MAX_GUARDS).optional().openapi({
      description:
        "After about so many guards the answer ends, and `pagination.nextCursor` says where the next request goes on. Without it all are compared.",
    }),
    nextCursor: z.string().optional(),
  })
  .openapi("ReconciliationRequest");

/** How an organisation, its guard and KV differ about a key. */
export const DifferenceSchema = z
  .object({
    orgId: z.string(),
    keyId: z.string().nullable(),
    guard: z
      .string()
      .openapi({ description: "The guard of the key: the name of its group, or the key's id." }),
    difference: z.enum(DIFFERENCES),
    fields: z.array(z.string()).openapi({ description: "What differs in the records." }),
    settled: z.boolean().openapi({ description: "Whether all agree now, on the side of less access." }),
  })
  .openapi("Difference");
export type Difference = Wire<typeof DifferenceSchema>;

const Summary = z
  .object({
    guards: z.int().openapi({ description: "Guards that were compared." }),
    total: z.int().openapi({
      description:
        "Guards that the organisation has on record. More may be registered, or be those of its erasure.",
    }),
    differences: z.int(),
    settled: z.int(),
  })
  .openapi("ReconciliationSummary");

const Pagination = z
  .object({ limit: z.int().nullable(), nextCursor: z.string().nullable() })
  .openapi("ReconciliationPagination");

export const ReconciliationAnswerSchema = z
  .object({ summary: Summary, differences: z.array(DifferenceSchema), pagination: Pagination })
  .openapi("ReconciliationAnswer");
export type ReconciliationAnswer = Wire<typeof ReconciliationAnswerSchema>;

/** A line for each difference; the last one tells that the answer is complete. */
export const ReconciliationLineSchema = z
  .union([DifferenceSchema, z.object({ summary: Summary, pagination: Pagination })])
  .openapi("ReconciliationLine");
export type ReconciliationLine = Wire<typeof ReconciliationLineSchema>;

export const OrganizationListQuery = PageQuery.extend({
  erased: z
    .literal("true")
    .optional()
    .openapi({ description: "Those that were erased in the last 60 days." }),
});

const OrganizationIdSchema = z.object({ id: z.string() });
export type OrganizationId = Wire<typeof OrganizationIdSchema>;

export const OrganizationList = pageOf(OrganizationIdSchema, "OrganizationList");
