import type { z } from "zod";
import { isRefusal, problemOf } from "./core/refusal.ts";
import type { CorsOrigins } from "./core/http/cors.ts";
import {
  type AuthorizeParameters,
  type IdentitySettings,
  conflictIn,
  OPERATOR_SCOPE,
} from "./core/identity/settings.ts";
import { foldName } from "./core/organization/folded-name.ts";
import type { RateLimit as KeyRateLimit } from "./core/key/key-record.ts";
import { type Origin, readOrigins } from "./core/http/origins.ts";
import type { RoleNames } from "./core/scim/roles.ts";
import { isRole, Variables } from "./variables.ts";

/** The names of all settings. */
export const SETTINGS: readonly string[] = Object.keys(Variables.shape);

/** Whether a variable holds a secret, which a deployment keeps as one. */
export function isSecret(name: string): boolean {
  return /^(?:OIDC_CLIENT_SECRET|ORIGIN_AUTHORIZATION(?:_\w+)?)$/.test(name);
}

/** The console as the identity provider's client (RFC 6749 section 2). */
interface ConsoleClient {
  readonly id: string;
  /** `null` for a public client. */
  readonly secret: string | null;
  /** What it asks for: scopes separated by spaces, and the resource that tokens are for (RFC 8707), if it must say so. */
  readonly scope: string;
  readonly resource: string | null;
  /** What it sends along with every sign-in, and beyond that to ask for a second factor. */
  readonly authorizeParams: AuthorizeParameters;
  readonly mfaRequest: AuthorizeParameters;
}

/** The deployment's settings, checked. Durations are in milliseconds. */
export interface Config {
  /** The API. */
  readonly origin: Origin;
  /** The origins of operations that have one of their own, by their names or by the servers that they stand for. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly originTimeoutMs: number;
  readonly maxBodyBytes: number;
  /** Who signs people in, and how its tokens are read. */
  readonly identity: IdentitySettings;
  /** How long roles count that only an identity token says, from its issue; `null` for good. */
  readonly rolesMaxAgeMs: number | null;
  /** The console as a client of the identity provider. */
  readonly client: ConsoleClient;
  /** What new keys begin with. */
  readonly keyPrefix: string;
  /** What keys may begin with: that, and what keys of earlier days began with. */
  readonly keyPrefixes: readonly string[];
  /** Whether credentials of the form of imported keys are looked up; `null`: once a key has been imported. */
  readonly importedKeys: "on" | "off" | null;
  readonly defaultKeyExpiryMs: number;
  /** How long audit events are kept. */
  readonly auditRetentionMs: number;
  readonly maxKeysPerOwner: number;
  readonly leaseMs: number;
  /** The longest lease that a guard gives. */
  readonly leaseMaxMs: number;
  readonly leaseSlackMs: number;
  /** The share of requests that are logged, besides refusals and failures, which are logged always. */
  readonly requestLog: number;
  /** Whether answers say what took how long. */
  readonly serverTiming: boolean;
  /** How often an event stream and a WebSocket are checked. */
  readonly connectionCheckMs: number;
  readonly rateLimit: KeyRateLimit;
  /** Access tokens that one key may be exchanged for in a minute. */
  readonly tokensPerMinute: number;
  /** How long a signing key is used before its successor takes over. */
  readonly signingKeyLifetimeMs: number;
  /** The audience of assertions, for every origin; `null` for the origin's own URL. */
  readonly originAudience: string | null;
  /** In which form an origin hears who calls. */
  readonly originIdentity: "both" | "assertion" | "headers";
  /** The origins whose pages may call. */
  readonly corsOrigins: CorsOrigins;
  /** What the names of SCIM's groups and roles stand for, by the name in lower case. */
  readonly scimRoleNames: RoleNames;
  readonly controlHostname: string | null;
  /** Where `/-/errors/` is served; `null` for the host of the request. */
  readonly publicOrigin: string | null;
  /** Where GitHub publishes the keys that it signs reports of leaked keys with. */
  readonly githubKeysUrl: string;
}

/** A setting that cannot be used; the message begins with the variable's name. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads the settings from variables, or throws a {@link ConfigError} that names the first bad one. */
export function readConfig(variables: Readonly<Record<string, unknown>>): Config {
  const padded = SETTINGS.find((name) => isPadded(name, variables[name]));
  if (padded !== undefined) {
    throw new ConfigError(
      `${padded} must have no white space around it (is ${shown(padded, variables[padded])})`,
    );
  }
  const parsed = Variables.safeParse(variables);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    throw new ConfigError(
      `${name} ${problemWith(variables[name], issue)} (is ${shown(name, variables[name])})`,
    );
  }
  const v = parsed.data;
  const publicHost = v.PUBLIC_ORIGIN && new URL(v.PUBLIC_ORIGIN).hostname;
  if (publicHost && v.CONTROL_HOSTNAME && publicHost !== v.CONTROL_HOSTNAME) {
    throw new ConfigError(
      `PUBLIC_ORIGIN must be on CONTROL_HOSTNAME (is ${JSON.stringify(v.PUBLIC_ORIGIN)})`,
    );
  }
  const identity = identitySettings(v);
  const conflict = conflictIn(identity);
  if (conflict !== null) throw new ConfigError(conflict);
  const stray = strayRole(identity);
  if (stray !== undefined) {
    throw new ConfigError(
      `OIDC_ROLE_NAMES must stand for roles or names of operators, not for ${JSON.stringify(stray)} (is ${JSON.stringify(variables["OIDC_ROLE_NAMES"])})`,
    );
  }
  if (v.ORIGIN_ASSERTION === "off" && v.ORIGIN_IDENTITY === "assertion") {
    throw new ConfigError(`ORIGIN_ASSERTION must not be off where ORIGIN_IDENTITY is "assertion" (is "off")`);
  }
  const origins = readOrigins(v.ORIGIN_URL, v.ORIGINS, variables);
  if (isRefusal(origins)) throw new ConfigError(problemOf(origins));
  return {
    origin: origins.main,
    origins: origins.others,
    originTimeoutMs: v.ORIGIN_TIMEOUT_MS,
    maxBodyBytes: v.MAX_BODY_BYTES,
    identity,
    rolesMaxAgeMs: v.OIDC_ROLES_MAX_AGE,
    client: {
      id: v.OIDC_CLIENT_ID,
      secret: v.OIDC_CLIENT_SECRET,
      scope: v.OIDC_SCOPE,
      resource: v.OIDC_RESOURCE,
      authorizeParams: v.OIDC_AUTHORIZE_PARAMS,
      mfaRequest: v.OIDC_MFA_REQUEST,
    },
    keyPrefix: v.KEY_PREFIX,
    keyPrefixes: [...new Set([v.KEY_PREFIX, ...v.KEY_PREFIXES_ACCEPTED])],
    importedKeys: v.IMPORTED_KEYS,
    defaultKeyExpiryMs: v.DEFAULT_KEY_EXPIRY,
    auditRetentionMs: v.AUDIT_RETENTION,
    maxKeysPerOwner: v.MAX_KEYS_PER_OWNER,
    leaseMs: v.ADMISSION_LEASE_MS,
    leaseMaxMs: Math.max(v.ADMISSION_LEASE_MS, v.ADMISSION_LEASE_MAX_MS),
    leaseSlackMs: v.LEASE_SLACK_MS,
    requestLog: v.REQUEST_LOG,
    serverTiming: v.SERVER_TIMING,
    connectionCheckMs: v.CONNECTION_CHECK_MS,
    rateLimit: { requests: v.RATE_LIMIT_REQUESTS, windowSeconds: v.RATE_LIMIT_WINDOW_S },
    tokensPerMinute: v.TOKENS_PER_MINUTE,
    signingKeyLifetimeMs: v.SIGNING_KEY_LIFETIME,
    originAudience: v.ORIGIN_AUDIENCE,
    originIdentity: v.ORIGIN_ASSERTION === "off" ? "headers" : v.ORIGIN_IDENTITY,
    corsOrigins: v.CORS_ORIGINS,
    scimRoleNames: v.SCIM_ROLE_NAMES,
    controlHostname: v.CONTROL_HOSTNAME,
    publicOrigin: v.PUBLIC_ORIGIN ?? (v.CONTROL_HOSTNAME && `https://${v.CONTROL_HOSTNAME}`),
    githubKeysUrl: v.GITHUB_SECRET_SCANNING_KEYS_URL,
  };
}

/** Lists and JSON, in which white space means nothing. */
const SPACED = [
  "CORS_ORIGINS", "KEY_PREFIXES_ACCEPTED", "OIDC_AUTHORIZE_PARAMS", "OIDC_MFA", "OIDC_MFA_REQUEST",
  "OIDC_OPERATORS", "OIDC_ROLE_NAMES", "ORIGINS", "SCIM_ROLE_NAMES",
]; // prettier-ignore

function isPadded(name: string, value: unknown): boolean {
  return typeof value === "string" && value.trim() !== value && !SPACED.includes(name);
}

/** What a name of the provider is translated into and is nothing here. */
function strayRole({ roleNames, operators }: IdentitySettings): string | undefined {
  const operating = [OPERATOR_SCOPE, ...operators].map(foldName);
  const meant = [...roleNames.values()].flat();
  return meant.find((role) => !isRole(role) && !operating.includes(foldName(role)));
}

/** What of the settings of leases says something else than it does, for who deploys them; `null` if nothing. */
export function leaseConflict({ leaseMs, leaseSlackMs }: Config, longest: string | undefined): string | null {
  if (longest !== undefined && leaseMs > Number(longest)) {
    return `ADMISSION_LEASE_MS must not be longer than ADMISSION_LEASE_MAX_MS (is ${leaseMs}, and ${longest})`;
  }
  return leaseMs > 0 && leaseSlackMs >= leaseMs
    ? `LEASE_SLACK_MS must be less than ADMISSION_LEASE_MS, or no lease is ever used (is ${leaseSlackMs}, and ${leaseMs})`
    : null;
}

function identitySettings(v: z.output<typeof Variables>): IdentitySettings {
  return {
    issuer: v.OIDC_ISSUER,
    audience: v.OIDC_AUDIENCE,
    clientId: v.OIDC_CLIENT_ID,
    subjectClaim: v.OIDC_SUBJECT_CLAIM,
    orgClaim: v.OIDC_ORG_CLAIM,
    organization: v.OIDC_ORG === "" ? null : v.OIDC_ORG,
    rolesClaim: v.OIDC_ROLES_CLAIM,
    roleNames: v.OIDC_ROLE_NAMES,
    emailClaim: v.OIDC_EMAIL_CLAIM,
    nameClaim: v.OIDC_NAME_CLAIM,
    operators: v.OIDC_OPERATORS,
    secondFactors: v.OIDC_MFA,
  };
}

function problemWith(value: unknown, issue: z.core.$ZodIssue | undefined): string | undefined {
  if (value === undefined) return "is required";
  if (typeof value !== "string") return "must be a text, in quotes";
  // Of an optional setting the first alternative is only the empty string.
  return issue?.code === "invalid_union" ? issue.errors.at(-1)?.at(-1)?.message : issue?.message;
}

/** A value as a message shows it: no secret, and of a URL no user name and password. */
function shown(name: string, value: unknown): string {
  return isSecret(name) ? "a secret" : withoutPasswords(JSON.stringify(value) ?? "undefined");
}

/** A text with `…` for what stands before the `@` of its URLs. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/(?<=\/\/)[^/\s]*@/g, "…@");
}
