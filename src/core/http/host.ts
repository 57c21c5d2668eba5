/** A host name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 9110 section 7.2). */
const HOST = /^(?:[\w.~-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?$/i;
const MAX_PORT = 65_535;

/**
 * Whether a `Host` value is well-formed. The runtime puts it into the request's URL as it came, where a slash in it would
 * begin the path.
 */
export function isHost(value: string): boolean {
  const match = HOST.exec(value);
  return match !== null && Number(match[1] ?? 0) <= MAX_PORT;
}
