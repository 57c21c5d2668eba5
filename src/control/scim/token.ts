import type { OpenAPIHono } from "@hono/zod-openapi";
import { bytesToHex } from "@noble/hashes/utils.js";
import { exactly } from "../../api-types/exact.ts";
import { ScimTokenSchema } from "../../api-types/organization.ts";
import { hashKey } from "../../core/key/key-secret.ts";
import { ORG_ID } from "../../core/organization/organization.ts";
import { isRefusal } from "../../core/refusal.ts";
import { addEndpoint } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";

const SECRET_BYTES = 32;
const TOKEN = /^Bearer +(scim_([\w-]{1,172})\.[\w-]{43})$/i;

/** `POST /-/organization/scim-token`: gives the SCIM client its token. */
export function addScimTokenEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/organization/scim-token",
    operationId: "createScimToken",
    summary: "Create the token of the SCIM client; the one before ends at once",
    tag: "Organisation",
    success: { 201: { description: "The token.", schema: ScimTokenSchema } },
    refusals: ["role_required", "mfa_required"],
    run: async (_, actor) => {
      const token = generateToken(actor.orgId);
      const set = await control.env.ORGANIZATION.getByName(actor.orgId).setScimToken(actor, hashOf(token));
      return isRefusal(set) ? set : { status: 201, body: exactly(ScimTokenSchema, { token }) };
    },
  });
}

/** What the organisation is asked about a SCIM client's token. */
export interface PresentedToken {
  readonly orgId: string;
  /** SHA-256 of the whole token, lower-case hex. */
  readonly hash: string;
}

/** Reads `Authorization: Bearer scim_<base64url of the organisation's id>.<secret>`; `null` when it is none. */
export function readToken(authorization: string | undefined): PresentedToken | null {
  const [, token, encoded] = TOKEN.exec(authorization ?? "") ?? [];
  if (token === undefined || encoded === undefined) return null;
  const orgId = Buffer.from(encoded, "base64url").toString("latin1");
  return ORG_ID.test(orgId) ? { orgId, hash: hashOf(token) } : null;
}

function generateToken(orgId: string): string {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return `scim_${Buffer.from(orgId).toString("base64url")}.${Buffer.from(secret).toString("base64url")}`;
}

function hashOf(token: string): string {
  return bytesToHex(hashKey(token));
}
