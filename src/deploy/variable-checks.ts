import { isLoopbackUrl, webhookUrlProblem } from "../core/organization/webhook.ts";
import { ConfigError, isSecret, leaseConflict, readConfig, SETTINGS, withoutPasswords } from "../settings.ts";
import { DOCUMENT_VARS, hostsOf, plainHost, varsOf, type Target } from "./configuration.ts";
import { exampleIn, isExampleHost, isMadeUp, isPlaceholder } from "./placeholder.ts";
import { covers } from "./route-checks.ts";

type Vars = Readonly<Record<string, string>>;

/** What stands for a part of a URL. */
const TEMPLATE = /[{}]|%7[bd]/i;
/** Settings that are one URL each. */
const URLS = ["ORIGIN_URL", "OIDC_ISSUER", "PUBLIC_ORIGIN", "GITHUB_SECRET_SCANNING_KEYS_URL"];
/** Settings of which every part is a name or an id of the deployment's own. */
const OWN_NAMES: readonly string[] = [
  ...URLS,
  ..."ORIGINS ORIGIN_AUDIENCE CORS_ORIGINS CONTROL_HOSTNAME KEY_PREFIX".split(" "),
  ..."OIDC_CLIENT_ID OIDC_AUDIENCE OIDC_RESOURCE OIDC_ORG OIDC_AUTHORIZE_PARAMS".split(" "),
];

/** What is wrong with the target's variables. */
export function variableProblems(target: Target): string[] {
  const vars = varsOf(target);
  return [
    ...settingProblem(target.vars),
    ...nameProblems(vars),
    ...Object.entries(vars).flatMap(([name, value]) => placeholderProblem(name, value) ?? []),
    ...urlProblems(vars, target),
    ...corsProblems(vars, target),
  ];
}

/** URLs are looked at by themselves, too; in other texts an example may stand anywhere. */
function placeholderProblem(name: string, value: string): string | null {
  if (URLS.includes(name) && TEMPLATE.test(value)) return null;
  const isMeant = OWN_NAMES.includes(name) ? isMadeUp : isPlaceholder;
  if (isMeant(value) || SETTINGS.includes(value)) return `${name}: ${JSON.stringify(value)} is a placeholder`;
  const example = URLS.includes(name) || name === "ORIGINS" ? null : exampleIn(value);
  return example === null ? null : `${name}: ${example} is an example`;
}

/** Pages under development may call where it is tried out, and nowhere else pages that anybody on their way may change. */
function corsProblems({ CORS_ORIGINS: origins = "" }: Vars, { targetEnvironment }: Target): string[] {
  const plain = origins.split(",").filter((origin) => /^\s*http:/i.test(origin));
  return plain
    .filter((origin) => targetEnvironment === "production" || !isLoopbackUrl(origin.trim()))
    .map((origin) => `CORS_ORIGINS: ${origin.trim()} must be https`);
}

/** What the Worker itself would stop for at its start, and leases that are not what they seem. */
function settingProblem(vars: Target["vars"]): string[] {
  try {
    const conflict = leaseConflict(readConfig(vars), varsOf({ vars })["ADMISSION_LEASE_MAX_MS"]);
    return conflict === null ? [] : [conflict];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message];
  }
}

function nameProblems(vars: Vars): string[] {
  return Object.keys(vars).flatMap((name) => {
    // An empty one, too: it would stand where the secret is put.
    if (isSecret(name)) return [`${name}: is a secret, and no variable; npx wrangler secret put ${name}`];
    return SETTINGS.includes(name) || DOCUMENT_VARS.includes(name)
      ? []
      : [`${name}: no setting has this name`];
  });
}

function urlProblems(vars: Vars, target: Target): string[] {
  const urls = [...URLS.map((name) => [name, vars[name] ?? ""] as const), ...originsOf(vars["ORIGINS"])];
  return urls.flatMap(([name, text]) => {
    if (!URL.canParse(text)) return [];
    const problem = urlProblem(new URL(text), name === "PUBLIC_ORIGIN" ? [] : hostsOf(target));
    return problem === null ? [] : [`${name}: ${withoutPasswords(text)} ${problem}`];
  });
}

function urlProblem({ href, hostname, pathname, protocol }: URL, own: readonly string[]): string | null {
  if (isExampleHost(hostname)) return "is an example";
  if (TEMPLATE.test(pathname)) return "is a placeholder";
  if (protocol !== "https:") return "must be https";
  const problem = webhookUrlProblem(href, { allowLoopback: false, own: [] });
  if (problem !== null) return `cannot be reached from Cloudflare (${problem})`;
  const loops = own.some((pattern) => covers(pattern, plainHost(hostname)));
  return loops ? "is a route of the gateway, which would call itself" : null;
}

/** The other origins. Another check reports a setting that cannot be read. */
function originsOf(text: string | undefined): (readonly [string, string])[] {
  try {
    const origins = JSON.parse(text || "{}") as Record<string, unknown>;
    return Object.entries(origins).map(([name, url]) => [`ORIGINS ${name}`, String(url)] as const);
  } catch {
    return [];
  }
}
