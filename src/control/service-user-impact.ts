import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { exactly } from "../api-types/exact.ts";
import {
  ServiceUserImpactSchema,
  ServiceUserPreview,
  type ServiceUserImpact,
} from "../api-types/service-users.ts";
import { effectiveVaults } from "../core/access/access.ts";
import { impactOf, sumImpacts } from "../core/access/impact.ts";
import { isoTime } from "../core/iso-time.ts";
import type { KeyRecord } from "../core/key/key-record.ts";
import { isRefusal } from "../core/refusal.ts";
import { usageStretch } from "../core/usage/windows.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

/** `/-/service-users/{id}/impact`: what other roles would do to its keys and to their calls. */
export function addServiceUserImpactEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  const operations = new Map(control.operations.map((operation) => [operation.id, operation]));
  addEndpoint(app, control, {
    method: "post",
    safe: true,
    path: "/-/service-users/{id}/impact",
    operationId: "previewServiceUserUpdate",
    summary: "Tell what other roles of a service user would take from its keys; changes nothing",
    tag: "Service users",
    params: z.strictObject({ id: z.string() }),
    body: ServiceUserPreview,
    success: { 200: { description: "What the change would do.", schema: ServiceUserImpactSchema } },
    refusals: ["role_required", "not_found"],
    run: async ({ params, body }, actor) => {
      const now = Date.now();
      const { from } = usageStretch("24h", now);
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const keys = await organization.previewServiceUser(actor, params.id, body.vaultRoles, from);
      if (isRefusal(keys)) return keys;
      const impacts = keys.map((key) => impactOf(key.calls, key, operations, now));
      return {
        status: 200,
        body: exactly(ServiceUserImpactSchema, {
          window: { from: isoTime(from), to: isoTime(now) },
          ...sumImpacts(impacts),
          keys: keys.map(({ keyId, name, before, after }) => ({
            id: keyId,
            name,
            change: changeOf(before, after),
          })),
        }),
      };
    },
  });
}

function changeOf(before: KeyRecord, after: KeyRecord): ServiceUserImpact["keys"][number]["change"] {
  const [had, has] = [effectiveVaults(before), effectiveVaults(after)];
  if (had === has || has === "*") return "same";
  if (had !== "*" && had.every((vault) => has.includes(vault))) return "same";
  return has.length === 0 ? "nothing left" : "narrowed";
}
