/** Every refusal of the gateway and its control API, named once: responses, error pages and OpenAPI read this table. */

/** What kind of error each status is. */
const TYPES = {
  400: "invalid_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  405: "invalid_request",
  409: "invalid_request",
  412: "invalid_request",
  413: "invalid_request",
  415: "invalid_request",
  422: "invalid_request",
  429: "rate_limited",
  500: "internal_error",
  503: "internal_error",
} as const;

export type RefusalType = (typeof TYPES)[RefusalStatus];

type RefusalStatus = keyof typeof TYPES;

interface RefusalEntry {
  readonly status: RefusalStatus;
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
    message: "The path could mean different things to different servers.",
    cause:
      "The path holds an empty, `.` or `..` segment, a backslash, a `;` parameter, a control or non-ASCII byte, a broken percent escape, or an escape of a character that must not be escaped; or the query holds a byte that URLs cannot hold.",
    remedy: "Send the path exactly as the API documents it, without escapes of plain characters.",
    retry: NEVER,
  },
  credential_in_url: {
    status: 400,
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
    message: "The request is not well-formed.",
    cause:
      "The body is not JSON, or a field or parameter is missing, unknown or of the wrong type; or the request itself is broken: its framing, its `Host`, a body where none may be.",
    remedy: "Compare the request with the API's description; `details` says what is meant.",
    retry: NEVER,
  },
  credential_missing: {
    status: 401,
    message: "No credential was sent.",
    cause: "The request has no `Authorization` header.",
    remedy:
      "Send `Authorization: Bearer <API key>`. Keys in other headers, in the query or in cookies are not read.",
    retry: NEVER,
  },
  credential_malformed: {
    status: 401,
    message: "The Authorization header is not one bearer credential.",
    cause:
      "The header has another scheme, more than one credential, or something that is neither a key nor a token.",
    remedy: "Send exactly one `Authorization: Bearer <API key>` header.",
    retry: NEVER,
  },
  api_key_invalid: {
    status: 401,
    message: "The API key is not valid.",
    cause: "The key is mistyped, cut short, or was never issued here.",
    remedy: "Copy the whole key again, prefix and checksum included, or create a new one.",
    retry: NEVER,
  },
  api_key_expired: {
    status: 401,
    message: "The API key has expired.",
    cause: "The key's expiry date has passed.",
    remedy: "Rotate the key or create a new one.",
    retry: NEVER,
  },
  api_key_revoked: {
    status: 401,
    message: "The API key has been revoked.",
    cause: "The key's owner, an admin or an operator revoked it. That is final.",
    remedy:
      "Create a new key. If you did not expect this, ask your organisation's admin: the key may have leaked.",
    retry: NEVER,
  },
  api_key_disabled: {
    status: 401,
    message: "The API key is disabled.",
    cause: "The key's owner or an admin has switched it off.",
    remedy: "Ask the key's owner to enable it.",
    retry: "Yes, after the key has been enabled.",
  },
  access_token_invalid: {
    status: 401,
    message: "The access token is not valid.",
    cause: "The token was not signed here, was altered, or is not an access token for this gateway.",
    remedy: "Get a new token from `/-/oauth/token`.",
    retry: NEVER,
  },
  access_token_expired: {
    status: 401,
    message: "The access token has expired.",
    cause: "The token's lifetime is over.",
    remedy: "Get a new token from `/-/oauth/token`.",
    retry: "Yes, with a new token.",
  },
  identity_token_invalid: {
    status: 401,
    message: "The identity token is missing or not valid.",
    cause:
      "The control API takes an access token of the identity provider. This one is missing, expired, signed by somebody else, or meant for another audience.",
    remedy: "Sign in again and send `Authorization: Bearer <access token>`.",
    retry: "Yes, with a new token.",
  },
  mfa_required: {
    status: 401,
    message: "This needs a fresh second factor.",
    cause: "The sign-in used no second factor, or it was more than five minutes ago.",
    remedy: "Sign in again with a second factor, then repeat the request.",
    retry: "Yes, with a token from the new sign-in.",
  },
  signature_invalid: {
    status: 401,
    message: "The signature of the report does not verify.",
    cause: "The body was altered, or was not signed with a key that the sender publishes.",
    remedy: "Sign the raw body with a current key.",
    retry: NEVER,
  },
  ip_not_allowed: {
    status: 403,
    message: "This key may not be used from this address.",
    cause: "The key has a list of allowed addresses, and the request came from outside it.",
    remedy: "Call from an allowed network, or have the key's owner add the address.",
    retry: "Yes, after the address has been allowed; the change works at once.",
  },
  insufficient_scope: {
    status: 403,
    message: "The credential lacks a scope that this operation needs.",
    cause: "None of the credential's scopes allows this action.",
    remedy: "Have the key's owner add the scope that the `WWW-Authenticate` header names.",
    retry: "Yes, after the scope has been added; the change works at once.",
  },
  access_withdrawn: {
    status: 403,
    message: "The key's owner no longer holds a role that this key needs.",
    cause: "A key never sees more than its owner may at that moment, and the owner's roles were taken away.",
    remedy: "Have an admin restore the owner's role, or use a key of another owner.",
    retry: "Yes, after the role has been restored.",
  },
  role_required: {
    status: 403,
    message: "You do not hold the role that this needs.",
    cause:
      "Creating keys takes the Developer role on a vault; managing an organisation takes the admin role; operating the gateway takes a token with the scope `portcullis:ops`.",
    remedy: "Ask an admin of your organisation for the role.",
    retry: "Yes, after the role has been granted.",
  },
  not_found: {
    status: 404,
    message: "Not found.",
    cause:
      "There is no such operation or resource, or this credential may not see it. The answer does not tell which.",
    remedy: "Check the method, the path and the id, and which vaults the credential covers.",
    retry: NEVER,
  },
  method_not_allowed: {
    status: 405,
    message: "This method is not allowed here.",
    cause: "The path exists, but not with this method.",
    remedy: "Use one of the methods in the `Allow` header.",
    retry: NEVER,
  },
  key_limit_reached: {
    status: 409,
    message: "The owner has as many keys as allowed.",
    cause: "Keys that are neither revoked nor expired count towards the limit.",
    remedy: "Revoke a key that is no longer needed, then try again.",
    retry: "Yes, after a key has been revoked.",
  },
  not_bootstrapped: {
    status: 409,
    message: "The organisation has not been set up.",
    cause: "Keys can be created once an admin has bootstrapped the organisation.",
    remedy: "Have an admin send `POST /-/organization/bootstrap`, once.",
    retry: "Yes, after that.",
  },
  already_exists: {
    status: 409,
    message: "It exists already.",
    cause: "What the request would create is there.",
    remedy: "Read it instead, or choose another name.",
    retry: NEVER,
  },
  version_conflict: {
    status: 412,
    message: "It has changed since you read it.",
    cause: "The version in `If-Match` is no longer the current one: somebody else's change came first.",
    remedy: "Read it again, apply the change to what is there now, and send the new `ETag` in `If-Match`.",
    retry: "Yes, with the new version.",
  },
  payload_too_large: {
    status: 413,
    message: "The body is too large.",
    cause: "The body is larger than this gateway passes on.",
    remedy: "Send a smaller body, or split the request.",
    retry: NEVER,
  },
  unsupported_media_type: {
    status: 415,
    message: "The body's media type is not supported.",
    cause: "The control API reads JSON.",
    remedy: "Send `Content-Type: application/json`.",
    retry: NEVER,
  },
  invalid_value: {
    status: 422,
    message: "A value is not possible.",
    cause:
      "The request is well-formed, but a value cannot be used: a bad CIDR, a past expiry, a vault that the owner may not use.",
    remedy: "`details.field` names the field; correct it.",
    retry: NEVER,
  },
  rate_limited: {
    status: 429,
    message: "The key's rate limit is used up.",
    cause: "The key has made as many requests as its window allows.",
    remedy: "Wait as long as `Retry-After` says. If it happens often, ask for a higher limit.",
    retry: AFTER,
  },
  too_many_failures: {
    status: 429,
    message: "Too many failed attempts from this address.",
    cause: "This address keeps sending credentials that are refused.",
    remedy: "Stop, correct the credential, wait as long as `Retry-After` says, and try once.",
    retry: AFTER,
  },
  internal_error: {
    status: 500,
    message: "Something went wrong.",
    cause: "A fault in the gateway or in the API behind it.",
    remedy: "Try again later; if it persists, report the correlation id.",
    retry: "Yes, for a request that changes nothing.",
  },
  origin_unavailable: {
    status: 503,
    message: "The API behind the gateway cannot be reached.",
    cause: "The API refused the connection, cut it before answering, or says that it is unavailable.",
    remedy: "Try again after the seconds in `Retry-After`.",
    retry: AFTER,
  },
  origin_timeout: {
    status: 503,
    message: "The API behind the gateway did not answer in time.",
    cause: "The API sent nothing for longer than the gateway waits.",
    remedy: "Try again after the seconds in `Retry-After`; the earlier request may have taken effect.",
    retry: AFTER,
  },
  admission_unavailable: {
    status: 503,
    message: "The key's state cannot be confirmed at the moment.",
    cause:
      "The authority on this key cannot be asked, and the gateway never lets a request through unconfirmed.",
    remedy: "Try again after the seconds in `Retry-After`.",
    retry: AFTER,
  },
  identity_provider_unavailable: {
    status: 503,
    message: "The identity provider cannot be reached.",
    cause:
      "The gateway could not fetch the signing keys of the identity provider or, for a report of GitHub's secret scanning, those of GitHub.",
    remedy: "Try again after the seconds in `Retry-After`.",
    retry: AFTER,
  },
} as const satisfies Record<string, RefusalEntry>;

export type RefusalCode = keyof typeof REFUSALS;

export function typeOf(code: RefusalCode): RefusalType {
  return TYPES[REFUSALS[code].status];
}
