import * as oauth from "oauth4webapi";
import { MFA_MAX_AGE_S } from "../../core/http/error-response.ts";

/** Claims of an ID token that say how and when the person signed in. */
const SIGN_IN_CLAIMS = ["amr", "acr", "acrs", "auth_time"];

/** Seconds by which the provider's clock may be behind. */
const CLOCK_TOLERANCE_S = 30;

/** A token of which the provider does not say how long it lasts (RFC 6749 section 5.1 only recommends it). */
const DEFAULT_LIFETIME_S = 300;

/** What a sign-in brings. */
export interface Tokens {
  /** Who signed in: the ID token's `sub`. */
  readonly subject: string;
  readonly accessToken: string;
  readonly idToken: string;
  /** What the ID token says of how and when the person signed in. */
  readonly signIn: Readonly<Record<string, unknown>>;
  readonly refreshToken: string | null;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Whether somebody signed in too long ago for a second factor to be fresh. Tokens without a time are not too old here: the
 * control API decides.
 */
export function isStale({ signIn }: Tokens): boolean {
  const { auth_time: time } = signIn;
  return typeof time === "number" && time + MFA_MAX_AGE_S < Date.now() / 1000 - CLOCK_TOLERANCE_S;
}

/** What a refresh leaves out stays as it was. */
export function tokensOf(
  result: oauth.TokenEndpointResponse,
  idToken: string | null,
  before: Tokens | null,
): Tokens {
  const claims = oauth.getValidatedIdTokenClaims(result);
  return {
    subject: claims?.sub ?? before?.subject ?? "",
    signIn: { ...before?.signIn, ...(claims && signInOf(claims)) },
    accessToken: result.access_token,
    idToken: idToken ?? before?.idToken ?? "",
    refreshToken: result.refresh_token ?? before?.refreshToken ?? null,
    expiresAt: Date.now() + (result.expires_in ?? DEFAULT_LIFETIME_S) * 1000,
  };
}

function signInOf(claims: oauth.IDToken): Record<string, unknown> {
  return Object.fromEntries(
    SIGN_IN_CLAIMS.filter((name) => name in claims).map((name) => [name, claims[name]]),
  );
}
