import type { Context } from "hono";
import { z } from "@hono/zod-openapi";
import { problemOf, refuse, type Refusal } from "../../core/refusal.ts";
import { REFUSALS, typeOf, type RefusalType } from "../../core/refusal-table.ts";
import type { ControlEnv } from "../context.ts";

/** Error codes of RFC 6749 section 5.2, and of section 4.1.2.1 for what has gone wrong here. */
const OAUTH_ERRORS = [
  "invalid_request",
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "temporarily_unavailable",
  "server_error",
] as const;

type OAuthErrorCode = (typeof OAUTH_ERRORS)[number];

/** A client whose key does not count is 401, one whose key may not be used like this is not. */
const BY_TYPE: Readonly<Record<RefusalType, OAuthErrorCode>> = {
  invalid_request: "invalid_request",
  unauthorized: "invalid_client",
  forbidden: "unauthorized_client",
  not_found: "invalid_request",
  rate_limited: "temporarily_unavailable",
  internal_error: "temporarily_unavailable",
};
/** Parameters that have an error of their own. */
const BY_FIELD: Readonly<Record<string, OAuthErrorCode>> = {
  grant_type: "unsupported_grant_type",
  scope: "invalid_scope",
  vaults: "invalid_scope",
};
/** Statuses that are kept; all others become 400 (RFC 6749 section 5.2). */
const STATUSES = [401, 405, 413, 429, 500, 503] as const;

export const OAuthErrorSchema = z
  .object({ error: z.enum(OAUTH_ERRORS), error_description: z.string() })
  .openapi("OAuthError");

/** A form that is not one of OAuth. The problem is ASCII without quotes and backslashes (RFC 6749 section 5.2). */
export function invalidForm(problem: string): Refusal {
  return refuse("invalid_request", { details: { problem } });
}

/** Something that the answer depends on cannot be asked: nothing is confirmed without it. */
export function unavailable(error: unknown): Refusal {
  return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
}

/** A refusal in the form of RFC 6749 section 5.2; the log keeps our own code as the reason. */
export function oauthErrorResponse(c: Context<ControlEnv>, refusal: Refusal): Response {
  const { allow, retryAfter } = refusal;
  const error = errorOf(refusal);
  const status = STATUSES.find((each) => each === REFUSALS[refusal.code].status);
  c.set("oauthError", { code: error, reason: refusal.reason ?? refusal.code });
  if (status === 401) c.header("WWW-Authenticate", `Basic realm="portcullis", charset="UTF-8"`);
  if (retryAfter !== undefined) c.header("Retry-After", `${retryAfter}`);
  if (allow !== undefined) c.header("Allow", allow);
  return c.json({ error, error_description: problemOf(refusal) }, status ?? 400);
}

function errorOf({ code, details }: Refusal): OAuthErrorCode {
  if (code === "internal_error") return "server_error";
  return BY_FIELD[String(details?.["field"])] ?? BY_TYPE[typeOf(code)];
}
