import { z } from "zod";
import { readCorsOrigins } from "./core/http/cors.ts";
import { parseDuration } from "./core/duration.ts";
import { identityVariables, roleNames } from "./core/identity/settings.ts";
import { originName } from "./core/http/origins.ts";
import { grantsOf, isNothing } from "./core/scim/roles.ts";

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

/** As it must be written: a parser would mend what is no URL, and let an empty query or fragment pass. */
const WRITTEN_URL = /^https?:\/\/[^\s\\]+$/i;

const httpUrl = z
  .string()
  .refine((text) => WRITTEN_URL.test(text) && URL.canParse(text), "must be an http or https URL")
  .refine((text) => !/^[^/]*\/\/[^/?#]*@/.test(text), "must not hold a user name or password")
  .refine((text) => !/[?#]/.test(text), "must have no query and no fragment")
  .transform((text) => new URL(text).href.replace(/(?<!\/)\/+$/, ""));

const httpOrigin = httpUrl.refine(
  (href) => new URL(href).origin === href,
  "must be an origin, without a path",
);

/** An indicator of a resource (RFC 8707 section 2). */
const absoluteUri = z
  .string()
  .refine(
    (text) => URL.canParse(text) && !/[\s#]/.test(text),
    "must be an absolute URI, without a fragment and white space",
  );

/** Scopes (RFC 6749 section 3.3). */
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: +[\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** A name of the domain name system, or an address (RFC 1123 section 2.1). */
const HOST_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

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

/** Whether a name is a role that can be given. */
export function isRole(name: string): boolean {
  return !isNothing(grantsOf([name], ANY_ROLE));
}

/** Names that stand for roles of SCIM, of which every one must be a role that can be given. */
const scimRoleNames = roleNames.refine(
  (names) => [...names.values()].flat().every(isRole),
  "must stand for roles: admin, developer, <vaultId>:developer or *:developer",
);

const KEY_PREFIX = /^[a-z][a-z0-9]{0,15}$/;

/** From 0 to 1. */
const SHARE = /^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/;

/** Below this people could not work between two sign-ins. */
const MIN_ROLES_MAX_AGE_MS = 60_000;

/** A key needs time to be known before it signs. */
const MIN_SIGNING_KEY_LIFETIME_MS = 3_600_000;

export const Variables = z.object({
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
      (text) => SCOPES.test(text) && text.split(" ").includes("openid"),
      "must be scopes separated by spaces, openid among them",
    )
    .default("openid profile email"),
  OIDC_RESOURCE: optional(absoluteUri),
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
    z.string().regex(HOST_NAME, "must be a host name in lower case, without a port"),
  ),
  PUBLIC_ORIGIN: optional(httpOrigin),
  GITHUB_SECRET_SCANNING_KEYS_URL: httpUrl.default("https://api.github.com/meta/public_keys/secret_scanning"),
});
