import { z } from "@hono/zod-openapi";
import { Timestamp } from "./timestamp.ts";

/** Whence somebody has a role. */
export const ROLE_SOURCES = ["token", "scim"] as const;

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
export type Person = z.output<typeof PersonSchema>;
