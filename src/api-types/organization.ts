import { z } from "@hono/zod-openapi";
import { Timestamp, type Wire } from "./common.ts";

export const OrganizationSchema = z
  .object({
    id: z.string(),
    bootstrapped: z.boolean(),
    bootstrappedAt: Timestamp.nullable(),
    groupsWithoutRole: z.array(z.string()).optional().openapi({
      description: "For admins: the names of SCIM groups that give no role, at most 500.",
    }),
  })
  .openapi("Organization");
export type Organization = Wire<typeof OrganizationSchema>;

export const SigningKeySchema = z
  .object({
    kid: z.string(),
    activeFrom: Timestamp.openapi({ description: "From when on it signs; until then it is only published." }),
  })
  .openapi("SigningKey");
export type SigningKey = Wire<typeof SigningKeySchema>;

export const ScimTokenSchema = z
  .object({ token: z.string().openapi({ description: "The bearer token; this answer alone holds it." }) })
  .openapi("ScimToken");
export type ScimToken = Wire<typeof ScimTokenSchema>;

const Authorship = z.object({ at: Timestamp, by: z.object({ id: z.string(), name: z.string() }) });
const Made = Authorship.nullable().openapi({
  description: "By whom and when; `null` where that was not kept.",
});

export const CredentialsSchema = z
  .object({
    scimToken: z
      .object({
        made: Made,
        lastUsedAt: Timestamp.nullable().openapi({ description: "Within a minute." }),
      })
      .nullable(),
    signingKeys: z.array(z.object({ kid: z.string(), activeFrom: Timestamp, made: Made })).openapi({
      description: "In the order in which they take over. `made` is `null` for one that renewed itself.",
    }),
    webhookSecret: z.object({ made: Made, createdAt: Timestamp }).nullable(),
  })
  .openapi("Credentials");
export type Credentials = Wire<typeof CredentialsSchema>;
