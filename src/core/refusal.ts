/** Every refusal of the gateway and its control API, named once: responses, error pages and OpenAPI read this table. */

export type RefusalType =
  | "invalid_request"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "rate_limited"
  | "internal_error";

interface RefusalEntry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly type: RefusalType;
  /** For the client; generic, never the detail of a failure. */
  readonly message: string;
  /** Why it happens, for the error page. */
  readonly cause: string;
  /** What the reader should do, for the error page. */
  readonly remedy: string;
  /** Whether and when the same request may be sent again. */
  readonly retry: string;
}

const NEVER = "No. The same request will be refused again.";
const AFTER = "Yes, once the seconds in the Retry-After header have passed.";

export const REFUSALS = {
  invalid_path: {
    status: 400,
    type: "invalid_request",
    message: "The path could mean different things to different servers.",
    cause:
      "The path holds an empty, `.` or `..` segment, a backslash, a `;` parameter, a control or non-ASCII byte, a broken percent escape, or an escape of a character that must not be escaped; or the query holds a byte that URLs cannot hold.",
    remedy: "Send the path exactly as the API documents it, without escapes of plain characters.",
    retry: NEVER,
  },
  credential_in_url: {
    status: 400,
    type: "invalid_request",
    message:
      "The URL holds a credential. It has been written to logs on its way: revoke it, and send the new one in the Authorization header.",
    cause:
      "A whole API key or access token stands in the path or the query. URLs are written to logs, histories and `Referer` headers, so it has to be taken for leaked, whether or not it still works. The request was not passed on.",
    remedy:
      "Revoke the credential (its holder can, at `/-/oauth/revoke`), and send its successor as `Authorization: Bearer <API key>`.",
    retry: NEVER,
  },
  invalid_request: {
    status: 400,
    type: "invalid_request",
    message: "The request is not well-formed.",
    cause:
      "The body is not JSON, or a field or parameter is missing, unknown or of the wrong type; or the request itself is broken: its framing, its `Host`, a body where none may be.",
    remedy: "Compare the request with the API's description; `details` says what is meant.",
    retry: NEVER,
  },
  credential_missing: {
    status: 401,
    type: "unauthorized",
    message: "No credential was sent.",
    cause: "The request has no `Authorization` header.",
    remedy:
      "Send `Authorization: Bearer <API key>`. Keys in other headers, in the query or in cookies are not read.",
    retry: NEVER,
  },
  credential_malformed: {
    status: 401,
    type: "unauthorized",
    message: "The Authorization header is not one bearer credential.",
    cause:
      "The header has another scheme, more than one credential, or something that is neither a key nor a token.",
    remedy: "Send exactly one `Authorization: Bearer <API key>` header.",
    retry: NEVER,
  },
  api_key_invalid: {
    status: 401,
    type: "unauthorized",
    message: "The API key is not valid.",
    cause: "The key is mistyped, cut short, or was never issued here.",
    remedy: "Copy the whole key again, prefix and checksum included, or create a new one.",
    retry: NEVER,
  },
  api_key_expired: {
    status: 401,
    type: "unauthorized",
    message: "The API key has expired.",
    cause: "The key's expiry date has passed.",
    remedy: "Rotate the key or create a new one.",
    retry: NEVER,
  },
  api_key_revoked: {
    status: 401,
    type: "unauthorized",
    message: "The API key has been revoked.",
    cause: "The key's owner, an admin or an operator revoked it. That is final.",
    remedy:
      "Create a new key. If you did not expect this, ask your organisation's admin: the key may have leaked.",
    retry: NEVER,
  },
  api_key_disabled: {
    status: 401,
    type: "unauthorized",
    message: "The API key is disabled.",
    cause: "The key's owner or an admin has switched it off.",
    remedy: "Ask the key's owner to enable it.",
    retry: "Yes, after the key has been enabled.",
  },
  access_token_invalid: {
    status: 401,
    type: "unauthorized",
    message: "The access token is not valid.",
    cause: "The token was not signed here, was altered, or is not an access token for this gateway.",
    remedy: "Get a new token from `/-/oauth/token`.",
    retry: NEVER,
  },
  access_token_expired: {
    status: 401,
    type: "unauthorized",
    message: "The access token has expired.",
    cause: "The token's lifetime is over.",
    remedy: "Get a new token from `/-/oauth/token`.",
    retry: "Yes, with a new token.",
  },
  identity_token_invalid: {
    status: 401,
    type: "unauthorized",
    message: "The identity token is missing or not valid.",
    cause:
      "The control API takes an access token of the identity provider. This one is missing, expired, signed by somebody else, or meant for another audience.",
    remedy: "Sign in again and send `Authorization: Bearer <access token>`.",
    retry: "Yes, with a new token.",
  },
  mfa_required: {
    status: 401,
    type: "unauthorized",
    message: "This needs a fresh second factor.",
    cause: "The sign-in used no second factor, or it was more than five minutes ago.",
    remedy: "Sign in again with a second factor, then repeat the request.",
    retry: "Yes, with a token from the new sign-in.",
  },
  signature_invalid: {
    status: 401,
    type: "unauthorized",
    message: "The signature of the report does not verify.",
    cause: "The body was altered, or was not signed with a key that the sender publishes.",
    remedy: "Sign the raw body with a current key.",
    retry: NEVER,
  },
  ip_not_allowed: {
    status: 403,
    type: "forbidden",
    message: "This key may not be used from this address.",
    cause: "The key has a list of allowed addresses, and the request came from outside it.",
    remedy: "Call from an allowed network, or have the key's owner add the address.",
    retry: "Yes, after the address has been allowed; the change works at once.",
  },
  insufficient_scope: {
    status: 403,
    type: "forbidden",
    message: "The credential lacks a scope that this operation needs.",
    cause: "None of the credential's scopes allows this action.",
    remedy: "Have the key's owner add the scope that the `WWW-Authenticate` header names.",
    retry: "Yes, after the scope has been added; the change works at once.",
  },
  access_withdrawn: {
    status: 403,
    type: "forbidden",
    message: "The key's owner no longer holds a role that this key needs.",
    cause: "A key never sees more than its owner may at that moment, and the owner's roles were taken away.",
    remedy: "Have an admin restore the owner's role, or use a key of another owner.",
    retry: "Yes, after the role has been restored.",
  },
  role_required: {
    status: 403,
    type: "forbidden",
    message: "You do not hold the role that this needs.",
    cause:
      "Creating keys takes the Developer role on a vault; managing an organisation takes the admin role; operating the gateway takes a token with the scope `portcullis:ops`.",
    remedy: "Ask an admin of your organisation for the role.",
    retry: "Yes, after the role has been granted.",
  },
  not_found: {
    status: 404,
    type: "not_found",
    message: "Not found.",
    cause:
      "There is no such operation or resource, or this credential may not see it. The answer does not tell which.",
    remedy: "Check the method, the path and the id, and which vaults the credential covers.",
    retry: NEVER,
  },
  method_not_allowed: {
    status: 405,
    type: "invalid_request",
    message: "This method is not allowed here.",
    cause: "The path exists, but not with this method.",
    remedy: "Use one of the methods in the `Allow` header.",
    retry: NEVER,
  },
  key_limit_reached: {
    status: 409,
    type: "invalid_request",
    message: "The owner has as many keys as allowed.",
    cause: "Keys that are neither revoked nor expired count towards the limit.",
    remedy: "Revoke a key that is no longer needed, then try again.",
    retry: "Yes, after a key has been revoked.",
  },
  not_bootstrapped: {
    status: 409,
    type: "invalid_request",
    message: "The organisation has not been set up.",
    cause: "Keys can be created once an admin has bootstrapped the organisation.",
    remedy: "Have an admin send `POST /-/organization/bootstrap`, once.",
    retry: "Yes, after that.",
  },
  already_exists: {
    status: 409,
    type: "invalid_request",
    message: "It exists already.",
    cause: "What the request would create is there.",
    remedy: "Read it instead, or choose another name.",
    retry: NEVER,
  },
  version_conflict: {
    status: 412,
    type: "invalid_request",
    message: "It has changed since you read it.",
    cause: "The version in `If-Match` is no longer the current one: somebody else's change came first.",
    remedy: "Read it again, apply the change to what is there now, and send the new `ETag` in `If-Match`.",
    retry: "Yes, with the new version.",
  },
  payload_too_large: {
    status: 413,
    type: "invalid_request",
    message: "The body is too large.",
    cause: "The body is larger than this gateway passes on.",
    remedy: "Send a smaller body, or split the request.",
    retry: NEVER,
  },
  unsupported_media_type: {
    status: 415,
    type: "invalid_request",
    message: "The body's media type is not supported.",
    cause: "The control API reads JSON.",
    remedy: "Send `Content-Type: application/json`.",
    retry: NEVER,
  },
  invalid_value: {
    status: 422,
    type: "invalid_request",
    message: "A value is not possible.",
    cause:
      "The request is well-formed, but a value cannot be used: a bad CIDR, a past expiry, a vault that the owner may not use.",
    remedy: "`details.field` names the field; correct it.",
    retry: NEVER,
  },
  rate_limited: {
    status: 429,
    type: "rate_limited",
    message: "The key's rate limit is used up.",
    cause: "The key has made as many requests as its window allows.",
    remedy: "Wait as long as `Retry-After` says. If it happens often, ask for a higher limit.",
    retry: AFTER,
  },
  too_many_failures: {
    status: 429,
    type: "rate_limited",
    message: "Too many failed attempts from this address.",
    cause: "This address keeps sending credentials that are refused.",
    remedy: "Stop, correct the credential, wait as long as `Retry-After` says, and try once.",
    retry: AFTER,
  },
  internal_error: {
    status: 500,
    type: "internal_error",
    message: "Something went wrong.",
    cause: "A fault in the gateway or in the API behind it.",
    remedy: "Try again later; if it persists, report the correlation id.",
    retry: "Yes, for a request that changes nothing.",
  },
  origin_unavailable: {
    status: 503,
    type: "internal_error",
    message: "The API behind the gateway cannot be reached.",
    cause: "The API refused the connection, cut it before answering, or says that it is unavailable.",
    remedy: "Try again after the seconds in `Retry-After`.",
    retry: AFTER,
  },
  origin_timeout: {
    status: 503,
    type: "internal_error",
    message: "The API behind the gateway did not answer in time.",
    cause: "The API sent nothing for longer than the gateway waits.",
    remedy: "Try again after the seconds in `Retry-After`; the earlier request may have taken effect.",
    retry: AFTER,
  },
  admission_unavailable: {
    status: 503,
    type: "internal_error",
    message: "The key's state cannot be confirmed at the moment.",
    cause:
      "The authority on this key cannot be asked, and the gateway never lets a request through unconfirmed.",
    remedy: "Try again after the seconds in `Retry-After`.",
    retry: AFTER,
  },
  identity_provider_unavailable: {
    status: 503,
    type: "internal_error",
    message: "The identity provider cannot be reached.",
    cause:
      "The gateway could not fetch the signing keys of the identity provider or, for a report of GitHub's secret scanning, those of GitHub.",
    remedy: "Try again after the seconds in `Retry-After`.",
    retry: AFTER,
  },
} as const satisfies Record<string, RefusalEntry>;

export type RefusalCode = keyof typeof REFUSALS;

/** Why a request, or a value of it, is refused: the code, and what only this case knows about it. */
export interface Refusal<Code extends RefusalCode = RefusalCode> {
  readonly code: Code;
  /** Sent to the client as `error.details`; for 422 it names the `field`. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Whole seconds, at least 1; for 429 and 503. */
  readonly retryAfter?: number;
  /** The scopes that were missing, space-separated (RFC 6750 section 3); for `insufficient_scope`. */
  readonly scope?: string;
  /** Methods that would be allowed (RFC 9110 section 10.2.1); for `method_not_allowed`. */
  readonly allow?: string;
  /** Set when the caller has shown a right secret, which the code alone does not tell. */
  readonly secretShown?: true;
  /** For the operator's log alone. */
  readonly reason?: string;
}

/**
 * The value of a step, or its refusal: the one result type inside, across RPC included. What is thrown is a fault. Each
 * surface has one place that turns a refusal into its own form.
 */
export type Result<T, R extends Refusal = Refusal> = T | R;

export function refuse<Code extends RefusalCode>(
  code: Code,
  extra: Omit<Refusal, "code"> = {},
): Refusal<Code> {
  return { code, ...extra };
}

/** Refuses a value, in a sentence for the person who has given it; `field` is where it stands, if it has a place. */
export function invalid(problem: string, field?: string): Refusal {
  return refuse("invalid_value", { details: { ...(field !== undefined && { field }), problem } });
}

/** The sentence of {@link invalid}; of other refusals, the message of their code. */
export function problemOf({ code, details }: Refusal): string {
  const problem = details?.["problem"];
  return typeof problem === "string" ? problem : REFUSALS[code].message;
}

/** Tells a refusal from a value; no value has a `code` out of the table. */
export function isRefusal(outcome: unknown): outcome is Refusal {
  return (
    typeof outcome === "object" &&
    outcome !== null &&
    "code" in outcome &&
    typeof outcome.code === "string" &&
    Object.hasOwn(REFUSALS, outcome.code)
  );
}

/** The opposite of {@link isRefusal}, to sort out lists with. */
export function isAccepted<T>(outcome: Result<T>): outcome is T {
  return !isRefusal(outcome);
}
