import type { AuthorizationServer } from "oauth4webapi";

interface SignOut {
  readonly clientId: string;
  readonly idToken: string;
  /** Where the provider is to lead back. */
  readonly returnUri: string;
}

/** Servers take request lines of 8 KiB; without the hint the provider asks whom to sign out. */
const MAX_HINT_LENGTH = 6000;

/** Where the provider ends its own session, or `null` if it has no such place: Google and WorkOS have none. */
export function signOutUrl(server: AuthorizationServer, signOut: SignOut): URL | null {
  const cognito = cognitoEndpoint(server);
  if (cognito !== null) return withCognitoParameters(cognito, signOut);
  if (server.end_session_endpoint !== undefined) {
    return withStandardParameters(new URL(server.end_session_endpoint), signOut);
  }
  const auth0 = auth0Endpoint(server);
  return auth0 === null ? null : withAuth0Parameters(auth0, signOut);
}

/** OpenID Connect RP-Initiated Logout 1.0 section 2. */
function withStandardParameters(url: URL, { clientId, idToken, returnUri }: SignOut): URL {
  if (idToken.length <= MAX_HINT_LENGTH) url.searchParams.set("id_token_hint", idToken);
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("post_logout_redirect_uri", returnUri);
  return url;
}

/** "The managed login sign-out endpoint: /logout" of Amazon Cognito's developer guide. */
function withCognitoParameters(url: URL, { clientId, returnUri }: SignOut): URL {
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("logout_uri", returnUri);
  return url;
}

/** "Log Users Out of Auth0" of Auth0's documentation. */
function withAuth0Parameters(url: URL, { clientId, returnUri }: SignOut): URL {
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("returnTo", returnUri);
  return url;
}

const COGNITO_HOST = /^cognito-idp\.[\w-]+\.amazonaws\.com(\.cn)?$/;

/**
 * Cognito's `/logout`, which knows none of the standard's parameters though discovery may name it as the standard's
 * endpoint. Cognito is known by its issuer, or behind another name by the paths that its documents have.
 */
function cognitoEndpoint(server: AuthorizationServer): URL | null {
  const { authorization_endpoint: authorize, end_session_endpoint: end, jwks_uri: keys } = server;
  if (authorize === undefined) return null;
  const url = new URL("/logout", authorize);
  if (COGNITO_HOST.test(new URL(server.issuer).host)) return url;
  const isLike =
    new URL(authorize).pathname === "/oauth2/authorize" &&
    keys?.endsWith("/.well-known/jwks.json") === true &&
    (end === undefined || end === url.href);
  return isLike ? url : null;
}

/** Auth0's `/v2/logout`, for tenants whose discovery does not name the standard's endpoint. */
function auth0Endpoint(server: AuthorizationServer): URL | null {
  const isAuth0 = new URL(server.issuer).host.endsWith(".auth0.com") || "mfa_challenge_endpoint" in server;
  return isAuth0 ? new URL("/v2/logout", server.issuer) : null;
}
