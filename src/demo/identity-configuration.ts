import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from "oidc-provider";
import {
  COMMAND_LINE_CLIENT,
  CONSOLE_CLIENT,
  OPERATOR_SCOPE,
  SAMPLE_USER_GRANT,
  SECOND_FACTOR_ACR,
} from "./identity-names.ts";
import { errorPage, signedOutPage, signOutPage } from "./identity-pages.ts";
import type { IdentitySecrets } from "./identity-secrets.ts";
import { memoryAdapter } from "./memory-adapter.ts";
import { accessTokenClaims, PASSWORD_ONLY, SAMPLE_USERS, WITH_SECOND_FACTOR } from "./sample-users.ts";

/** What the sample identity provider knows, allows and says in its tokens. */

export interface IdentityProviderOptions {
  /** Where it is reached, path included; it answers below that path. */
  readonly issuer: string;
  /** `aud` of the access tokens. */
  readonly audience: string;
  /** Origins from which the console may sign people in. */
  readonly consoleOrigins: readonly string[];
}

/** The one resource that access tokens are for (RFC 8707). */
export const RESOURCE = "urn:portcullis:control-api";

const HOUR_S = 3600;

export function configuration(options: IdentityProviderOptions, secrets: IdentitySecrets): Configuration {
  const path = new URL(options.issuer).pathname;
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [secrets.signingKey] },
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    clients: [
      {
        client_id: CONSOLE_CLIENT,
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code"],
        response_types: ["code"],
        redirect_uris: options.consoleOrigins.map((origin) => `${origin}/-/console/callback`),
        post_logout_redirect_uris: options.consoleOrigins.map((origin) => `${origin}/-/console/signed-out`),
      },
      {
        client_id: COMMAND_LINE_CLIENT,
        token_endpoint_auth_method: "none",
        grant_types: [SAMPLE_USER_GRANT],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: ["openid", "profile", "email"],
    claims: { openid: ["sub", "amr"], profile: ["name"], email: ["email"] },
    responseTypes: ["code"],
    acrValues: [SECOND_FACTOR_ACR],
    cookies: {
      names: { session: "idp_session", interaction: "idp_interaction", resume: "idp_resume" },
      long: { httpOnly: true, sameSite: "lax", path },
      keys: [secrets.cookieKey],
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => resourceServer(resource, options.audience),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => void (ctx.body = signOutPage(form)),
        postLogoutSuccessSource: (ctx) => void (ctx.body = signedOutPage()),
      },
    },
    interactions: { policy: interactions(), url: (_ctx, { uid }) => `${path}/interaction/${uid}` },
    findAccount: (_ctx, id) => account(id),
    loadExistingGrant: grantEverything,
    extraTokenClaims: (ctx, token) =>
      token.kind === "AccessToken" ? claimsFor(ctx, token.accountId) : undefined,
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = "html";
      ctx.body = errorPage(description ?? error);
    },
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: HOUR_S,
      AuthorizationCode: 60,
      Grant: 12 * HOUR_S,
      IdToken: HOUR_S,
      Interaction: HOUR_S,
      Session: 12 * HOUR_S,
    },
  };
}

/** What access tokens for the resource look like; there is no other resource. */
export function resourceServer(resource: string, audience: string) {
  if (resource !== RESOURCE) throw new errors.InvalidTarget();
  return {
    scope: OPERATOR_SCOPE,
    audience,
    accessTokenFormat: "jwt",
    jwt: { sign: { alg: "ES256" } },
  } as const;
}

function account(id: string) {
  const user = SAMPLE_USERS.get(id);
  if (!user) return undefined;
  return { accountId: id, claims: () => ({ sub: id, name: user.name, email: user.email }) };
}

/** The person and the way they signed in: from the authorization code, or from the command line. */
function claimsFor(ctx: KoaContextWithOIDC, id: string): Record<string, unknown> {
  const user = SAMPLE_USERS.get(id);
  if (!user) throw new errors.InvalidGrant("there is no such sample user");
  const code = ctx.oidc.entities.AuthorizationCode;
  const asked = ctx.oidc.params?.["mfa"] === "true" ? WITH_SECOND_FACTOR : PASSWORD_ONLY;
  return {
    ...accessTokenClaims(user),
    amr: code ? code.amr : asked,
    auth_time: code ? code.authTime : Math.floor(Date.now() / 1000),
  };
}

/** The console is the provider's own: nobody is asked to consent. */
async function grantEverything(ctx: KoaContextWithOIDC) {
  const { provider, session, client } = ctx.oidc;
  if (!session?.accountId || !client) return undefined;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope("openid profile email");
  await grant.save();
  return grant;
}

/** Also asks to sign in when a second factor is asked for and the session has none. */
function interactions() {
  const policy = interactionPolicy.base();
  policy.get("login")?.checks.add(
    new interactionPolicy.Check("second_factor", "a second factor is required", ({ oidc }) => {
      const satisfied = oidc.acr === SECOND_FACTOR_ACR || oidc.result?.login !== undefined;
      return asksForSecondFactor(oidc.params) && !satisfied;
    }),
  );
  return policy;
}

/** Whether an authorization request asks for a second factor (RFC 9470 section 4). */
export function asksForSecondFactor(params: Readonly<Record<string, unknown>> = {}): boolean {
  const asked = params["acr_values"];
  return typeof asked === "string" && asked.split(" ").includes(SECOND_FACTOR_ACR);
}
