import { z } from "@hono/zod-openapi";
import { DEVELOPER } from "../core/organization/organization.ts";
import { PLAIN_SEGMENT } from "../core/policy/scope.ts";
import { ImpactSchema } from "./impact.ts";
import { Name, pageOf, PageQuery, Timestamp, VaultRolesSchema, type Wire } from "./common.ts";

const MAX_VAULTS = 500;
/** Letters of all vault ids together. */
const MAX_VAULTS_LENGTH = 20_000;

const VaultRolesInput = z
  .record(
    z
      .string()
      .refine((vault) => vault === "*" || PLAIN_SEGMENT.test(vault), "Must be the id of a vault, or *"),
    z
      .array(z.string().refine((role) => role === DEVELOPER, `The only role is ${DEVELOPER}`))
      .overwrite((roles) => [...new Set(roles)]),
  )
  .refine(
    (roles) =>
      Object.keys(roles).length <= MAX_VAULTS && Object.keys(roles).join(" ").length < MAX_VAULTS_LENGTH,
    `At most ${MAX_VAULTS} vaults, whose ids have together at most ${MAX_VAULTS_LENGTH} letters`,
  )
  .openapi({ example: { vault_3f8a2c1d9b: [DEVELOPER] } });

const Fields = z.strictObject({
  name: Name,
  description: z.string().max(500, "Must have at most 500 characters").nullable(),
  vaultRoles: VaultRolesInput,
  active: z.boolean(),
});

export const ServiceUserCreation = Fields.partial({
  description: true,
  vaultRoles: true,
  active: true,
}).openapi("ServiceUserCreation");
export const ServiceUserUpdate = Fields.partial().openapi("ServiceUserUpdate");

/** A user that has keys and cannot sign in. */
export const ServiceUserSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    vaultRoles: VaultRolesSchema,
    active: z.boolean(),
    createdAt: Timestamp,
    keys: z.int().optional().openapi({ description: "With `include=keys`: its keys that are not revoked." }),
    lastUsedAt: Timestamp.nullable()
      .optional()
      .openapi({ description: "With `include=keys`: when one of its keys was used last." }),
  })
  .openapi("ServiceUser");
export type ServiceUser = Wire<typeof ServiceUserSchema>;

export const ServiceUserQuery = PageQuery.extend({
  q: z.string().optional().openapi({ description: "Part of the name, or the id." }),
  include: z.literal("keys").optional(),
});

export const ServiceUserList = pageOf(ServiceUserSchema, "ServiceUserList");

/** What other roles of a service user would do to its keys. */
export const ServiceUserPreview = z
  .strictObject({ vaultRoles: VaultRolesInput })
  .openapi("ServiceUserPreview");

export const ServiceUserImpactSchema = ImpactSchema.extend({
  keys: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      change: z.enum(["same", "narrowed", "nothing left"]).openapi({
        description: "Whether the key would reach what it does now, less, or nothing at all.",
      }),
    }),
  ),
}).openapi("ServiceUserImpact");
export type ServiceUserImpact = Wire<typeof ServiceUserImpactSchema>;
