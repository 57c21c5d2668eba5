import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { isRefusal } from "../core/refusal.ts";
import { addEndpoint, type Control, type ControlEnv } from "./endpoint.ts";

const MeSchema = z
  .object({
    id: z.string(),
    orgId: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    roles: z.array(z.string()).openapi({ example: ["admin"] }),
    vaultRoles: z
      .record(z.string(), z.array(z.string()))
      .openapi({ example: { vault_3f8a2c1d9b: ["developer"] } }),
    operator: z.boolean().openapi({ description: "Whether you run the deployment" }),
  })
  .openapi("Me");

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
      return isRefusal(me)
        ? me
        : { status: 200, body: { ...me, orgId: actor.orgId, operator: actor.operator } };
    },
  });
}
