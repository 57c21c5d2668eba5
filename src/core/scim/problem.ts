/** What a SCIM request can fail with: HTTP status and `scimType` (RFC 7644 section 3.12). */
export const SCIM_PROBLEMS = {
  invalidFilter: { status: 400, scimType: "invalidFilter" },
  invalidPath: { status: 400, scimType: "invalidPath" },
  invalidSyntax: { status: 400, scimType: "invalidSyntax" },
  invalidValue: { status: 400, scimType: "invalidValue" },
  mutability: { status: 400, scimType: "mutability" },
  noTarget: { status: 400, scimType: "noTarget" },
  uniqueness: { status: 409, scimType: "uniqueness" },
  unauthorized: { status: 401, scimType: null },
  notFound: { status: 404, scimType: null },
  methodNotAllowed: { status: 405, scimType: null },
  versionConflict: { status: 412, scimType: null },
  tooLarge: { status: 413, scimType: null },
  unsupportedMediaType: { status: 415, scimType: null },
  internalError: { status: 500, scimType: null },
  unconfirmed: { status: 503, scimType: null },
} as const;

export type ScimProblemName = keyof typeof SCIM_PROBLEMS;

/** Why a SCIM request was refused. What was asked for is always wrapped, so that the two cannot be confused. */
export interface ScimProblem {
  readonly problem: ScimProblemName;
  /** For whoever operates the client. */
  readonly detail: string;
}

export function scimProblem(problem: ScimProblemName, detail: string): ScimProblem {
  return { problem, detail };
}

export const UNKNOWN_TOKEN = scimProblem("unauthorized", "The bearer token is missing, wrong or replaced");
