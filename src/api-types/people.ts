import { z } from "@hono/zod-openapi";
import { pageOf, PageQuery, Reason, Timestamp, type Wire } from "./common.ts";
import { ReceiptSchema } from "./receipt.ts";

/** Whence somebody has a role. */
const ROLE_SOURCES = ["token", "scim"] as const;

export const PersonSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    active: z.boolean().openapi({ description: "False once SCIM has deactivated or deleted them." }),
    roles: z
      .array(z.object({ role: z.string(), from: z.enum(ROLE_SOURCES) }))
      .openapi({ example: [{ role: "vault_3f8a2c1d9b:developer", from: "scim" }] }),
    keys: z.int().openapi({ description: "Their keys that are not revoked." }),
    lastSignInAt: Timestamp.nullable().openapi({
      description: "When their latest token was issued, as far as it was seen here.",
    }),
    scim: z.enum(["matched", "deleted", "unmatched"]).nullable().openapi({
      description:
        "Whether SCIM knows them: `matched` with their token, `deleted` there since, or `unmatched` with anybody who has signed in; `null` if it does not.",
    }),
  })
  .openapi("Person");
export type Person = Wire<typeof PersonSchema>;

export const PersonQuery = PageQuery.extend({
  q: z.string().optional().openapi({ description: "Part of the name, the id or the address." }),
});

export const PersonList = pageOf(PersonSchema, "PersonList");

export const PersonKeysRevocation = z
  .strictObject({ reason: Reason.openapi({ example: "Laptop stolen" }) })
  .openapi("PersonKeysRevocation");

export const PersonKeysRevoked = z.object({ receipts: z.array(ReceiptSchema) }).openapi("PersonKeysRevoked");
export type PersonRevoked = Wire<typeof PersonKeysRevoked>;
