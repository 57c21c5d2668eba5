import { z } from "@hono/zod-openapi";
import { Limit, pageOf, Timestamp, type Wire } from "./common.ts";

export const AuditQuerySchema = z.strictObject({
  actor: z.string().optional().openapi({ description: "How the actor's id or name begins." }),
  action: z.string().optional().openapi({ example: "api_key.revoked", description: "Or how it begins." }),
  target: z.string().optional().openapi({
    description: "How the id, the `keyPrefix` or the name of a key or a person begins.",
  }),
  outcome: z
    .enum(["done", "refused"])
    .optional()
    .openapi({ description: "Only what was done, or only refused attempts." }),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  limit: Limit,
  nextCursor: z.string().optional(),
});

export const AuditEventSchema = z
  .object({
    id: z.string(),
    time: Timestamp,
    actor: z.object({ id: z.string(), name: z.string().nullable() }),
    actorKnown: z.boolean().openapi({
      description: "Whether the actor is a person of this organisation: an operator of another is not.",
    }),
    action: z.string(),
    event: z.string().openapi({
      description:
        "What it is called, whether it was done or refused: of a refused attempt what it would have been.",
    }),
    target: z.string(),
    targetName: z
      .string()
      .nullable()
      .openapi({ description: "What the key, the person or the group is called now, or was called." }),
    targetKnown: z
      .boolean()
      .openapi({ description: "Whether there is such a key, person or service user now." }),
    outcome: z.enum(["done", "refused"]),
    code: z.string().nullable().openapi({ description: "Why it was refused." }),
    address: z.string().nullable(),
    requestId: z.string().nullable(),
    before: z.record(z.string(), z.unknown()).nullable().openapi({
      description: "What it was; `null` for what is new, and for a refused attempt.",
    }),
    after: z.record(z.string(), z.unknown()).nullable().openapi({
      description:
        "What it became. Of a refused attempt: `{field, problem}`, the first thing that was wrong with the request; `field` is empty where it is about the whole body. `null` where the code says all.",
    }),
  })
  .openapi("AuditEvent");
export type AuditEvent = Wire<typeof AuditEventSchema>;

export const AuditEventList = pageOf(AuditEventSchema, "AuditEventList");
