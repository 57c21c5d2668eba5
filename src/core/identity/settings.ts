import { z } from "zod";
import { foldName } from "../organization/folded-name.ts";
import { ORG_ID } from "../organization/organization.ts";
import { isRecord } from "../json.ts";

/** A claim and the value of it that stands for a second factor. */
interface FactorClaim {
  readonly claim: string;
  readonly value: string;
}

/** How the access tokens of the identity provider are read. Claims are names, or JSON pointers (RFC 6901). */
export interface IdentitySettings {
  readonly issuer: string;
  readonly audience: string;
  /** The console's, by which an ID token is known. */
  readonly clientId: string;
  readonly subjectClaim: string;
  readonly orgClaim: string;
  /** The one organisation of the gateway; `null` where the token names it. */
  readonly organization: string | null;
  readonly rolesClaim: string;
  /** What the provider's names stand for, by the name as it is compared. */
  readonly roleNames: ReadonlyMap<string, readonly string[]>;
  readonly emailClaim: string;
  readonly nameClaim: string;
  /** Names of roles and scopes whose holders are operators, beside the built-in one. */
  readonly operators: readonly string[];
  /** Any of these proves a second factor. */
  readonly secondFactors: readonly FactorClaim[];
}

/** Parameters of an authorization request; `null` leaves one out that would be sent otherwise. */
export type AuthorizeParameters = Readonly<Record<string, string | null>>;

/** The scope or role that lets operators cut off anybody's keys. */
export const OPERATOR_SCOPE = "portcullis:ops";

/** What the console owns in an authorization request: other values would break the sign-in or its protection. */
const OWN_PARAMETERS = [
  "client_id", "response_type", "response_mode", "redirect_uri", "state", "nonce",
  "code_challenge", "code_challenge_method", "request", "request_uri", "scope", "resource",
]; // prettier-ignore

const JSON_POINTER = /^(\/([^~/]|~[01])*)+$/;

const claim = (byDefault: string) =>
  z
    .string()
    .refine(
      (text) => text !== "" && (!text.startsWith("/") || JSON_POINTER.test(text)),
      "must be the name of a claim or a JSON pointer to it",
    )
    .default(byDefault);

/** Items separated by commas; an empty text has none. */
const commaList = z
  .string()
  .transform((text) => (text.trim() === "" ? [] : text.split(",").map((item) => item.trim())))
  .refine((items) => items.every((item) => /^[^[{"]/.test(item)), "must be a list separated by commas");

/** A JSON object; an empty text has no members. */
const jsonObject = z.string().transform((text, context): Readonly<Record<string, unknown>> => {
  const value = text.trim() === "" ? {} : parseJson(text);
  if (isRecord(value)) return value;
  context.addIssue({ code: "custom", message: "must be a JSON object" });
  return z.NEVER;
});

/** A JSON object of names to the role names that each stands for, by the name as it is compared. */
export const roleNames = jsonObject.transform((object, context): ReadonlyMap<string, readonly string[]> => {
  const names = new Map<string, readonly string[]>();
  for (const [name, roles] of Object.entries(object)) {
    const { data } = z.array(z.string()).safeParse(roles);
    const problem =
      data === undefined
        ? "must be a JSON object of names to lists of role names"
        : names.has(foldName(name)) &&
          `must not name ${JSON.stringify(name)} twice: letter case is no difference`;
    if (problem !== false) context.addIssue({ code: "custom", message: problem });
    if (foldName(name) === "")
      context.addIssue({ code: "custom", message: "must not translate an empty name" });
    names.set(foldName(name), data ?? []);
  }
  return names;
});

const authorizeParameters = jsonObject.transform((object, context): AuthorizeParameters => {
  const own = OWN_PARAMETERS.find((name) => name in object);
  if (own !== undefined) {
    context.addIssue({ code: "custom", message: `must not set ${own}, which the console sets itself` });
  }
  const parameters = Object.entries(object).map(([name, value]) => [name, parameterOf(value)] as const);
  for (const [name, value] of parameters) {
    const problem = value === null ? null : parameterProblem(name, value);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  }
  return Object.fromEntries(parameters);
});

/** Why a parameter would end every sign-in (OpenID Connect Core 1.0 sections 3.1.2.1 and 5.5). */
function parameterProblem(name: string, value: string): string | null {
  if (name.trim() !== name || name === "") return "must hold parameters by their names";
  if (name === "prompt" && value.split(" ").includes("none")) {
    return "must not set prompt to none, by which nobody could sign in";
  }
  if (name === "max_age" && !/^\d+$/.test(value)) return "must set max_age to whole seconds";
  return name === "claims" && !isRecord(parseJson(value)) ? "must set claims to a JSON object" : null;
}

/** As it stands in a URL: lists are separated by spaces, `claims` is JSON (OpenID Connect Core 1.0 section 5.5). */
function parameterOf(value: unknown): string | null {
  if (value === null || typeof value === "string") return value;
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(" ");
  return JSON.stringify(value);
}

const factorClaims = commaList.transform((items, context): FactorClaim[] =>
  items.flatMap((item) => {
    const [, name, value] = /^(amr|acr|acrs):(\S.*)$/.exec(item) ?? [];
    if (name !== undefined && value !== undefined) return [{ claim: name, value }];
    context.addIssue({ code: "custom", message: "must be a list of amr:…, acr:… or acrs:…" });
    return [];
  }),
);

/** Authentication with several factors, as OpenID PAPE 1.0 names it. */
const MFA_ACR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

const DEFAULT_FACTORS: FactorClaim[] = [
  { claim: "amr", value: "mfa" },
  { claim: "acr", value: MFA_ACR },
];

/** The variables of the claim mapping. */
export const identityVariables = {
  OIDC_SUBJECT_CLAIM: claim("sub"),
  OIDC_ORG_CLAIM: claim("org_id"),
  OIDC_ORG: z
    .string()
    .refine((text) => text === "" || ORG_ID.test(text), "must be an organisation's id")
    .default(""),
  OIDC_ROLES_CLAIM: claim("roles"),
  OIDC_ROLE_NAMES: roleNames.default(new Map()),
  OIDC_EMAIL_CLAIM: claim("email"),
  OIDC_NAME_CLAIM: claim("name"),
  OIDC_OPERATORS: commaList.default([]),
  OIDC_MFA: factorClaims
    .transform((claims) => (claims.length === 0 ? DEFAULT_FACTORS : claims))
    .default(DEFAULT_FACTORS),
  OIDC_MFA_REQUEST: z
    .string()
    .transform((text) => (text.trim() === "" ? JSON.stringify({ acr_values: MFA_ACR }) : text))
    .pipe(authorizeParameters)
    .default({ acr_values: MFA_ACR }),
  OIDC_AUTHORIZE_PARAMS: authorizeParameters.default({}),
};

/** What can stand in a header. */
const PLAIN_ACR = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

/**
 * The authentication contexts that a step-up challenge names: those that the console asks the provider for, or else those
 * that count; `null` where none has a name of that kind.
 */
export function stepUpContexts(
  mfaRequest: AuthorizeParameters,
  { secondFactors }: Pick<IdentitySettings, "secondFactors">,
): string | null {
  const counted = secondFactors.filter((factor) => factor.claim !== "amr").map(({ value }) => value);
  const named = mfaRequest["acr_values"] ?? [...new Set(counted)].join(" ");
  return PLAIN_ACR.test(named) ? named : null;
}

/** As Entra writes the addresses that sign in people of any tenant. */
const TENANT_INDEPENDENT = /^(https?:\/\/[^/]+\/)(common|organizations|consumers)((?:\/v2\.0)?\/?)$/;

/**
 * The form of `iss` where an issuer stands for many tenants, with `{tenantid}` in the tenant's place, as in the
 * discovery document of such an issuer; `null` where the issuer is one.
 */
export function issuerTemplate(issuer: string): string | null {
  return TENANT_INDEPENDENT.test(issuer) ? issuer.replace(TENANT_INDEPENDENT, "$1{tenantid}$3") : null;
}

/**
 * Whether an address that the issuer's metadata name may be used: by HTTPS, or plainly where the issuer is named so, as the
 * local provider is (OpenID Connect Discovery 1.0 section 3).
 */
export function isSafeEndpoint(url: string, { issuer }: Pick<IdentitySettings, "issuer">): boolean {
  const protocol = URL.canParse(url) ? new URL(url).protocol : null;
  return protocol === "https:" || (protocol === "http:" && issuer.startsWith("http:"));
}

/** What is wrong with settings that are right each by itself, beginning with the name of one; `null` if nothing is. */
export function conflictIn({
  issuer,
  organization,
  orgClaim,
}: Pick<IdentitySettings, "issuer" | "organization" | "orgClaim">): string | null {
  if (issuerTemplate(issuer) === null) return null;
  // The admins of any tenant decide about the other claims of their people.
  if (organization !== null) {
    return `OIDC_ORG must be empty, as OIDC_ISSUER lets in people of every tenant (is ${JSON.stringify(organization)})`;
  }
  if (orgClaim !== "tid") {
    return `OIDC_ORG_CLAIM must be tid, as OIDC_ISSUER lets in people of every tenant (is ${JSON.stringify(orgClaim)})`;
  }
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
