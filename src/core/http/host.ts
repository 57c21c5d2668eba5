/** A host name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 9110 section 7.2). */
const HOST = /^(?:[\w.~-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?$/i;
const MAX_PORT = 65_535;

/**
 * Whether the value of `Host` is one. The runtime puts it into the URL of the request as it came, so that one with a
 * slash in it would say what the path is.
 */
export function isHost(value: string): boolean {
  const match = HOST.exec(value);
  return match !== null && Number(match[1] ?? 0) <= MAX_PORT;
}
