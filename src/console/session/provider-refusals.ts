import { errors } from "jose";
import * as oauth from "oauth4webapi";
import { type Refusal, type Result, refuse } from "../../core/refusal.ts";

/** Why nobody is signed in, or whether a session goes on cannot be told; the reason is for the log. */
export type SignInRefusal = Refusal<
  /** The provider, or the person there, said no. */
  | "access_withdrawn"
  /** The provider's answer is not accepted. */
  | "identity_token_invalid"
  | "identity_provider_unavailable"
  /** The session cannot be checked. */
  | "admission_unavailable"
  /** There is no such sign-in in this browser, or not any more. */
  | "not_found"
>;

export type SignInResult<T> = Result<T, SignInRefusal>;

/** The provider's answer is not accepted, with a sentence for the person who wants to sign in. */
export type AnswerRefusal = Refusal<"identity_token_invalid">;

export function refuseAnswer(problem: string, reason: string = problem): AnswerRefusal {
  return refuse("identity_token_invalid", { reason, details: { problem } });
}

export async function attempt<T>(act: () => Promise<SignInResult<T>>): Promise<SignInResult<T>> {
  try {
    return await act();
  } catch (error) {
    const [code, reason] = [codeOf(error), reasonOf(error)];
    return code === "identity_token_invalid"
      ? refuseAnswer(problemIn(error), reason)
      : refuse(code, { reason });
  }
}

/** Errors with which a provider says that it is in trouble itself (RFC 6749 section 4.1.2.1). */
const PROVIDER_TROUBLE = ["server_error", "temporarily_unavailable"];

/**
 * Errors with which a provider ends what a refresh token stands for (RFC 6749 section 5.2): the person has left or lost
 * their access, the token was revoked, or they have to show themselves again, as Entra says it.
 */
const SIGN_IN_ENDED = ["invalid_grant", "access_denied", "interaction_required"];

/** Errors of a key set that cannot be fetched or read. */
const KEYS_MISSING = ["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"];

function codeOf(error: unknown): SignInRefusal["code"] {
  if (error instanceof oauth.AuthorizationResponseError) {
    return PROVIDER_TROUBLE.includes(error.error) ? "identity_provider_unavailable" : "access_withdrawn";
  }
  if (error instanceof oauth.ResponseBodyError && isTrouble(error)) return "identity_provider_unavailable";
  if (error instanceof errors.JOSEError) {
    return KEYS_MISSING.includes(error.code) ? "identity_provider_unavailable" : "identity_token_invalid";
  }
  const answered =
    error instanceof oauth.ResponseBodyError ||
    error instanceof oauth.WWWAuthenticateChallengeError ||
    error instanceof oauth.UnsupportedOperationError ||
    (error instanceof oauth.OperationProcessingError && error.code !== oauth.RESPONSE_IS_NOT_CONFORM);
  return answered ? "identity_token_invalid" : "identity_provider_unavailable";
}

/** Whether a token endpoint says that it may be asked again: it is in trouble, or has been asked too often (RFC 6585). */
function isTrouble({ status, error }: oauth.ResponseBodyError): boolean {
  return status === 429 || status >= 500 || PROVIDER_TROUBLE.includes(error);
}

export function deniedIfEnded(error: unknown): SignInRefusal {
  if (error instanceof oauth.ResponseBodyError && SIGN_IN_ENDED.includes(error.error)) {
    return refuse("access_withdrawn", { reason: reasonOf(error) });
  }
  throw error;
}

/** What was wrong, as a sentence for the person: messages of the libraries name a claim or a header, and hold no token. */
function problemIn(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) {
    const code = /^[\w.-]{1,64}$/.exec(error.error)?.[0];
    return code === undefined ? "It refused the code." : `It refused the code: ${code}.`;
  }
  return error instanceof Error ? `${error.message}.` : "";
}

/** Messages of the library name what was wrong and hold no token; OAuth errors are named by the provider. */
function reasonOf(error: unknown): string {
  const oauthError =
    error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError
      ? ` (${error.error}: ${error.error_description ?? ""})`
      : "";
  return `${String(error)}${oauthError}`;
}

export function missing(name: string): SignInRefusal {
  return refuse("identity_provider_unavailable", { reason: `The provider's metadata name no ${name}` });
}
