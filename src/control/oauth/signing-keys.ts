import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../../api-types/exact.ts";
import { SigningKeySchema, type SigningKey } from "../../api-types/organization.ts";
import { isoTime } from "../../core/iso-time.ts";
import { isRefusal } from "../../core/refusal.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import type { KeySets } from "./public-keys.ts";
import { addEndpoint } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";

/** Taking the next signing key before its time. What the ones before have signed stays good until it expires. */
export function addSigningKeyEndpoints(app: OpenAPIHono<ControlEnv>, control: Control, sets: KeySets): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/organization/signing-key/rotate",
    operationId: "rotateSigningKey",
    summary:
      "Publish the next signing key of the organisation's access tokens; it takes over ten minutes later",
    tag: "Organisation",
    success: { 201: { description: "The next key.", schema: SigningKeySchema } },
    refusals: ["role_required", "mfa_required", "not_bootstrapped"],
    run: async (_, actor) => {
      const key = await control.env.ORGANIZATION.getByName(actor.orgId).rotateSigningKey(actor);
      sets.clear();
      return isRefusal(key) ? key : { status: 201, body: signingKeyJson(key) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/ops/signing-key/rotate",
    operationId: "rotateAssertionKey",
    summary: "Publish the next signing key of assertions for the origin; it takes over fifteen minutes later",
    tag: "Operators",
    access: "operator",
    success: { 201: { description: "The next key.", schema: SigningKeySchema } },
    refusals: [],
    run: async (_, actor) => {
      const key = await deploymentOf(control.env).rotateAssertionKey();
      sets.clear();
      await control.env.ORGANIZATION.getByName(actor.orgId).noteAssertionKeyRotated(actor, key.kid);
      return { status: 201, body: signingKeyJson(key) };
    },
  });
}

function signingKeyJson(key: { readonly kid: string; readonly activeFrom: number }): Exact<SigningKey> {
  return exactly(SigningKeySchema, { kid: key.kid, activeFrom: isoTime(key.activeFrom) });
}
