import { withoutSecrets } from "../key/key-secret.ts";
import { refuse, type Refusal, type Result } from "../refusal.ts";
import type { RefusalCode } from "../refusal-table.ts";

interface ScimProblemEntry {
  readonly status: number;
  readonly scimType: string | null;
  /** What it is called in the log and the audit. */
  readonly code: RefusalCode;
}

/** What a SCIM request can fail with: HTTP status and `scimType` (RFC 7644 section 3.12). */
export const SCIM_PROBLEMS = {
  invalidFilter: { status: 400, scimType: "invalidFilter", code: "invalid_request" },
  invalidPath: { status: 400, scimType: "invalidPath", code: "invalid_request" },
  invalidSyntax: { status: 400, scimType: "invalidSyntax", code: "invalid_request" },
  invalidValue: { status: 400, scimType: "invalidValue", code: "invalid_value" },
  mutability: { status: 400, scimType: "mutability", code: "invalid_value" },
  noTarget: { status: 400, scimType: "noTarget", code: "invalid_value" },
  uniqueness: { status: 409, scimType: "uniqueness", code: "already_exists" },
  unauthorized: { status: 401, scimType: null, code: "access_token_invalid" },
  forbidden: { status: 403, scimType: null, code: "invalid_request" },
  notFound: { status: 404, scimType: null, code: "not_found" },
  methodNotAllowed: { status: 405, scimType: null, code: "method_not_allowed" },
  versionConflict: { status: 412, scimType: null, code: "version_conflict" },
  tooLarge: { status: 413, scimType: null, code: "payload_too_large" },
  unsupportedMediaType: { status: 415, scimType: null, code: "unsupported_media_type" },
  tooManyFailures: { status: 429, scimType: null, code: "too_many_failures" },
  notImplemented: { status: 501, scimType: null, code: "not_found" },
  internalError: { status: 500, scimType: null, code: "internal_error" },
  unconfirmed: { status: 503, scimType: null, code: "admission_unavailable" },
} as const satisfies Record<string, ScimProblemEntry>;

export type ScimProblemName = keyof typeof SCIM_PROBLEMS;

/** A refusal with its form in SCIM. Results are always wrapped in an object of their own, so that no two are confused. */
export interface ScimProblem extends Refusal {
  readonly problem: ScimProblemName;
  /** For the operator of the client, and for the log. */
  readonly detail: string;
  /** The attribute that it is about, if it is about one. */
  readonly field?: string;
}

export type ScimResult<T> = Result<T, ScimProblem>;

/** Clients write part of a detail, which is answered and logged. */
const MAX_DETAIL_LENGTH = 256;

export function scimProblem(problem: ScimProblemName, text: string, field?: string): ScimProblem {
  const detail = plain(text);
  const refusal = refuse(SCIM_PROBLEMS[problem].code, { reason: detail });
  return { ...refusal, problem, detail, ...(field !== undefined && { field: plain(field) }) };
}

function plain(text: string): string {
  return withoutSecrets(text).slice(0, MAX_DETAIL_LENGTH).toWellFormed();
}

const ABOUT_THE_BODY: readonly RefusalCode[] = ["invalid_request", "invalid_value", "already_exists"];

interface ScimFault {
  readonly field: string;
  readonly problem: string;
}

/** What was wrong with a request's body, for the audit; what its code says already is none. */
export function faultOf({ code, detail, field = "" }: ScimProblem): ScimFault | undefined {
  return ABOUT_THE_BODY.includes(code) ? { field, problem: detail } : undefined;
}

export const UNKNOWN_TOKEN = scimProblem("unauthorized", "The bearer token is missing, wrong or replaced");
export const NO_ROOM_FOR_MORE = scimProblem("unconfirmed", "The organisation's storage is nearly full");
