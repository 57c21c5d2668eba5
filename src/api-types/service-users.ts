import { z } from "@hono/zod-openapi";
import { DEVELOPER } from "../core/organization.ts";
import { PLAIN_SEGMENT } from "../core/scope.ts";
import { Name, pageOf, Timestamp, VaultRolesSchema, type Wire } from "./common.ts";

const MAX_VAULTS = 500;

const VaultRolesInput = z
  .record(
    z
      .string()
      .refine((vault) => vault === "*" || PLAIN_SEGMENT.test(vault), "Must be the id of a vault, or *"),
    z.array(z.string().refine((role) => role === DEVELOPER, `The only role is ${DEVELOPER}`)),
  )
  .refine((roles) => Object.keys(roles).length <= MAX_VAULTS, `At most ${MAX_VAULTS} vaults`)
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
  })
  .openapi("ServiceUser");
export type ServiceUser = Wire<typeof ServiceUserSchema>;

export const ServiceUserList = pageOf(ServiceUserSchema, "ServiceUserList");
