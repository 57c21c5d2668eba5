import { createRemoteJWKSet, customFetch } from "jose";
import * as oauth from "oauth4webapi";
import { isRefusal } from "../../core/refusal.ts";
import { readAtMost } from "../../core/http/body.ts";
import { type AuthorizeParameters, isSafeEndpoint, issuerTemplate } from "../../core/identity/settings.ts";
import { verifySignature } from "../../core/token/verify-signature.ts";
import { CLOCK_TOLERANCE_S, MFA_MAX_AGE_S } from "../../core/token-times.ts";
import type { Config } from "../../settings.ts";
import { CachedValue } from "../../state/cached-value.ts";
import { signOutUrl } from "./sign-out-url.ts";
import { claimsOf, readTokenAnswer } from "./token-answer.ts";
import { type SignInResult, attempt, deniedIfEnded, missing, refuseAnswer } from "./provider-refusals.ts";
import { type Tokens, tokensOf } from "./tokens.ts";

/** The provider's metadata are read again after ten minutes. */
const METADATA_MAX_AGE_MS = 600_000;

/** A provider that does not tell them is asked again after this, however many people want to sign in. */
export const METADATA_RETRY_MS = 10_000;

const FETCH_TIMEOUT_MS = 5000;

/** Room for the tokens of any session, and for thousands of keys with their certificates. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/** What has to be the same when the provider leads back. */
export interface Transaction {
  readonly state: string;
  readonly nonce: string;
  /** The PKCE code verifier (RFC 7636). */
  readonly verifier: string;
  /** Whether a second factor is asked for. */
  readonly stepUp: boolean;
  /** Whether the whole sign-in is asked for anew, however good the provider's own session is. */
  readonly anew: boolean;
}

export function newTransaction({ stepUp, anew }: Pick<Transaction, "stepUp" | "anew">): Transaction {
  return {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    stepUp,
    anew,
  };
}

/** The OpenID provider that signs people in, and this deployment as its client. */
export class Provider {
  readonly #config: Config;
  readonly #client: oauth.Client;
  readonly #options: {
    readonly signal: () => AbortSignal;
    [oauth.allowInsecureRequests]: boolean;
    readonly [oauth.customFetch]: typeof fetchAtMost;
  };
  /** The provider's keys, by their address. */
  readonly #keys = new Map<string, ReturnType<typeof createRemoteJWKSet>>();
  readonly #metadata = new CachedValue(() => this.#discover(), {
    maxAgeMs: METADATA_MAX_AGE_MS,
    retryMs: METADATA_RETRY_MS,
  });

  constructor(config: Config) {
    this.#config = config;
    this.#client = { client_id: config.client.id, [oauth.clockTolerance]: CLOCK_TOLERANCE_S };
    this.#options = {
      signal: () => AbortSignal.timeout(FETCH_TIMEOUT_MS),
      // Plain HTTP where the operator has named such an issuer: the local provider.
      [oauth.allowInsecureRequests]: config.identity.issuer.startsWith("http:"),
      [oauth.customFetch]: fetchAtMost,
    };
  }

  /** What people know the provider by. */
  get host(): string {
    return new URL(this.#config.identity.issuer).host;
  }

  /** Where to send somebody to sign in (OpenID Connect Core 3.1.2.1, RFC 7636, RFC 9470 section 4). */
  async authorizationUrl(transaction: Transaction, redirectUri: string): Promise<SignInResult<URL>> {
    const server = await this.#server();
    if (isRefusal(server)) return server;
    const { authorization_endpoint: endpoint = "" } = server;
    if (!isSafeEndpoint(endpoint, this.#config.identity)) return missing("safe authorization_endpoint");
    const { id, scope, resource, authorizeParams, mfaRequest } = this.#config.client;
    const url = new URL(endpoint);
    const parameters: AuthorizeParameters = {
      ...authorizeParams,
      client_id: id,
      response_type: "code",
      redirect_uri: redirectUri,
      scope,
      state: transaction.state,
      nonce: transaction.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(transaction.verifier),
      code_challenge_method: "S256",
      ...(resource !== null && { resource }),
      // Asks for the password, too: only where the provider's own session did not do.
      ...(transaction.anew && { prompt: "login" }),
      ...(transaction.stepUp && { max_age: `${MFA_MAX_AGE_S}`, ...mfaRequest }),
    };
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== null) url.searchParams.set(name, value);
    }
    return url;
  }

  /** Turns the answer that the provider has sent along into tokens. */
  async redeem(callback: URL, transaction: Transaction, redirectUri: string): Promise<SignInResult<Tokens>> {
    const server = await this.#server();
    if (isRefusal(server)) return server;
    return attempt(async () => {
      const answer = oauth.validateAuthResponse(server, this.#client, callback, transaction.state);
      const tokens = await oauth
        .authorizationCodeGrantRequest(
          server,
          this.#client,
          this.#authentication(server),
          answer,
          redirectUri,
          transaction.verifier,
          { ...this.#options, ...this.#tokenParameters() },
        )
        .then((response) => readTokenAnswer(response, Date.now()));
      if (isRefusal(tokens)) return tokens;
      const { response, idToken } = tokens;
      const issuing = this.#issuing(server, idToken);
      const result = await oauth.processAuthorizationCodeResponse(issuing, this.#client, response, {
        expectedNonce: transaction.nonce,
        requireIdToken: true,
      });
      await this.#verifySignature(server, idToken ?? "");
      return tokensOf(result, idToken, null);
    });
  }

  /** Gets new tokens without asking anybody (RFC 6749 section 6). `access_withdrawn`: the person is to sign in again. */
  async refresh(tokens: Tokens & { readonly refreshToken: string }): Promise<SignInResult<Tokens>> {
    const server = await this.#server();
    if (isRefusal(server)) return server;
    return attempt(async () => {
      const answer = await oauth
        .refreshTokenGrantRequest(server, this.#client, this.#authentication(server), tokens.refreshToken, {
          ...this.#options,
          ...this.#tokenParameters(),
        })
        .then((response) => readTokenAnswer(response, Date.now()));
      if (isRefusal(answer)) return answer;
      const { response, idToken } = answer;
      const issuing = this.#issuing(server, idToken);
      const result = await oauth
        .processRefreshTokenResponse(issuing, this.#client, response)
        .catch(deniedIfEnded);
      if (isRefusal(result)) return result;
      if (idToken !== null) await this.#verifySignature(server, idToken);
      const renewed = tokensOf(result, idToken, tokens);
      // OpenID Connect Core 12.2: an ID token that comes along is of the same person.
      if (renewed.subject === tokens.subject) return renewed;
      return refuseAnswer("The new ID token is somebody else's.");
    });
  }

  /** Ends what the session could still ask the provider for (RFC 7009), if the provider has a place for that. */
  async revoke({ refreshToken }: Pick<Tokens, "refreshToken">): Promise<SignInResult<void>> {
    if (refreshToken === null) return;
    const server = await this.#server();
    if (isRefusal(server)) return server;
    if (server.revocation_endpoint === undefined) return;
    return attempt(async () => {
      const response = await oauth.revocationRequest(
        server,
        this.#client,
        this.#authentication(server),
        refreshToken,
        { ...this.#options, additionalParameters: { token_type_hint: "refresh_token" } },
      );
      await oauth.processRevocationResponse(response);
    });
  }

  /** Where signing out goes on, or `null` if the provider has no such place. */
  async signOutUrl(idToken: string, returnUri: string): Promise<URL | null> {
    const server = await this.#server();
    if (isRefusal(server)) return null;
    const { end_session_endpoint: end = null } = server;
    if (end !== null && !isSafeEndpoint(end, this.#config.identity)) return null;
    return signOutUrl(server, { clientId: this.#client.client_id, idToken, returnUri });
  }

  async #server(): Promise<SignInResult<oauth.AuthorizationServer>> {
    const server = await attempt(() => this.#metadata.get(Date.now()));
    return isRefusal(server) ? { ...server, code: "identity_provider_unavailable" } : server;
  }

  async #discover(): Promise<oauth.AuthorizationServer> {
    const { issuer } = this.#config.identity;
    const response = await oauth.discoveryRequest(new URL(issuer), { ...this.#options, algorithm: "oidc" });
    const template = issuerTemplate(issuer);
    if (template === null) return oauth.processDiscoveryResponse(new URL(issuer), response);
    const server = await response.json<oauth.AuthorizationServer>();
    if (server.issuer === template) return server;
    throw new Error(`The discovery document is of another issuer: ${server.issuer}`);
  }

  /** The server as the issuer of the ID token in its answer: where it stands for many tenants, each signs as itself. */
  #issuing(server: oauth.AuthorizationServer, idToken: string | null): oauth.AuthorizationServer {
    const template = issuerTemplate(this.#config.identity.issuer);
    if (template === null || idToken === null) return server;
    return { ...server, issuer: template.replace("{tenantid}", tenantOf(idToken)) };
  }

  /** Throws unless the provider has signed an ID token whose header and claims are known to be right. */
  async #verifySignature({ jwks_uri: url = "" }: oauth.AuthorizationServer, idToken: string): Promise<void> {
    let keys = this.#keys.get(url);
    if (keys === undefined) {
      if (!isSafeEndpoint(url, this.#config.identity))
        throw new Error(`The provider's metadata name no safe jwks_uri: ${url}`);
      keys = createRemoteJWKSet(new URL(url), {
        timeoutDuration: FETCH_TIMEOUT_MS,
        cacheMaxAge: METADATA_MAX_AGE_MS,
        [customFetch]: fetchAtMost,
      });
      this.#keys.clear();
      this.#keys.set(url, keys);
    }
    await verifySignature(idToken, keys);
  }

  #authentication(server: oauth.AuthorizationServer): oauth.ClientAuth {
    const { secret } = this.#config.client;
    if (secret === null) return oauth.None();
    // Basic where nothing is said (OpenID Connect Discovery 1.0 section 3).
    const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    return methods.includes("client_secret_basic")
      ? oauth.ClientSecretBasic(secret)
      : oauth.ClientSecretPost(secret);
  }

  #tokenParameters(): { additionalParameters?: Record<string, string> } {
    const { resource } = this.#config.client;
    return resource === null ? {} : { additionalParameters: { resource } };
  }
}

/** Empty where the token says none, which no issuer's name is made of. */
function tenantOf(idToken: string): string {
  const tid = claimsOf(idToken)?.["tid"];
  return typeof tid === "string" ? tid : "";
}

/** What the provider answers, unless it is longer than an isolate has room for. */
async function fetchAtMost(
  url: string,
  { body = null, ...options }: Omit<RequestInit, "body"> & { readonly body?: BodyInit | null | undefined },
): Promise<Response> {
  const response = await fetch(url, { ...options, body });
  if (response.body === null) return response;
  const bytes = await readAtMost(response.body, MAX_ANSWER_BYTES);
  if (isRefusal(bytes)) throw new Error(`${url} answers more than ${MAX_ANSWER_BYTES} bytes, or breaks off`);
  return new Response(bytes, response);
}
