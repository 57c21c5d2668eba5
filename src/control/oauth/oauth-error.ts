import type { Context } from "hono";
import { z } from "zod";
import { isFailedAttempt } from "../../core/http/failed-attempt.ts";
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

type Code = (typeof OAUTH_ERRORS)[number];

interface Extra {
  readonly status?: 400 | 401 | 405 | 413 | 429 | 500 | 503;
  /** Whole seconds, at least 1; for 429 and 503. */
  readonly retryAfter?: number;
  /** That the client has shown a right key nevertheless. */
  readonly secretShown?: true;
  /** For the operator's log alone. */
  readonly reason?: string;
}

/** A refusal in the form of OAuth. Like other refusals it is returned, not thrown. */
export class OAuthError {
  readonly code: Code;
  /** For the developer of the client; ASCII without quotes and backslashes (RFC 6749 section 5.2). */
  readonly description: string;
  readonly status: NonNullable<Extra["status"]>;
  readonly retryAfter: number | undefined;
  readonly secretShown: boolean;
  readonly reason: string | undefined;

  constructor(code: Code, description: string, { status, retryAfter, secretShown, reason }: Extra = {}) {
    this.code = code;
    this.description = description;
    this.status = status ?? (code === "invalid_client" ? 401 : 400);
    this.retryAfter = retryAfter;
    this.secretShown = secretShown ?? false;
    this.reason = reason;
  }
}

export const OAuthErrorSchema = z
  .object({ error: z.enum(OAUTH_ERRORS), error_description: z.string() })
  .openapi("OAuthError");

/** A client whose key does not count, for the reason that the gateway would give it. */
export function invalidClient(refusal: Refusal): OAuthError {
  const { code } = refusal;
  return new OAuthError("invalid_client", REFUSALS[code].message, {
    reason: code,
    ...(!isFailedAttempt(refusal) && { secretShown: true }),
  });
}

/** A client whose key is good, and may not be used like this. */
export function unauthorizedClient(code: "ip_not_allowed" | "access_withdrawn"): OAuthError {
  return new OAuthError("unauthorized_client", REFUSALS[code].message, { reason: code });
}

/** Something that the answer depends on cannot be asked: nothing is confirmed without it. */
export function unavailable(error: unknown): OAuthError {
  return new OAuthError("temporarily_unavailable", REFUSALS.admission_unavailable.message, {
    status: 503,
    retryAfter: 1,
    reason: String(error),
  });
}

/** The refusal of an address that keeps failing. */
export function tooManyFailures({ retryAfter = 1 }: Refusal): OAuthError {
  return new OAuthError("temporarily_unavailable", REFUSALS.too_many_failures.message, {
    status: 429,
    retryAfter,
    reason: "too_many_failures",
  });
}

/** The answer that tells a client what went wrong, and leaves it for the log. */
export function oauthErrorResponse(c: Context<ControlEnv>, error: OAuthError): Response {
  const { code, description, status, retryAfter } = error;
  c.set("oauthError", error);
  if (status === 401) c.header("WWW-Authenticate", `Basic realm="portcullis", charset="UTF-8"`);
  if (retryAfter !== undefined) c.header("Retry-After", `${retryAfter}`);
  if (status === 405) c.header("Allow", "POST");
  return c.json({ error: code, error_description: description }, status);
}
