import * as oauth from "oauth4webapi";
import { freshnessOf } from "../../core/token-times.ts";
import { refuseAnswer, type AnswerRefusal } from "./provider-refusals.ts";

/** Claims of an ID token that say how and when the person signed in. */
const SIGN_IN_CLAIMS = ["amr", "acr", "acrs", "auth_time"];

/** A token of which the provider does not say how long it lasts (RFC 6749 section 5.1 only recommends it). */
const DEFAULT_LIFETIME_S = 300;

/** Of one that lasts less than this, people would spend their time signing in. The API goes by the token's own `exp`. */
const MIN_LIFETIME_S = 60;

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
 * Why nobody can have used a second factor just now, by the time of their sign-in; `null` if they may have. Tokens without
 * a time are not refused here: the control API decides.
 */
export function staleness({ signIn }: Tokens, now: number): AnswerRefusal | null {
  const { auth_time: time } = signIn;
  const freshness = typeof time === "number" ? freshnessOf(time, now) : "fresh";
  if (freshness === "fresh") return null;
  return refuseAnswer(
    freshness === "too long ago"
      ? "It was asked for a new sign-in with a second factor, and tells of an old one."
      : "It says that you signed in at a time that is yet to come.",
  );
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
    expiresAt: Date.now() + Math.max(result.expires_in ?? DEFAULT_LIFETIME_S, MIN_LIFETIME_S) * 1000,
  };
}

function signInOf(claims: oauth.IDToken): Record<string, unknown> {
  return Object.fromEntries(
    SIGN_IN_CLAIMS.filter((name) => name in claims).map((name) => [name, claims[name]]),
  );
}
