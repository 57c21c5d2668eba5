import { routesOf, varsOf, type Target } from "./configuration.ts";

/** Names that documents use for examples (RFC 2606, RFC 6761). */
const EXAMPLE_HOST = /(?:^|\.)(?:example|invalid|test|localhost|example\.(?:com|net|org))\.?$/i;

export function isExampleHost(host: string): boolean {
  return EXAMPLE_HOST.test(host);
}

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
  const own = routes.flatMap(({ pattern, host, takesAll }) => {
    if (isExampleHost(host.replace(/^\*\.?/, ""))) return [`routes: ${pattern} is an example`];
    if (!host.includes(".")) return [`routes: ${pattern} names no host of yours`];
    if (host.endsWith(".workers.dev")) return [`routes: ${pattern} is no name of yours`];
    return takesAll
      ? []
      : [`routes: ${pattern} leaves out paths, or https; /-/ and the API's own must both reach the gateway`];
  });
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
  return [...own, ...unrouted, ...direct];
}
