import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../api-types/exact.ts";
import { OrganizationSchema, type Organization } from "../api-types/organization.ts";
import { isoTime } from "../core/iso-time.ts";
import { isRefusal } from "../core/refusal.ts";
import type { OrganizationInfo } from "../core/organization/organization.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

const TAG = "Organisation";

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
    run: async (_, actor) => {
      const info = await control.env.ORGANIZATION.getByName(actor.orgId).describe(actor);
      return isRefusal(info) ? info : { status: 200, body: organizationJson(info) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/organization/bootstrap",
    operationId: "bootstrapOrganization",
    summary: "Set the organisation up, once",
    tag: TAG,
    success: { 201: { description: "The organisation, ready for keys.", schema: OrganizationSchema } },
    refusals: ["role_required", "already_exists"],
    run: async (_, actor) => {
      const info = await control.env.ORGANIZATION.getByName(actor.orgId).bootstrap(actor);
      return isRefusal(info) ? info : { status: 201, body: organizationJson(info) };
    },
  });
}

function organizationJson({ id, bootstrappedAt, groupsWithoutRole }: OrganizationInfo): Exact<Organization> {
  return exactly(OrganizationSchema, {
    id,
    bootstrapped: bootstrappedAt !== null,
    bootstrappedAt: isoTime(bootstrappedAt),
    ...(groupsWithoutRole !== null && { groupsWithoutRole }),
  });
}
