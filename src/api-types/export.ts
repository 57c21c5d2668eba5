import { z } from "@hono/zod-openapi";
import { AuditEventSchema } from "./audit.ts";
import { Timestamp, VaultRolesSchema, type Wire } from "./common.ts";
import { KeySchema } from "./keys.ts";
import { ServiceUserSchema } from "./service-users.ts";
import { WebhookSchema } from "./webhook.ts";

export const ExportQuery = z.strictObject({
  hashes: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true")
    .openapi({
      type: "boolean",
      description:
        "With the SHA-256 of each key that was made here, so that another gateway can know them by it. It takes a fresh second factor.",
    }),
});

const Line = <Type extends string, Shape extends z.core.$ZodLooseShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

/** A line of an export. What is secret is in none of them; the last one says that it is complete. */
export const ExportLineSchema = z
  .discriminatedUnion("type", [
    Line("organization", { id: z.string(), bootstrappedAt: Timestamp.nullable(), exportedAt: Timestamp }),
    Line("person", {
      id: z.string(),
      name: z.string(),
      email: z.string().nullable(),
      active: z.boolean(),
      roles: z.array(z.string()),
      vaultRoles: VaultRolesSchema,
      createdAt: Timestamp,
    }),
    Line("service_user", ServiceUserSchema.shape),
    Line("scim_user", { id: z.string(), active: z.boolean(), resource: z.record(z.string(), z.unknown()) }),
    Line("scim_group", { id: z.string(), displayName: z.string(), members: z.array(z.string()) }),
    Line("api_key", {
      ...KeySchema.shape,
      hash: z.string().optional().openapi({ description: "Of a key that was made here, when asked for." }),
    }),
    Line("usage", {
      keyId: z.string(),
      step: z.enum(["hour", "day"]),
      start: Timestamp,
      succeeded: z.int(),
      clientErrors: z.int(),
      originErrors: z.int(),
      refused: z.int(),
      limited: z.int(),
    }),
    Line("audit_event", AuditEventSchema.shape),
    Line("webhook", WebhookSchema.shape),
    Line("end", { lines: z.int().openapi({ description: "How many lines came before this one." }) }),
  ])
  .openapi("ExportLine");
export type ExportLine = Wire<typeof ExportLineSchema>;
