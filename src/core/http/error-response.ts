import { withoutSecrets } from "../key/key-secret.ts";
import type { Refusal } from "../refusal.ts";
import { MFA_MAX_AGE_S } from "../token-times.ts";
import { REFUSALS, typeOf, type RefusalCode } from "../refusal-table.ts";

/** An origin that needs no escape in a quoted string: a client can send any text as its host. */
const PLAIN_ORIGIN = /^https?:\/\/[\w.:[\]-]+$/;
/** `Retry-After` of a 503 for which nothing better is known. */
const DEFAULT_RETRY_AFTER_S = 1;

interface ErrorContext {
  readonly requestId: string;
  /** Scheme and authority under which `/-/errors/` is served. */
  readonly publicOrigin: string;
  /** Scheme and authority of the protected API, whose metadata challenges point to (RFC 9728 section 5.1). */
  readonly protectedOrigin?: string;
  /** The authentication contexts that count as a second factor (RFC 9470 section 3), if they have names. */
  readonly acrValues?: string | null;
  /** HEAD answers have no body. */
  readonly head: boolean;
}

/** Scheme and authority of a URL as it came. It is not parsed, since a client can send any text as its host. */
export function originOf(url: string): string {
  return /^https?:\/\/[^/?#]*/.exec(url)?.[0] ?? "";
}

const CANONICAL_ORIGIN = /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d+)?$/;
const DEFAULT_PORT = /:(?:80|443)$/;

/** The same in the one spelling that names the gateway in tokens: host in lower case, no default port. */
export function canonicalOriginOf(url: string): string {
  const origin = originOf(url);
  if (CANONICAL_ORIGIN.test(origin) && !DEFAULT_PORT.test(origin)) return origin;
  return URL.canParse(origin) ? new URL(origin).origin : origin;
}

/** The JSON form of a refusal. */
export interface ErrorBody {
  readonly error: {
    readonly type: string;
    readonly code: RefusalCode;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>> | undefined;
    readonly correlationId: string;
    readonly docUrl: string;
  };
}

/** The body that tells a client why it was refused. */
export function errorBody(refusal: Refusal, context: ErrorContext): ErrorBody {
  const { message } = REFUSALS[refusal.code];
  return {
    error: {
      type: typeOf(refusal.code),
      code: refusal.code,
      message,
      ...(refusal.details && { details: refusal.details }),
      correlationId: context.requestId,
      docUrl: `${context.publicOrigin}/-/errors/${refusal.code}`,
    },
  };
}

/** Details may quote the request, but no key out of it. */
function errorText(refusal: Refusal, context: ErrorContext): string {
  if (refusal.details !== undefined) return withoutSecrets(JSON.stringify(errorBody(refusal, context)));
  const { publicOrigin } = context;
  let known = latestTexts.get(refusal.code);
  if (known?.publicOrigin !== publicOrigin) {
    const [before = "", after = ""] = JSON.stringify(
      errorBody(refusal, { ...context, requestId: PLACE }),
    ).split(PLACE_IN_JSON, 2);
    known = { publicOrigin, before, after };
    latestTexts.set(refusal.code, known);
  }
  return known.before + JSON.stringify(context.requestId) + known.after;
}

/** Stands for the request's id, which comes before anything that a client can choose. */
const PLACE = "\0";
const PLACE_IN_JSON = JSON.stringify(PLACE);

/** The latest body of each refusal without details, around the request's id. */
const latestTexts = new Map<
  RefusalCode,
  { readonly publicOrigin: string; readonly before: string; readonly after: string }
>();

/** The response that tells a client why it was refused, with the headers that its status calls for. */
export function errorResponse(refusal: Refusal, context: ErrorContext): Response {
  const { status } = REFUSALS[refusal.code];
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Request-Id": context.requestId,
  };
  const challenge = challengeFor(refusal, context);
  if (challenge !== null) headers["WWW-Authenticate"] = challenge;
  if (status === 429 || status === 503) {
    headers["Retry-After"] = `${refusal.retryAfter ?? DEFAULT_RETRY_AFTER_S}`;
  }
  if (refusal.allow !== undefined) headers["Allow"] = refusal.allow;
  return new Response(context.head ? null : errorText(refusal, context), { status, headers });
}

/** The `WWW-Authenticate` value of a refusal (RFC 6750 section 3, RFC 9470 section 3), or `null`. */
function challengeFor(refusal: Refusal, { protectedOrigin, acrValues }: ErrorContext): string | null {
  const challenge = bearerChallenge(refusal, acrValues ?? null);
  if (challenge === null || protectedOrigin === undefined || !PLAIN_ORIGIN.test(protectedOrigin))
    return challenge;
  return `${challenge}, resource_metadata="${protectedOrigin}/.well-known/oauth-protected-resource"`;
}

function bearerChallenge(refusal: Refusal, acrValues: string | null): string | null {
  const { status, message } = REFUSALS[refusal.code];
  if (refusal.code === "insufficient_scope") {
    return `Bearer realm="portcullis", error="insufficient_scope", scope="${refusal.scope ?? ""}"`;
  }
  if (status !== 401) return null;
  if (refusal.code === "credential_missing") return `Bearer realm="portcullis"`;
  if (refusal.code === "mfa_required") {
    const acr = acrValues === null ? "" : `, acr_values="${acrValues.replaceAll(/["\\]/g, "\\$&")}"`;
    return `Bearer realm="portcullis", error="insufficient_user_authentication", error_description="${message}"${acr}, max_age="${MFA_MAX_AGE_S}"`;
  }
  return `Bearer realm="portcullis", error="invalid_token", error_description="${message}"`;
}
