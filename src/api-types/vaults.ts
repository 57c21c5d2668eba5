import { z } from "@hono/zod-openapi";
import { pageOf, type Wire } from "./common.ts";

const VaultIdSchema = z
  .object({ id: z.string().openapi({ example: "vault_3f8a2c1d9b" }) })
  .openapi("VaultId");
export type VaultId = Wire<typeof VaultIdSchema>;

export const VaultIdList = pageOf(VaultIdSchema, "VaultIdList");
