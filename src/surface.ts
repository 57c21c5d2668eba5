export type Surface = "gateway" | "control" | "nowhere";

const OWN_PATH = /^[a-z]+:\/\/[^/]+\/(-|\.well-known)\//;
/** Where a host describes itself as an authorization server (RFC 8414 section 3). */
const AUTHORIZATION_SERVER = /^[a-z]+:\/\/[^/]+\/\.well-known\/oauth-authorization-server$/;
/** A host in any spelling that names the same one: letter case, a dot at the end and the port do not count. */
const HOST = /^[a-z]+:\/\/(?:[^/@]*@)?([^/:@]+?|\[[^\]]+\])\.?(:\d*)?(?=\/)/;

/**
 * Which part of the Worker a URL belongs to. `/-/` and `/.well-known/` are its own, every other path is the
 * origin's. A control host, when there is one, has `/-/` to itself and nothing else but the description of the
 * authorization server that it is.
 */
export function surfaceOf(url: string, controlHostname: string | null): Surface {
  const own = OWN_PATH.exec(url)?.[1];
  if (controlHostname === null) return own === undefined ? "gateway" : "control";
  const onControlHost = HOST.exec(url)?.[1]?.toLowerCase() === controlHostname;
  if (own === "-") return onControlHost ? "control" : "nowhere";
  if (onControlHost) return AUTHORIZATION_SERVER.test(url) ? "control" : "nowhere";
  return own === undefined ? "gateway" : "control";
}
