import { z } from "@hono/zod-openapi";
import { ORG_ID } from "../core/organization/organization.ts";
import type { Wire } from "./common.ts";
import { KeyCreation, Vaults } from "./keys.ts";

const { name, description, scopes, vaults, allowedIps, expiresAt, rateLimit } = KeyCreation.shape;

/** One key that was made elsewhere. */
export const ImportLine = z
  .strictObject({
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "Must be the SHA-256 of the whole key string, in 64 hexadecimal digits")
      .transform((hash) => hash.toLowerCase())
      .openapi({ type: "string", pattern: "^[0-9A-Fa-f]{64}$" }),
    keyPrefix: z
      .string()
      .regex(/^[\x21-\x7e]{1,32}$/, "Must be 1 to 32 visible ASCII characters")
      .openapi({
        description: "What is shown of the key: its beginning, or anything else that is no secret.",
      }),
    name,
    description,
    orgId: z.string().regex(ORG_ID, "Must be the id of an organisation"),
    ownerId: z.string().min(1, "Must not be empty").max(255, "Must have at most 255 characters"),
    scopes,
    vaults,
    allowedIps,
    expiresAt: expiresAt.openapi({
      description: "`null`: never. Left out: as for a key that is created.",
      format: "date-time",
    }),
    rateLimit,
  })
  .openapi("ImportLine");

/** The same where the API has vaults. */
export const ImportLineInVaults = ImportLine.extend({ vaults: Vaults });

export type ImportLine = z.output<typeof ImportLine>;

export const ImportResultSchema = z
  .object({
    line: z.int().openapi({ description: "Which line of the request, from 1." }),
    status: z.enum(["imported", "unchanged", "refused"]),
    keyId: z.string().nullable(),
    error: z.string().nullable().openapi({ description: "Why it was refused." }),
  })
  .openapi("ImportResult");

export type ImportResult = Wire<typeof ImportResultSchema>;
