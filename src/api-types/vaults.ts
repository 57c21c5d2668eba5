import { z } from "@hono/zod-openapi";
import { pageOf, type Wire } from "./common.ts";

const VaultIdSchema = z
  .object({
    id: z.string().openapi({ example: "vault_3f8a2c1d9b" }),
    inUse: z.boolean().openapi({
      description:
        "Whether a role names it, or a key that was used. One that only unused keys name may be mistyped.",
    }),
  })
  .openapi("VaultId");
export type VaultId = Wire<typeof VaultIdSchema>;

export const VaultIdList = pageOf(VaultIdSchema, "VaultIdList");
