import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { errors, Provider, type TokenEndpointGrantContext } from "oidc-provider";
import {
  asksForSecondFactor,
  configuration,
  type IdentityProviderOptions,
  RESOURCE,
  resourceServer,
} from "./identity-configuration.ts";
import { OPERATOR_SCOPE, SAMPLE_USER_GRANT, SECOND_FACTOR_ACR } from "./identity-names.ts";
import { errorPage, signInPage } from "./identity-pages.ts";
import type { IdentitySecrets } from "./identity-secrets.ts";
import { PASSWORD_ONLY, SAMPLE_USERS, WITH_SECOND_FACTOR } from "./sample-users.ts";

/**
 * The sample identity provider: OpenID Connect (code and PKCE) for the console, and access tokens (RFC 9068) without a
 * browser for the command line. Answers requests below the issuer's path.
 */
export function identityProvider(
  options: IdentityProviderOptions,
  secrets: IdentitySecrets,
): RequestListener {
  const provider = new Provider(options.issuer, configuration(options, secrets));
  provider.registerGrantType<SampleUserParameters>(
    SAMPLE_USER_GRANT,
    (ctx) => sampleUserGrant(ctx, options.audience),
    ["user", "mfa", "ops"],
  );

  const mount = new URL(options.issuer).pathname;
  const protocol = provider.callback();
  return (request, response) => {
    const originalUrl = request.url ?? "";
    // The provider tells where it is mounted by comparing the two.
    Object.assign(request, { originalUrl, url: originalUrl.slice(mount.length) || "/" });
    const interaction = request.url?.startsWith("/interaction/");
    void (interaction ? signIn(provider, request, response) : protocol(request, response));
  };
}

interface SampleUserParameters {
  readonly user?: string;
  readonly mfa?: string;
  readonly ops?: string;
}

async function sampleUserGrant(
  ctx: TokenEndpointGrantContext<SampleUserParameters>,
  audience: string,
): Promise<void> {
  const { provider, client, params } = ctx.oidc;
  const accountId = params.user ?? "";
  if (!SAMPLE_USERS.has(accountId)) throw new errors.InvalidGrant("there is no such sample user");

  const grantId = await new provider.Grant({ accountId, clientId: client.clientId }).save();
  const token = new provider.AccessToken({
    accountId,
    client,
    grantId,
    gty: SAMPLE_USER_GRANT,
    resourceServer: new provider.ResourceServer(RESOURCE, resourceServer(RESOURCE, audience)),
    scope: params.ops === "true" ? OPERATOR_SCOPE : undefined,
  });
  ctx.body = {
    access_token: await token.save(),
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: token.scope,
  };
}

/** Shows the users to pick from, or signs in the one that was picked. */
async function signIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  try {
    const { params } = await provider.interactionDetails(request, response);
    const form = new URLSearchParams(request.method === "POST" ? await text(request) : "");
    const accountId = form.get("user") ?? "";
    if (!SAMPLE_USERS.has(accountId)) {
      response.end(signInPage(asksForSecondFactor(params)));
      return;
    }
    const login = form.has("mfa")
      ? { accountId, amr: [...WITH_SECOND_FACTOR], acr: SECOND_FACTOR_ACR }
      : { accountId, amr: [...PASSWORD_ONLY] };
    await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  } catch (error) {
    const known = error instanceof errors.OIDCProviderError;
    if (!known) console.error(error);
    response.statusCode = known ? error.statusCode : 500;
    response.end(errorPage(known ? (error.error_description ?? error.error) : "Something went wrong."));
  }
}
