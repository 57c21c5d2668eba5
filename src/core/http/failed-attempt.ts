import { formatAddress, parseAddress } from "../key/ip-allowlist.ts";
import type { Refusal } from "../refusal.ts";
import type { RefusalCode } from "../refusal-table.ts";

/** Refusals of callers who have not shown a right secret: those may be guessing. */
const UNPROVEN: readonly RefusalCode[] = [
  "credential_missing",
  "credential_malformed",
  "api_key_invalid",
  "access_token_invalid",
  "identity_token_invalid",
  "signature_invalid",
];

/**
 * Whether a refusal counts against the client's address. A credential that is expired, disabled, revoked or used from
 * the wrong address is refused, too, but with its secret nobody guesses: its owner must not wait once it is enabled again.
 */
export function isFailedAttempt({ code, secretShown }: Refusal): boolean {
  return UNPROVEN.includes(code) && secretShown !== true;
}

/** Octets of an IPv6 address that name one subscriber: everybody has a /64 at least (RFC 6177). */
const SUBSCRIBER_OCTETS = 8;

/** The subscriber that a client's address counts for: IPv6 by its /64, IPv4 as it is, also when written as IPv6. */
export function subscriberOf(address: string): string {
  if (!address.includes(":")) return address;
  const octets = parseAddress(address);
  if (octets === null) return address;
  if (octets.length <= SUBSCRIBER_OCTETS) return formatAddress(octets);
  const network = octets.map((octet, i) => (i < SUBSCRIBER_OCTETS ? octet : 0));
  return `${formatAddress(network)}/${SUBSCRIBER_OCTETS * 8}`;
}
