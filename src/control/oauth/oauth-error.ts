import type { Context } from "hono";
import { z } from "zod";
import { REFUSALS, type Refusal } from "../../core/refusal.ts";
import type { ControlEnv } from "../endpoint.ts";

/** Error codes of RFC 6749 section 5.2, and of section 4.1.2.1 for what has gone wrong here. */
export const OAUTH_ERRORS = [
  "invalid_request",
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "temporarily_unavailable",
  "server_error",
] as const;

/** A refusal in the form of OAuth. Like other refusals it is returned, not thrown. */
export interface OAuthError {
  readonly oauthError: (typeof OAUTH_ERRORS)[number];
  /** For the developer of the client; ASCII without quotes and backslashes (RFC 6749 section 5.2). */
  readonly description: string;
  readonly status: 400 | 401 | 405 | 413 | 429 | 500 | 503;
  /** Whole seconds, at least 1; for 429 and 503. */
  readonly retryAfter?: number;
  /** For the operator's log alone. */
  readonly reason?: string;
}

export const OAuthErrorSchema = z
  .object({ error: z.enum(OAUTH_ERRORS), error_description: z.string() })
  .openapi("OAuthError");

export function oauthError(
  error: OAuthError["oauthError"],
  description: string,
  extra: Partial<Pick<OAuthError, "status" | "retryAfter" | "reason">> = {},
): OAuthError {
  const status = error === "invalid_client" ? 401 : 400;
  return { oauthError: error, description, status, ...extra };
}

export function isOAuthError(outcome: object): outcome is OAuthError {
  return "oauthError" in outcome;
}

/** A client whose key does not count, for the reason that the gateway would give it. */
export function invalidClient(refusal: Refusal): OAuthError {
  return oauthError("invalid_client", REFUSALS[refusal.code].message, { reason: refusal.code });
}

/** Something that the answer depends on cannot be asked: nothing is confirmed without it. */
export function unavailable(error: unknown): OAuthError {
  return oauthError("temporarily_unavailable", "The key's state cannot be confirmed at the moment.", {
    status: 503,
    retryAfter: 1,
    reason: String(error),
  });
}

/** The refusal of an address that keeps failing. */
export function tooManyFailures({ retryAfter = 1 }: Refusal): OAuthError {
  return oauthError("temporarily_unavailable", REFUSALS.too_many_failures.message, {
    status: 429,
    retryAfter,
    reason: "too_many_failures",
  });
}

/** The answer that tells a client what went wrong, and leaves it for the log. */
export function oauthErrorResponse(c: Context<ControlEnv>, error: OAuthError): Response {
  const { status, retryAfter, reason } = error;
  c.set("oauthError", { code: error.oauthError, ...(reason !== undefined && { reason }) });
  if (status === 401) c.header("WWW-Authenticate", `Basic realm="portcullis", charset="UTF-8"`);
  if (retryAfter !== undefined) c.header("Retry-After", `${retryAfter}`);
  if (status === 405) c.header("Allow", "POST");
  return c.json({ error: error.oauthError, error_description: error.description }, status);
}
