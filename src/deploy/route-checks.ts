import { plainHost, routesOf, varsOf, type Route, type Target } from "./configuration.ts";
import { isExampleHost, isGivenId, isMadeUp } from "./placeholder.ts";

/** Whether requests to a host reach a route's host, in which a `*` in front stands for anything. */
export function covers(pattern: string, host: string): boolean {
  return pattern.startsWith("*") ? host.endsWith(pattern.slice(1)) : pattern === host;
}

/** What is wrong with the names under which the gateway answers. */
export function routeProblems(target: Target): string[] {
  const routes = routesOf(target);
  const direct = [
    ...(target.workers_dev === false
      ? []
      : ["workers_dev: must be false, or the gateway answers under another name, too"]),
    ...(target.preview_urls === true
      ? ["preview_urls: must be false, or the gateway answers under other names, too"]
      : []),
  ];
  if (routes.length === 0) {
    return ["routes: there is none, so that nobody would reach the gateway under a name of yours", ...direct];
  }
  const own = routes.flatMap((route) => [nameProblem(route) ?? [], zoneProblem(route) ?? []].flat());
  const { CONTROL_HOSTNAME: controlHost = "", PUBLIC_ORIGIN: publicOrigin = "" } = varsOf(target);
  const publicHost = URL.canParse(publicOrigin) ? new URL(publicOrigin).hostname : "";
  const unrouted = [
    ["CONTROL_HOSTNAME", controlHost],
    ["PUBLIC_ORIGIN", publicHost],
  ].flatMap(([name, host = ""]) =>
    host === "" || routes.some((each) => covers(each.host, host))
      ? []
      : [`${name}: no route leads to ${host}`],
  );
  return [...workerNameProblem(target), ...own, ...unrouted, ...direct];
}

/** A label of a host, as DNS has them, in any script. */
const LABEL = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u;

/** What Cloudflare would not take as a route's host: it has routes of names alone, with a `*` in front at most. */
function hostProblem({ host, isDomain }: Route): string | null {
  const name = host.replace(/^\*\.?/, "");
  if (isDomain && name !== host) return "is a custom domain, which takes no *";
  if (name.includes("*")) return "has a * that is not at the front of the host";
  if (/:\d*$/.test(name)) return "has a port, which no route takes";
  if (/^[\d.]+$/.test(name) || name.startsWith("[")) return "is an address, which no route takes";
  return name.split(".").every((label) => LABEL.test(label)) ? null : "is no host's name";
}

function nameProblem(route: Route): string | null {
  const { pattern, host, takesAll, isOff, hasPreviews } = route;
  if (isExampleHost(host.replace(/^\*\.?/, ""))) return `routes: ${pattern} is an example`;
  if (isMadeUp(pattern) || /[{}]/.test(pattern)) return `routes: ${pattern} is a placeholder`;
  if (!/[^.*]\.[^.]/.test(host)) return `routes: ${pattern} names no host of yours`;
  const problem = hostProblem(route);
  if (problem !== null) return `routes: ${pattern} ${problem}`;
  if (host.endsWith(".workers.dev")) return `routes: ${pattern} is no name of yours`;
  if (isOff) return `routes: ${pattern} is switched off`;
  if (hasPreviews) return `routes: ${pattern} has previews_enabled, which answer under other names`;
  return takesAll
    ? null
    : `routes: ${pattern} leaves out paths, or https; /-/ and the API's own must both reach the gateway`;
}

function zoneProblem({ pattern, host, zoneName, zoneId }: Route): string | null {
  if (zoneId !== null && !isGivenId(zoneId)) {
    return `routes: the zone_id ${JSON.stringify(zoneId)} of ${pattern} is a placeholder`;
  }
  if (zoneName === null) return null;
  if (isExampleHost(zoneName) || isMadeUp(zoneName)) {
    return `routes: the zone_name ${zoneName} of ${pattern} is a placeholder`;
  }
  const zone = plainHost(zoneName);
  return host.replace(/^\*/, "") === zone || host.endsWith(`.${zone}`)
    ? null
    : `routes: ${pattern} is not in the zone ${zoneName}`;
}

/** Names of Workers in documents and templates. */
const SAMPLE_NAME = /^(?:worker|hello-?world|example|sample|test|demo)(?:-(?:staging|production))?$/i;

function workerNameProblem({ name = "" }: Target): string[] {
  return SAMPLE_NAME.test(name) || isMadeUp(name) ? [`name: ${JSON.stringify(name)} is a placeholder`] : [];
}
