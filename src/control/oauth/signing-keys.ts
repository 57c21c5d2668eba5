import { isoTime } from "../../core/iso-time.ts";
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { isRefusal } from "../../core/refusal.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import type { KeySets } from "./public-keys.ts";
import { addEndpoint, type Control, type ControlEnv, type Reply } from "../endpoint.ts";
import { Timestamp } from "../schemas.ts";

const SigningKey = z
  .object({
    kid: z.string(),
    activeFrom: Timestamp.openapi({ description: "From when on it signs; until then it is only published." }),
  })
  .openapi("SigningKey");

/** Taking the next signing key before its time. What the ones before have signed stays good until it expires. */
export function addSigningKeyEndpoints(app: OpenAPIHono<ControlEnv>, control: Control, sets: KeySets): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/organization/signing-key/rotate",
    operationId: "rotateSigningKey",
    summary:
      "Publish the next signing key of the organisation's access tokens; it takes over ten minutes later",
    tag: "Organisation",
    success: { 201: { description: "The next key.", schema: SigningKey } },
    refusals: ["role_required", "mfa_required", "not_bootstrapped"],
    run: async (_, actor) => {
      const key = await control.env.ORGANIZATION.getByName(actor.orgId).rotateSigningKey(actor);
      sets.clear();
      return isRefusal(key) ? key : reply(key);
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/ops/signing-key/rotate",
    operationId: "rotateAssertionKey",
    summary: "Publish the next signing key of assertions for the origin; it takes over fifteen minutes later",
    tag: "Operators",
    access: "operator",
    success: { 201: { description: "The next key.", schema: SigningKey } },
    refusals: [],
    run: async (_, actor) => {
      const key = await deploymentOf(control.env).rotateAssertionKey();
      sets.clear();
      await control.env.ORGANIZATION.getByName(actor.orgId).noteAssertionKeyRotated(actor, key.kid);
      return reply(key);
    },
  });
}

function reply({ kid, activeFrom }: { readonly kid: string; readonly activeFrom: number }): Reply {
  return { status: 201, body: { kid, activeFrom: isoTime(activeFrom) } };
}
