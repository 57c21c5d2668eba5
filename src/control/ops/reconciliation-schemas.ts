import { z } from "@hono/zod-openapi";
import { ORG_ID } from "../../core/organization.ts";
import { DIFFERENCES, type Difference } from "../../core/reconciliation.ts";
import { Limit, Pagination } from "../schemas.ts";

const OrgId = z.string().regex(ORG_ID, "Must be the id of an organisation");

export const ReconciliationBody = z
  .strictObject({ orgId: OrgId, fix: z.boolean().optional() })
  .openapi("ReconciliationRequest");

const DifferenceSchema = z
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

const Summary = z
  .object({
    guards: z.int().openapi({ description: "Guards that were compared." }),
    differences: z.int(),
    settled: z.int(),
  })
  .openapi("ReconciliationSummary");

export type ReconciliationSummary = z.output<typeof Summary>;

export const ReconciliationAnswer = z
  .object({ summary: Summary, differences: z.array(DifferenceSchema) })
  .openapi("ReconciliationAnswer");

export const ReconciliationLine = z
  .union([DifferenceSchema, z.object({ summary: Summary })])
  .openapi("ReconciliationLine");

export const OrganizationListQuery = z.strictObject({ limit: Limit, nextCursor: z.string().optional() });

export const OrganizationList = z
  .object({ data: z.array(z.object({ id: z.string() })), pagination: Pagination })
  .openapi("OrganizationList");

export function differenceJson(
  orgId: string,
  { keyId, guard, kind, fields, settled }: Difference,
): z.input<typeof DifferenceSchema> {
  return { orgId, keyId, guard, difference: kind, fields: [...fields], settled };
}
