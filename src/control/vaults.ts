import type { OpenAPIHono } from "@hono/zod-openapi";
import { PageQuery } from "../api-types/common.ts";
import { exactly } from "../api-types/exact.ts";
import { VaultIdList } from "../api-types/vaults.ts";
import { isRefusal } from "../core/refusal.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

/** `/-/vaults`: the vaults that are known here by name. The API behind the gateway is not asked. */
export function addVaultEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/vaults",
    operationId: "listVaultIds",
    summary: "List the vault ids that keys and roles name: everybody's for admins, else one's own",
    tag: "API keys",
    query: PageQuery,
    success: { 200: { description: "A page of vault ids.", schema: VaultIdList } },
    refusals: [],
    run: async ({ query: { limit, nextCursor: cursor } }, actor) => {
      const after = cursor === undefined ? null : readCursor<{ id: string }>(cursor, { id: "string" });
      if (isRefusal(after)) return after;
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const [ids, inUse] = await Promise.all([
        organization.listVaultIds(actor, limit, after?.id ?? ""),
        organization.listVaultIds(actor, limit, after?.id ?? "", true),
      ]);
      if (isRefusal(ids)) return ids;
      if (isRefusal(inUse)) return inUse;
      const used = new Set(inUse);
      const shown = ids.slice(0, limit);
      const last = ids.length > limit ? shown.at(-1) : undefined;
      const nextCursor = last === undefined ? null : writeCursor({ id: last });
      const data = shown.map((id) => ({ id, inUse: used.has(id) }));
      return { status: 200, body: exactly(VaultIdList, { data, pagination: { limit, nextCursor } }) };
    },
  });
}
