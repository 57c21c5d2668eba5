import { generateKeyPair, SignJWT } from "jose";
import { freshnessOf } from "../../core/token-times.ts";
import type { Payload } from "./claims.ts";
import { readClaim, valuesIn } from "./claims.ts";
import {
  grantsIn,
  operatorBy,
  roleNamesIn,
  secondFactorOf,
  signInTime,
  type Identity,
  type TokenReading,
} from "./mapping.ts";
import { ProviderUnavailable, type KeySource } from "./provider-keys.ts";
import { TokenFault, type TokenFaultCode } from "./token-fault.ts";
import { decodeToken, type DecodedToken } from "./token-kind.ts";
import { verifyToken } from "./verify-token.ts";

type Line = readonly [label: string, text: string];

/** What the gateway makes of a token, for a person who sets up their provider. */
export interface Explanation {
  /** `unverified`: nothing but the signature keeps it from being accepted, and the issuer could not be asked for its keys. */
  readonly verdict: "accepted" | "refused" | "unverified";
  /** Labels and texts, in order. */
  readonly lines: readonly Line[];
}

/** Explains a token by the settings at `now`, in milliseconds. `signIn`: claims of an ID token that came with it. */
export async function explainToken(
  token: string,
  keys: KeySource,
  settings: TokenReading,
  now: number,
  signIn: Payload | null = null,
): Promise<Explanation> {
  const decoded = decodeToken(token);
  if (decoded instanceof TokenFault) return { verdict: "refused", lines: refusal(decoded, {}, settings) };
  const { signature, outcome, verified } = await outcomeOf(token, decoded, keys, settings, now, signIn);
  const { header, payload } = decoded;
  const refused = outcome instanceof TokenFault;
  return {
    verdict: refused ? "refused" : verified ? "accepted" : "unverified",
    lines: [
      [
        "Token",
        `${header.typ ?? "no type"}, ${header.alg ?? ""}, by ${JSON.stringify(payload["iss"])} for ${JSON.stringify(payload["aud"])}`,
      ],
      ["Time", `issued ${timeOf(payload["iat"])}, ends ${timeOf(payload["exp"])}`],
      ["Signature", signature],
      ...(refused ? [] : identityLines(outcome, settings)),
      ...rightsLines(payload, settings, now, signIn),
      ...(refused
        ? refusal(outcome, payload, settings)
        : [["Result", verified ? "accepted" : UNVERIFIED] as const]),
    ],
  };
}

const UNVERIFIED = "not verified: it is accepted if one of the issuer's keys has signed it";

/** What verifying it gives; where the provider cannot be asked, what it would give if the signature is right. */
async function outcomeOf(
  token: string,
  decoded: DecodedToken,
  keys: KeySource,
  settings: TokenReading,
  now: number,
  signIn: Payload | null,
): Promise<{
  readonly signature: string;
  readonly outcome: Identity | TokenFault;
  readonly verified: boolean;
}> {
  try {
    const outcome = await verifyToken(token, keys, settings, now, signIn);
    return { signature: signatureText(outcome), outcome, verified: true };
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    const own = await signedAnew(decoded);
    const outcome = await verifyToken(own.token, own.keys, settings, now, signIn);
    return { signature: `not checked: ${error.message}`, outcome, verified: false };
  }
}

const SIGNATURE_FAULTS = ["unknown key", "unusable key", "wrong signature"];
/** These are found before the provider is asked for its keys. */
const EARLY_FAULTS = ["other issuer"];

function signatureText(outcome: Identity | TokenFault): string {
  if (!(outcome instanceof TokenFault)) return "valid";
  if (EARLY_FAULTS.includes(outcome.code)) return "not checked, as the issuer is another";
  return SIGNATURE_FAULTS.includes(outcome.code) ? `not valid: ${outcome.toString()}` : "valid";
}

/** The same claims by a key of our own, so that everything but the signature is judged as always. */
async function signedAnew({ header, payload }: DecodedToken): Promise<{ token: string; keys: KeySource }> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const token = await new SignJWT({ ...payload })
    .setProtectedHeader({ alg: "ES256", ...(header.typ !== undefined && { typ: header.typ }) })
    .sign(privateKey);
  return { token, keys: { find: async () => publicKey } };
}

function identityLines(identity: Identity, settings: TokenReading): Line[] {
  const from = settings.organization === null ? `claim ${settings.orgClaim}` : "OIDC_ORG";
  return [
    ["Subject", `${identity.subject}  (claim ${settings.subjectClaim})`],
    ["Organisation", `${identity.orgId}  (${from})`],
    [
      "Name",
      `${identity.name}${identity.email === null ? "" : `, ${identity.email}`}${identity.emailVerified ? "" : "  (not verified)"}`,
    ],
  ];
}

function rightsLines(payload: Payload, settings: TokenReading, now: number, signIn: Payload | null): Line[] {
  const operator = operatorBy(payload, settings);
  return [
    ...roleLines(payload, settings),
    ["Operator", operator === null ? "no" : `yes, by ${operator}`],
    ["Second factor", secondFactorText(payload, settings, now, signIn)],
  ];
}

function roleLines(payload: Payload, settings: TokenReading): Line[] {
  const { roles, vaultRoles } = grantsIn(payload, settings);
  const vaults = Object.keys(vaultRoles).map(
    (vault) => `developer on ${vault === "*" ? "every vault" : vault}`,
  );
  const sources = roleNamesIn(payload, settings).map(({ name, standsFor }) => {
    const meant =
      standsFor.length === 1 && standsFor[0] === name ? "" : ` → ${standsFor.join(", ") || "nothing"}`;
    return `${JSON.stringify(name)}${meant}`;
  });
  const vaultClaim = "vault_roles" in payload ? [["", "and from claim vault_roles"] as const] : [];
  return [
    ["Roles", [...roles, ...vaults].join(", ") || "none"],
    ["", `from claim ${settings.rolesClaim}: ${sources.join(", ") || "no names"}`],
    ...(isOverage(payload, settings) ? [["", OVERAGE] as const] : []),
    ...vaultClaim,
  ];
}

const OVERAGE =
  "The provider left the groups out, as there are too many: use app roles, or only groups that are assigned to the application.";

/** Whether Entra says where the groups are in place of them ("Groups overage claim"). */
function isOverage(payload: Payload, { rolesClaim }: TokenReading): boolean {
  if (rolesClaim !== "groups" || "groups" in payload) return false;
  return readClaim(payload, "/_claim_names/groups") !== undefined || payload["hasgroups"] === true;
}

function secondFactorText(
  payload: Payload,
  settings: TokenReading,
  now: number,
  signIn: Payload | null,
): string {
  const factor = secondFactorOf(payload, settings, signIn);
  if (factor === null) {
    const wanted = settings.secondFactors.map(({ claim, value }) => `${claim}:${value}`).join(", ");
    const claims = [...new Set(settings.secondFactors.map(({ claim }) => claim))];
    const found = claims.map((claim) => `${claim} ${JSON.stringify(valuesIn(payload, claim))}`).join(", ");
    return `no: wants one of ${wanted}; the token has ${found}`;
  }
  const proof = `${factor.claim}:${factor.value} in the ${factor.from}`;
  const time = signInTime(payload, signIn);
  if (time === null)
    return `${proof}, but no auth_time: it is never fresh without the ID token of the sign-in`;
  const age = Math.round(now / 1000 - time);
  const freshness = freshnessOf(time, now);
  const when = age < 0 ? `in ${-age} s` : `${age} s ago`;
  return `${proof}, ${when}: ${freshness === "fresh" ? freshness : `${freshness} for what takes a fresh one`}`;
}

function timeOf(seconds: unknown): string {
  const at = typeof seconds === "number" ? new Date(seconds * 1000) : new Date(Number.NaN);
  return Number.isNaN(at.getTime()) ? "at no time" : at.toISOString();
}

function refusal(fault: TokenFault, payload: Payload, settings: TokenReading): Line[] {
  const hint = HINTS[fault.code]?.(fault, payload, settings) ?? null;
  return [["Result", `refused: ${fault.toString()}`], ...(hint === null ? [] : [["", hint] as const])];
}

type Hint = (fault: TokenFault, payload: Payload, settings: TokenReading) => string | null;

/** What to do about it, where that is known. */
const HINTS: Partial<Record<TokenFaultCode, Hint>> = {
  "opaque token": () =>
    "Providers issue JWTs only for an API that they know: ask for yours by OIDC_SCOPE, OIDC_RESOURCE or OIDC_AUTHORIZE_PARAMS.",
  "other issuer": (_, payload, { issuer }) => issuerHint(payload["iss"], issuer),
  "other audience": (_, __, { audience }) => `OIDC_AUDIENCE is ${audience}.`,
  "claim missing": ({ detail }) =>
    detail === "aud" ? "Have the provider bind the token to a resource: OIDC_RESOURCE." : null,
  "not an access token": () =>
    "The control API takes the access token of a sign-in; the ID token is for the console alone.",
};

function issuerHint(issuer: unknown, expected: string): string {
  const text = String(issuer);
  if (text.startsWith("https://sts.windows.net/")) {
    return "A v1.0 token of Entra: set requestedAccessTokenVersion to 2 in the manifest of the API's app registration.";
  }
  if (text.replace(/\/$/, "") === expected.replace(/\/$/, "")) {
    return `It differs by the slash at its end: set OIDC_ISSUER to ${text}`;
  }
  return `OIDC_ISSUER is ${expected}`;
}
