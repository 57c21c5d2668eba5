import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../api-types/exact.ts";
import { CredentialsSchema, type Credentials as CredentialsJson } from "../api-types/organization.ts";
import { isoTime } from "../core/iso-time.ts";
import type { Credentials, Authorship } from "../core/organization/organization.ts";
import { isRefusal } from "../core/refusal.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

/** `/-/organization/credentials`: the organisation's own, since when, by whom, and when last used; never a secret. */
export function addCredentialsEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/organization/credentials",
    operationId: "getCredentials",
    summary: "Read which credentials the organisation has: the SCIM token, signing keys, the webhook secret",
    tag: "Organisation",
    success: { 200: { description: "What there is of them.", schema: CredentialsSchema } },
    refusals: ["role_required"],
    run: async (_, actor) => {
      const credentials = await control.env.ORGANIZATION.getByName(actor.orgId).describeCredentials(actor);
      return isRefusal(credentials) ? credentials : { status: 200, body: credentialsJson(credentials) };
    },
  });
}

function credentialsJson({ scimToken, signingKeys, webhookSecret }: Credentials): Exact<CredentialsJson> {
  return exactly(CredentialsSchema, {
    scimToken: scimToken && { made: madeJson(scimToken.made), lastUsedAt: isoTime(scimToken.lastUsedAt) },
    signingKeys: signingKeys.map(({ kid, activeFrom, made }) => ({
      kid,
      activeFrom: isoTime(activeFrom),
      made: madeJson(made),
    })),
    webhookSecret: webhookSecret && {
      made: madeJson(webhookSecret.made),
      createdAt: isoTime(webhookSecret.createdAt),
    },
  });
}

function madeJson(made: Authorship | null): { at: string; by: Authorship["by"] } | null {
  return made && { at: isoTime(made.at), by: made.by };
}
