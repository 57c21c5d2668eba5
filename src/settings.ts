import { z } from "zod";
import { isRefusal, problemOf } from "./core/refusal.ts";
import { readCorsOrigins, type CorsOrigins } from "./core/http/cors.ts";
import { parseDuration } from "./core/duration.ts";
import {
  conflictIn,
  identityVariables,
  roleNames,
  type AuthorizeParameters,
  type IdentitySettings,
} from "./core/identity/settings.ts";
import type { RateLimit as KeyRateLimit } from "./core/key/key-record.ts";
import { originName, readOrigins, type Origin } from "./core/http/origins.ts";
import { grantsOf, isNothing, type RoleNames } from "./core/scim/roles.ts";

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

const httpUrl = z
  .string()
  .transform((text) => (URL.canParse(text) ? new URL(text) : null))
  .refine((url) => url !== null && /^https?:$/.test(url.protocol), "must be an http or https URL")
  .refine((url) => !url?.username && !url?.password, "must not hold a user name or password")
  .refine((url) => !url?.search && !url?.hash, "must have no query and no fragment")
  .transform((url) => (url as URL).href.replace(/\/$/, ""));

const httpOrigin = httpUrl.refine(
  (href) => new URL(href).origin === href,
  "must be an origin, without a path",
);

const optional = <T extends z.ZodType<unknown, string>>(schema: T) =>
  z.union([z.literal("").transform(() => null), schema]).default(null);

/** A duration in milliseconds. */
const duration = (minMs: number, message: string) =>
  z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== null && ms >= minMs) return ms;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

/** Names, or servers of the document, and the URLs that they lead to; `null` if the text is none of that. */
function readOriginUrls(text: string): Readonly<Record<string, string>> | null {
  if (text.trim() === "") return {};
  try {
    const entries = z.record(z.string().min(1), httpUrl).parse(JSON.parse(text));
    return Object.fromEntries(Object.entries(entries).map(([name, url]) => [originName(name), url]));
  } catch {
    return null;
  }
}

/** Whether `developer` alone is a role is up to the API behind. */
const ANY_ROLE = { roleNames: new Map<string, string[]>(), hasVaults: false };
/** Names that stand for roles of SCIM, of which every one must be a role that can be given. */
const scimRoleNames = roleNames.refine(
  (names) => [...names.values()].flat().every((role) => !isNothing(grantsOf([role], ANY_ROLE))),
  "must stand for roles: admin, developer, <vaultId>:developer or *:developer",
);

const KEY_PREFIX = /^[a-z][a-z0-9]{0,15}$/;

/** From 0 to 1. */
const SHARE = /^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/;

/** Below this people could not work between two sign-ins. */
const MIN_ROLES_MAX_AGE_MS = 60_000;

/** A key needs time to be known before it signs. */
const MIN_SIGNING_KEY_LIFETIME_MS = 3_600_000;

const Variables = z.object({
  ORIGIN_URL: httpUrl,
  ORIGIN_TIMEOUT_MS: wholeNumber(1, 600_000).default(30_000),
  MAX_BODY_BYTES: wholeNumber(0, 1_073_741_824).default(10_485_760),
  // As written: the `iss` claim must equal it, a trailing slash included.
  OIDC_ISSUER: z.string().refine((text) => httpUrl.safeParse(text).success, "must be an http or https URL"),
  OIDC_AUDIENCE: z.string().min(1, "must not be empty").default("portcullis"),
  OIDC_CLIENT_ID: z.string().min(1, "must not be empty").default("portcullis-console"),
  OIDC_CLIENT_SECRET: optional(z.string()),
  OIDC_SCOPE: z
    .string()
    .refine(
      (text) => text.split(" ").includes("openid"),
      "must be scopes separated by spaces, openid among them",
    )
    .default("openid profile email"),
  OIDC_RESOURCE: optional(z.string()),
  ...identityVariables,
  OIDC_ROLES_MAX_AGE: optional(duration(MIN_ROLES_MAX_AGE_MS, "must be a duration of at least 1m, like 30d")),
  KEY_PREFIX: z
    .string()
    .regex(KEY_PREFIX, "must be 1 to 16 lower-case letters and digits, a letter first")
    .default("fkc"),
  KEY_PREFIXES_ACCEPTED: z
    .string()
    .default("")
    .transform((text) => (text.trim() === "" ? [] : text.split(",").map((prefix) => prefix.trim())))
    .refine(
      (prefixes) => prefixes.every((prefix) => KEY_PREFIX.test(prefix)),
      "must be prefixes of 1 to 16 lower-case letters and digits, a letter first, separated by commas",
    ),
  IMPORTED_KEYS: optional(z.enum(["on", "off"], "must be on or off")),
  DEFAULT_KEY_EXPIRY: duration(1, "must be a duration like 30d, 12h or 1y").default(31_536_000_000),
  AUDIT_RETENTION: duration(1, "must be a duration like 400d, 1y or 12h").default(400 * 86_400_000),
  MAX_KEYS_PER_OWNER: wholeNumber(1, 100_000).default(20),
  ADMISSION_LEASE_MS: wholeNumber(0, 60_000).default(200),
  ADMISSION_LEASE_MAX_MS: wholeNumber(0, 60_000).default(1000),
  LEASE_SLACK_MS: wholeNumber(0, 10_000).default(20),
  REQUEST_LOG: z
    .string()
    .transform((text) =>
      text === "all" ? 1 : text === "refused" ? 0 : SHARE.test(text) ? Number(text) : null,
    )
    .refine((share) => share !== null, "must be all, refused, or a share of requests such as 0.01")
    .default(1),
  SERVER_TIMING: z
    .enum(["on", "off"], "must be on or off")
    .default("off")
    .transform((text) => text === "on"),
  CONNECTION_CHECK_MS: wholeNumber(100, 600_000).default(5000),
  RATE_LIMIT_REQUESTS: wholeNumber(1, 1_000_000_000).default(1000),
  RATE_LIMIT_WINDOW_S: wholeNumber(1, 2_678_400).default(60),
  TOKENS_PER_MINUTE: wholeNumber(1, 1_000_000).default(60),
  SIGNING_KEY_LIFETIME: duration(
    MIN_SIGNING_KEY_LIFETIME_MS,
    "must be a duration of at least 1h, like 90d",
  ).default(7_776_000_000),
  ORIGINS: z
    .string()
    .default("")
    .transform(readOriginUrls)
    .refine((urls) => urls !== null, "must be a JSON object of names and http or https URLs"),
  ORIGIN_AUDIENCE: optional(z.string()),
  // What there was before ORIGIN_IDENTITY: "off" is its "headers".
  ORIGIN_ASSERTION: z.enum(["on", "off"], "must be on or off").default("on"),
  ORIGIN_IDENTITY: z
    .enum(["both", "assertion", "headers"], "must be both, assertion or headers")
    .default("both"),
  CORS_ORIGINS: z
    .string()
    .default("")
    .transform(readCorsOrigins)
    .refine(
      (origins) => origins !== null,
      "must be * or origins like https://app.example.com, separated by commas",
    ),
  SCIM_ROLE_NAMES: scimRoleNames.default(new Map()),
  CONTROL_HOSTNAME: optional(
    z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be a host name in lower case, without a port"),
  ),
  PUBLIC_ORIGIN: optional(httpOrigin),
  GITHUB_SECRET_SCANNING_KEYS_URL: httpUrl.default("https://api.github.com/meta/public_keys/secret_scanning"),
});

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
  /** The longest lease that a guard gives, unless {@link leaseMs} is longer. */
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
  const parsed = Variables.safeParse(variables);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    const problem = variables[name] === undefined ? "is required" : (unionMessage(issue) ?? issue?.message);
    throw new ConfigError(`${name} ${problem} (is ${JSON.stringify(variables[name])})`);
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
    leaseMaxMs: v.ADMISSION_LEASE_MAX_MS,
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

/** The message of the last alternative of an optional setting: the first is only the empty string. */
function unionMessage(issue: z.core.$ZodIssue | undefined): string | undefined {
  return issue?.code === "invalid_union" ? issue.errors.at(-1)?.at(-1)?.message : undefined;
}
