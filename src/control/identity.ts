import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
} from "jose";
import { z } from "zod";
import { MFA_MAX_AGE_S } from "../core/error-response.ts";
import { isCanonicalJwt } from "../core/jwt-form.ts";
import { ORG_ID, type VaultRoles } from "../core/organization.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import { Remembered } from "../state/remembered.ts";

/** The scope of a token that lets operators cut off anybody's keys. */
export const OPERATOR_SCOPE = "portcullis:ops";

/** Asymmetric signatures only: with an HMAC the published key would be the secret. */
const ALGORITHMS = [
  "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519",
]; // prettier-ignore
/** Types of an access token; an absent one is common among providers (RFC 9068 section 2.1 names `at+jwt`). */
const TOKEN_TYPES = [undefined, "jwt", "at+jwt", "application/at+jwt"];
/** Seconds by which the provider's clock may run ahead or behind. */
const CLOCK_TOLERANCE_S = 30;
/** The provider is asked again after ten minutes, and for an unknown `kid` at most once a minute. */
const PROVIDER_MAX_AGE_MS = 600_000;
/** One that does not answer is asked again after this; what is known of it goes on counting. */
const PROVIDER_RETRY_MS = 10_000;
const JWKS_COOLDOWN_MS = 60_000;
const FETCH_TIMEOUT_MS = 5000;

const Claims = z.object({
  sub: z.string().min(1).max(255),
  org_id: z.string().regex(ORG_ID),
  iat: z.number(),
  name: z.string().optional(),
  email: z.string().optional(),
  roles: z.array(z.string()).default([]),
  vault_roles: z.record(z.string(), z.array(z.string())).default({}),
  amr: z.array(z.string()).default([]),
  auth_time: z.number().optional(),
  scope: z.string().default(""),
});

/** Who a verified identity token speaks for. */
export interface Identity {
  readonly subject: string;
  readonly orgId: string;
  readonly name: string;
  readonly email: string | null;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
  /** OAuth scopes of the token. */
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Whether a second factor was used within the last {@link MFA_MAX_AGE_S} seconds. */
  readonly freshMfa: boolean;
}

/** Verifies access tokens of the identity provider, by the keys that its discovery document names. */
export class IdentityVerifier {
  readonly #issuer: string;
  readonly #audience: string;
  readonly #keys = new Remembered(() => this.#discover(), {
    maxAgeMs: PROVIDER_MAX_AGE_MS,
    retryMs: PROVIDER_RETRY_MS,
  });

  constructor(issuer: string, audience: string) {
    this.#issuer = issuer;
    this.#audience = audience;
  }

  /** Verifies the `Authorization` header of a request at `now`, in milliseconds since the epoch. */
  async verify(authorization: string | null, now: number): Promise<Identity | Refusal> {
    if (!authorization) return refuse("credential_missing");
    const token = /^bearer +([\w.-]+)$/i.exec(authorization)?.[1];
    if (token === undefined || !plausible(token, this.#issuer)) return refuse("identity_token_invalid");
    let payload: JWTPayload;
    try {
      const keys = await this.#keys.get(now);
      ({ payload } = await jwtVerify(token, keys, {
        issuer: this.#issuer,
        audience: this.#audience,
        algorithms: ALGORITHMS,
        requiredClaims: ["exp", "iat", "aud", "iss", "sub"],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(now),
      }));
    } catch (error) {
      return isTokenFault(error)
        ? refuse("identity_token_invalid", { reason: String(error) })
        : refuse("identity_provider_unavailable", {
            retryAfter: PROVIDER_RETRY_MS / 1000,
            reason: String(error),
          });
    }
    return readClaims(payload, now);
  }

  async #discover(): Promise<ProviderKeys> {
    const response = await fetch(`${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`The discovery document answers ${response.status}`);
    const metadata = Discovery.parse(await response.json());
    if (metadata.issuer !== this.#issuer) throw new Error("The discovery document is of another issuer");
    const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), {
      cooldownDuration: JWKS_COOLDOWN_MS,
      timeoutDuration: FETCH_TIMEOUT_MS,
      cacheMaxAge: Infinity,
    });
    await keys.reload();
    return keys;
  }
}

type ProviderKeys = ReturnType<typeof createRemoteJWKSet>;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Whether the token could be one of ours by its form, header and issuer; one that could not is refused without any fetch. */
function plausible(token: string, issuer: string): boolean {
  if (!isCanonicalJwt(token)) return false;
  try {
    const { alg, typ, kid } = decodeProtectedHeader(token);
    return (
      alg !== undefined &&
      ALGORITHMS.includes(alg) &&
      TOKEN_TYPES.includes(typ?.toLowerCase()) &&
      (kid === undefined || typeof kid === "string") &&
      decodeJwt(token).iss === issuer
    );
  } catch {
    return false;
  }
}

/** A provider that answers with anything but keys is a provider at fault, not a token. */
function isTokenFault(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== "ERR_JOSE_GENERIC"
  );
}

function readClaims(payload: JWTPayload, now: number): Identity | Refusal {
  // An ID token says who signed in to a client; it is no permission to call an API (OpenID Connect Core section 2).
  if ("nonce" in payload || "at_hash" in payload || "c_hash" in payload) {
    return refuse("identity_token_invalid", { reason: "An ID token" });
  }
  const parsed = Claims.safeParse(payload);
  if (!parsed.success) return refuse("identity_token_invalid", { reason: z.prettifyError(parsed.error) });
  const claims = parsed.data;
  if (claims.iat * 1000 > now + CLOCK_TOLERANCE_S * 1000) {
    return refuse("identity_token_invalid", { reason: "Issued in the future" });
  }
  return {
    subject: claims.sub,
    orgId: claims.org_id,
    name: claims.name ?? claims.sub,
    email: claims.email ?? null,
    roles: claims.roles.toSorted(),
    vaultRoles: sorted(claims.vault_roles),
    scopes: claims.scope.split(" "),
    issuedAt: claims.iat * 1000,
    freshMfa: claims.amr.includes("mfa") && isFresh(claims.auth_time, now),
  };
}

function isFresh(authTime: number | undefined, now: number): boolean {
  if (authTime === undefined) return false;
  const ageMs = now - authTime * 1000;
  return ageMs <= MFA_MAX_AGE_S * 1000 && ageMs >= -CLOCK_TOLERANCE_S * 1000;
}

/** The same roles in one order, so that a reordered claim is no change. */
function sorted(vaultRoles: VaultRoles): VaultRoles {
  const entries = Object.entries(vaultRoles).map(([vault, roles]) => [vault, roles.toSorted()] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
