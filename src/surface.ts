import { isHost } from "./core/http/host.ts";

export type Surface = "gateway" | "control" | "console" | "nowhere";

const OWN_PATH = /^[a-z]+:\/\/[^/]+\/(-|\.well-known)\//;
/** Where a host describes itself as an authorization server (RFC 8414 section 3). */
const AUTHORIZATION_SERVER = /^[a-z]+:\/\/[^/]+\/\.well-known\/oauth-authorization-server(?=\?|$)/;
const CONSOLE_PATH = /^[a-z]+:\/\/[^/]+\/-\/console(?=[/?#]|$)/;
/** A host in any spelling that names the same one: letter case, a dot at the end and the port do not count. */
const HOST = /^[a-z]+:\/\/(?:[^/@]*@)?([^/:@]+?|\[[^\]]+\])\.?(:\d*)?(?=\/)/;

/**
 * Which part of the Worker a request belongs to. One whose `Host` is malformed, and so may be about any path, goes to the
 * gateway, which refuses it.
 */
export function surfaceFor({ url, headers }: Request, controlHostname: string | null): Surface {
  const host = headers.get("Host");
  return host === null || isHost(host) ? surfaceOf(url, controlHostname) : "gateway";
}

/**
 * Which part of the Worker a URL belongs to. `/-/` and `/.well-known/` are its own, every other path is the
 * origin's. A control host, when there is one, has `/-/` to itself and nothing else but the description of the
 * authorization server that it is.
 */
export function surfaceOf(url: string, controlHostname: string | null): Surface {
  const own = OWN_PATH.exec(url)?.[1];
  if (controlHostname === null) return own === undefined ? "gateway" : ownSurface(url);
  const onControlHost = isOnHost(url, controlHostname);
  if (own === "-") return onControlHost ? ownSurface(url) : "nowhere";
  if (onControlHost) return AUTHORIZATION_SERVER.test(url) ? "control" : "nowhere";
  return own === undefined ? "gateway" : "control";
}

function ownSurface(url: string): "console" | "control" {
  return CONSOLE_PATH.test(url) ? "console" : "control";
}

/** Whether a URL is on a host, of any port. */
export function isOnHost(url: string, hostname: string): boolean {
  return HOST.exec(url)?.[1]?.toLowerCase() === hostname;
}
