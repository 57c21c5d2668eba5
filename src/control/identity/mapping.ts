import { foldName } from "../../core/organization/folded-name.ts";
import { hidesLetters, plainName } from "../../core/organization/plain-name.ts";
import type { IdentitySettings } from "../../core/identity/settings.ts";
import { issuerTemplate, OPERATOR_SCOPE } from "../../core/identity/settings.ts";
import { freshnessOf } from "../../core/token-times.ts";
import { DEVELOPER, ORG_ID, type VaultRoles } from "../../core/organization/organization.ts";
import { grantsOf, rolesMeantBy, union } from "../../core/scim/roles.ts";
import {
  holds,
  namesIn,
  namesOf,
  readClaim,
  scopesIn,
  textIn,
  timeIn,
  valuesIn,
  type Payload,
} from "./claims.ts";
import { TokenFault } from "./token-fault.ts";

const MAX_SUBJECT_LENGTH = 255;
/** An id is one line; beyond that, SCIM would refuse what cannot be seen, and could tell of no such person that they left. */
const SEVERAL_LINES = /[\t\n\r]/;
/** No URL can name such a segment. */
const DOTS = /^\.{1,2}$/;
/** No address is longer (RFC 5321 section 4.5.3.1). */
const MAX_EMAIL_LENGTH = 320;
/** Of a longer name the beginning is shown. */
const MAX_NAME_LENGTH = 256;

/** The settings, and what the API behind the gateway says of them. */
export interface TokenReading extends IdentitySettings {
  /** Without vaults the name `developer` is enough of a role. */
  readonly hasVaults: boolean;
}

/** Who a verified identity token speaks for. */
export interface Identity {
  readonly subject: string;
  readonly orgId: string;
  readonly name: string;
  readonly email: string | null;
  /** `false` only where the provider says so: somebody may have written any address into their profile. */
  readonly emailVerified: boolean;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
  readonly operator: boolean;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Why no second factor was used lately enough, for the log; `null` if one was. */
  readonly mfaFault: string | null;
}

/**
 * What a token says, by the settings, at `now` in milliseconds. `issuedAt`: its time, in seconds. `signIn`: claims of the
 * ID token that came with it.
 */
export function readIdentity(
  payload: Payload,
  issuedAt: number,
  settings: TokenReading,
  now: number,
  signIn: Payload | null,
): Identity | TokenFault {
  const subject = subjectOf(payload, settings);
  if (subject instanceof TokenFault) return subject;
  const orgId = organizationOf(payload, settings);
  if (orgId instanceof TokenFault) return orgId;
  return {
    subject,
    orgId,
    name: plainName((textIn(payload, settings.nameClaim) ?? "").slice(0, MAX_NAME_LENGTH)) || subject,
    email: emailOf(payload, settings),
    emailVerified: holds(payload["email_verified"] ?? true),
    ...grantsIn(payload, settings),
    operator: operatorBy(payload, settings) !== null,
    issuedAt: issuedAt * 1000,
    mfaFault: mfaFaultOf(payload, settings, now, signIn),
  };
}

function subjectOf(payload: Payload, { subjectClaim }: IdentitySettings): string | TokenFault {
  const value = readClaim(payload, subjectClaim);
  if (value === undefined || value === null || value === "")
    return new TokenFault("claim missing", subjectClaim);
  if (typeof value !== "string") return unexpected(subjectClaim, "no text");
  if (SEVERAL_LINES.test(value) || hidesLetters(value) || value.trim() === "" || DOTS.test(value))
    return unexpected(subjectClaim, "no id that can be read");
  return value.length <= MAX_SUBJECT_LENGTH ? value : unexpected(subjectClaim, "too long");
}

function emailOf(payload: Payload, { emailClaim }: IdentitySettings): string | null {
  const email = textIn(payload, emailClaim);
  return email !== null && email.length <= MAX_EMAIL_LENGTH && !hidesLetters(email) ? email : null;
}

function organizationOf(payload: Payload, settings: IdentitySettings): string | TokenFault {
  if (settings.organization !== null) return settings.organization;
  const value = readClaim(payload, settings.orgClaim);
  if (value === undefined || value === null || value === "") {
    return new TokenFault(
      "claim missing",
      `${settings.orgClaim} (OIDC_ORG_CLAIM, or OIDC_ORG for one organisation)`,
    );
  }
  if (typeof value !== "string") return unexpected(settings.orgClaim, "no text");
  return ORG_ID.test(value) ? value : unexpected(settings.orgClaim, "no id of an organisation");
}

function unexpected(claim: string, problem: string): TokenFault {
  return new TokenFault("claim of another type", `${claim} is ${problem}`);
}

/** Each name in the roles claim with the role names that it stands for here. */
export function roleNamesIn(
  payload: Payload,
  { rolesClaim, roleNames, hasVaults }: Pick<TokenReading, "rolesClaim" | "roleNames" | "hasVaults">,
): { readonly name: string; readonly standsFor: readonly string[] }[] {
  return namesIn(payload, rolesClaim).map((name) => {
    return { name, standsFor: rolesMeantBy(name, { roleNames, hasVaults }) };
  });
}

/** The roles of the roles claim and of `vault_roles` together. */
export function grantsIn(
  payload: Payload,
  settings: Pick<TokenReading, "rolesClaim" | "roleNames" | "hasVaults">,
): { readonly roles: readonly string[]; readonly vaultRoles: VaultRoles } {
  const names = roleNamesIn(payload, settings).flatMap(({ standsFor }) => standsFor);
  return union(grantsOf(names), { roles: [], vaultRoles: vaultRolesIn(payload) });
}

const isDeveloper = (role: string): boolean => foldName(role) === DEVELOPER;

/** `vault_roles`: vaults, or `*` for all, to roles there as {@link namesOf} reads them; what has another form is left out. */
function vaultRolesIn(payload: Payload): VaultRoles {
  const claim = payload["vault_roles"];
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) return {};
  const held = Object.entries(claim).filter(([, roles]) => namesOf(roles).some(isDeveloper));
  return Object.fromEntries(held.map(([vault]) => [vault, [DEVELOPER]]));
}

/** The scope or role that makes somebody an operator; `null` if there is none. */
export function operatorBy(payload: Payload, settings: TokenReading): string | null {
  // Where every tenant may sign in, its admins decide about roles and scopes, but not about other tenants' keys.
  if (issuerTemplate(settings.issuer) !== null) return null;
  const scopes = ["scope", "scp", "permissions"].flatMap((name) => scopesIn(payload, name));
  const roles = roleNamesIn(payload, settings).flatMap(({ name, standsFor }) => [name, ...standsFor]);
  const wanted = [OPERATOR_SCOPE, ...settings.operators];
  const folded = wanted.map(foldName);
  return (
    scopes.find((scope) => wanted.includes(scope)) ??
    roles.find((role) => folded.includes(foldName(role))) ??
    null
  );
}

/** The claim and value that prove a second factor, and which token has it; `null` if neither has. */
export function secondFactorOf(
  payload: Payload,
  { secondFactors }: Pick<IdentitySettings, "secondFactors">,
  signIn: Payload | null,
): { readonly claim: string; readonly value: string; readonly from: "access token" | "ID token" } | null {
  for (const { claim, value } of secondFactors) {
    const own = valuesIn(payload, claim);
    const from = own.length > 0 ? "access token" : "ID token";
    const values = own.length > 0 ? own : valuesIn(signIn ?? {}, claim);
    if (values.includes(value)) return { claim, value, from };
  }
  return null;
}

function mfaFaultOf(
  payload: Payload,
  settings: TokenReading,
  now: number,
  signIn: Payload | null,
): string | null {
  if (secondFactorOf(payload, settings, signIn) === null) {
    const wanted = settings.secondFactors.map(({ claim, value }) => `${claim}:${value}`);
    return `second factor: none of ${wanted.join(", ")}`;
  }
  const time = signInTime(payload, signIn);
  if (time === null) return "second factor: claim missing: auth_time";
  const freshness = freshnessOf(time, now);
  return freshness === "fresh" ? null : `second factor: ${freshness}`;
}

/** When the person signed in, in seconds; `null` where neither token says it. */
export function signInTime(payload: Payload, signIn: Payload | null): number | null {
  return timeIn(payload, "auth_time") ?? timeIn(signIn ?? {}, "auth_time");
}
