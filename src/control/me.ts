import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly } from "../api-types/exact.ts";
import { MeSchema } from "../api-types/me.ts";
import { isRefusal } from "../core/refusal.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

/** `/-/me`: who one is, and what one may do at this moment. */
export function addMeEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/me",
    operationId: "getMe",
    summary: "Read who you are and the roles that you hold, by your token and SCIM together",
    tag: "Organisation",
    success: { 200: { description: "You.", schema: MeSchema } },
    refusals: [],
    run: async (_, actor) => {
      const me = await control.env.ORGANIZATION.getByName(actor.orgId).me(actor);
      if (isRefusal(me)) return me;
      const body = { ...me, orgId: actor.orgId, operator: actor.operator };
      return { status: 200, body: exactly(MeSchema, body) };
    },
  });
}
