import { webhookUrlProblem } from "../core/organization/webhook.ts";
import { ConfigError, readConfig } from "../settings.ts";
import { datasetProblems } from "./dataset.ts";
import { hostsOf, patternsOf, varsOf, type Target } from "./configuration.ts";

/** Bindings that the Worker cannot do without; named environments inherit none of them. */
const BINDINGS = ["KEY_RECORDS", "KEY_GUARD", "ORGANIZATION", "DEPLOYMENT", "FAILURES"];
/** What a real value never looks like: zeros, brackets, and words that ask for one. */
const PLACEHOLDER = /^0*$|[<>{}]|your|placeholder|change-?me|replace|todo|xxx/i;
const NAMESPACE_ID = /^[0-9a-f]{32}$/;
/** Names that documents use for examples (RFC 2606, RFC 6761). */
const EXAMPLE_HOST = /(?:^|\.)(?:example|invalid|test|localhost|example\.(?:com|net|org))\.?$/i;
/** The period that the failure limiter counts by, in seconds. */
const FAILURE_PERIOD_S = 60;

/** Everything that is wrong with a target as far as its section of wrangler.toml tells; nothing is asked of anybody. */
export function problemsOf(target: Target): string[] {
  return [
    ...bindingProblems(target),
    ...datasetProblems(target),
    ...variableProblems(target),
    ...routeProblems(target),
    ...observabilityProblems(target),
  ];
}

function bindingProblems(target: Target): string[] {
  const bound = [
    ...target.kv_namespaces.map(({ binding }) => binding),
    ...target.durable_objects.bindings.map(({ name }) => name),
    ...(target.ratelimits ?? []).map(({ name }) => name),
  ];
  const missing = BINDINGS.filter((name) => !bound.includes(name)).map(
    (name) => `${name}: the binding is missing; a named environment inherits none`,
  );
  const namespaces = target.kv_namespaces.flatMap(({ binding, id }) => {
    if (id === undefined || (NAMESPACE_ID.test(id) && !PLACEHOLDER.test(id))) return [];
    return [
      `${binding}: the id ${JSON.stringify(id)} is a placeholder; leave it out, and the namespace is created`,
    ];
  });
  const limiters = (target.ratelimits ?? []).flatMap(({ name, namespace_id: id, simple }) => [
    ...(PLACEHOLDER.test(id) ? [`${name}: namespace_id ${JSON.stringify(id)} is a placeholder`] : []),
    ...(name === "FAILURES" && simple.period !== FAILURE_PERIOD_S
      ? [`${name}: the period must be ${FAILURE_PERIOD_S} (is ${simple.period})`]
      : []),
  ]);
  return [...missing, ...namespaces, ...limiters];
}

function variableProblems(target: Target): string[] {
  const vars = varsOf(target);
  const placeholders = Object.entries(vars)
    .filter(([, value]) => /<[^<>]*>|change-?me|your[-_. ]/i.test(value))
    .map(([name, value]) => `${name}: ${JSON.stringify(value)} is a placeholder`);
  return [...settingProblem(vars), ...placeholders, ...urlProblems(vars, target)];
}

/** What the Worker itself would stop for at its start. */
function settingProblem(vars: Readonly<Record<string, string>>): string[] {
  try {
    readConfig(vars);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message];
  }
}

function urlProblems(vars: Readonly<Record<string, string>>, target: Target): string[] {
  const urls = [
    ...["ORIGIN_URL", "OIDC_ISSUER", "PUBLIC_ORIGIN", "GITHUB_SECRET_SCANNING_KEYS_URL"].map(
      (name) => [name, vars[name] ?? ""] as const,
    ),
    ...originsOf(vars["ORIGINS"]),
  ];
  return urls.flatMap(([name, text]) => {
    if (!URL.canParse(text)) return [];
    const { hostname, protocol } = new URL(text);
    if (EXAMPLE_HOST.test(hostname)) return [`${name}: ${text} is an example`];
    if (protocol !== "https:") return [`${name}: ${text} must be https`];
    const problem = webhookUrlProblem(text.replace(/[{}]/g, ""), { allowLoopback: false, own: [] });
    if (problem !== null) return [`${name}: ${text} cannot be reached from Cloudflare (${problem})`];
    const loops = name.startsWith("ORIGIN") && hostsOf(target).some((host) => covers(host, hostname));
    return loops ? [`${name}: ${text} is a route of the gateway, which would call itself`] : [];
  });
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

function routeProblems(target: Target): string[] {
  const hosts = hostsOf(target);
  if (hosts.length === 0) {
    return ["routes: there is none, so that nobody would reach the gateway under a name of yours"];
  }
  const examples = patternsOf(target).flatMap((pattern, i) =>
    EXAMPLE_HOST.test((hosts[i] ?? "").replace(/^\*\.?/, "")) ? [`routes: ${pattern} is an example`] : [],
  );
  const partial = patternsOf(target).flatMap((pattern) =>
    /\/(?!\*$)./.test(pattern.replace(/^https?:\/\//, ""))
      ? [`routes: ${pattern} leaves out paths; /-/ and the API's own must both reach the gateway`]
      : [],
  );
  const { CONTROL_HOSTNAME: controlHost = "", PUBLIC_ORIGIN: publicOrigin = "" } = varsOf(target);
  const publicHost = URL.canParse(publicOrigin) ? new URL(publicOrigin).hostname : "";
  const unrouted = [
    ["CONTROL_HOSTNAME", controlHost],
    ["PUBLIC_ORIGIN", publicHost],
  ].flatMap(([name, host = ""]) =>
    host === "" || hosts.some((each) => covers(each, host)) ? [] : [`${name}: no route leads to ${host}`],
  );
  const direct =
    target.workers_dev === false
      ? []
      : ["workers_dev: must be false, or the gateway answers under another name, too"];
  return [...examples, ...partial, ...unrouted, ...direct];
}

function covers(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*")) return pattern === host;
  return host.endsWith(pattern.slice(1)) && host !== pattern.slice(1);
}

/** The platform's own lines of invocations hold whole URLs, and no setting of ours is asked for them. */
function observabilityProblems({ observability }: Target): string[] {
  const logged = observability?.enabled === true || observability?.logs?.enabled === true;
  return logged && observability?.logs?.invocation_logs !== false
    ? ["observability: logs.invocation_logs must be false: the platform's invocation logs hold URLs"]
    : [];
}
