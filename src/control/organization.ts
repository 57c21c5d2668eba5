import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { isoTime } from "../core/iso-time.ts";
import { isRefusal, type Refusal } from "../core/refusal.ts";
import type { OrganizationInfo } from "../core/organization.ts";
import { addEndpoint, type Control, type ControlEnv, type Reply } from "./endpoint.ts";
import { Timestamp } from "./schemas.ts";

const TAG = "Organisation";

const OrganizationSchema = z
  .object({
    id: z.string(),
    bootstrapped: z.boolean(),
    bootstrappedAt: Timestamp.nullable(),
    groupsWithoutRole: z.array(z.string()).optional().openapi({
      description: "For admins: the names of SCIM groups that give no role, at most 500.",
    }),
  })
  .openapi("Organization");

/** `/-/organization`: what it is, and setting it up. */
export function addOrganizationEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/organization",
    operationId: "getOrganization",
    summary: "Read the organisation",
    tag: TAG,
    success: { 200: { description: "The organisation.", schema: OrganizationSchema } },
    refusals: [],
    run: async (_, actor) =>
      reply(200, await control.env.ORGANIZATION.getByName(actor.orgId).describe(actor)),
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/organization/bootstrap",
    operationId: "bootstrapOrganization",
    summary: "Set the organisation up, once",
    tag: TAG,
    success: { 201: { description: "The organisation, ready for keys.", schema: OrganizationSchema } },
    refusals: ["role_required", "already_exists"],
    run: async (_, actor) =>
      reply(201, await control.env.ORGANIZATION.getByName(actor.orgId).bootstrap(actor)),
  });
}

function reply(status: 200 | 201, info: OrganizationInfo | Refusal): Reply | Refusal {
  if (isRefusal(info)) return info;
  const { id, bootstrappedAt, groupsWithoutRole } = info;
  return {
    status,
    body: {
      id,
      bootstrapped: bootstrappedAt !== null,
      bootstrappedAt: isoTime(bootstrappedAt),
      ...(groupsWithoutRole !== null && { groupsWithoutRole }),
    },
  };
}
