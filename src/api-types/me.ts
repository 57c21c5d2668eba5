import { z } from "@hono/zod-openapi";
import { VaultRolesSchema, type Wire } from "./common.ts";

/** The holder of the token. */
export const MeSchema = z
  .object({
    id: z.string(),
    orgId: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    roles: z.array(z.string()).openapi({ example: ["admin"] }),
    vaultRoles: VaultRolesSchema,
    operator: z.boolean().openapi({ description: "Whether you run the deployment" }),
  })
  .openapi("Me");
export type Me = Wire<typeof MeSchema>;
