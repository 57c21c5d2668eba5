import { webhookUrlProblem } from "../core/organization/webhook.ts";
import { ConfigError, isSecret, readConfig, SETTINGS } from "../settings.ts";
import { DOCUMENT_VARS, hostsOf, plainHost, varsOf, type Target } from "./configuration.ts";
import { isPlaceholder } from "./placeholder.ts";
import { covers, isExampleHost } from "./route-checks.ts";

type Vars = Readonly<Record<string, string>>;

/** What is wrong with the target's variables. */
export function variableProblems(target: Target): string[] {
  const vars = varsOf(target);
  const placeholders = Object.entries(vars)
    .filter(([, value]) => isPlaceholder(value))
    .map(([name, value]) => `${name}: ${JSON.stringify(value)} is a placeholder`);
  return [...settingProblem(vars), ...nameProblems(vars), ...placeholders, ...urlProblems(vars, target)];
}

/** What the Worker itself would stop for at its start. */
function settingProblem(vars: Vars): string[] {
  try {
    readConfig(vars);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message];
  }
}

function nameProblems(vars: Vars): string[] {
  return Object.keys(vars).flatMap((name) => {
    if (isSecret(name)) {
      return vars[name] === ""
        ? []
        : [`${name}: is a secret, and no variable; npx wrangler secret put ${name}`];
    }
    return SETTINGS.includes(name) || DOCUMENT_VARS.includes(name)
      ? []
      : [`${name}: no setting has this name`];
  });
}

function urlProblems(vars: Vars, target: Target): string[] {
  const urls = [
    ...["ORIGIN_URL", "OIDC_ISSUER", "PUBLIC_ORIGIN", "GITHUB_SECRET_SCANNING_KEYS_URL"].map(
      (name) => [name, vars[name] ?? ""] as const,
    ),
    ...originsOf(vars["ORIGINS"]),
  ];
  return urls.flatMap(([name, text]) => {
    if (!URL.canParse(text)) return [];
    const problem = urlProblem(new URL(text), name === "PUBLIC_ORIGIN" ? [] : hostsOf(target));
    return problem === null ? [] : [`${name}: ${text} ${problem}`];
  });
}

function urlProblem({ href, hostname, pathname, protocol }: URL, own: readonly string[]): string | null {
  if (isExampleHost(hostname)) return "is an example";
  if (/%7[bd]/i.test(pathname)) return "is a placeholder";
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
