import ipaddr from "ipaddr.js";
import { isoTime } from "../iso-time.ts";

/**
 * Webhooks by the Standard Webhooks specification (https://www.standardwebhooks.com): an organisation names one
 * endpoint, which receives its key events. Times are milliseconds since the epoch.
 */

export const KEY_EVENTS = [
  "api_key.created",
  "api_key.expiring",
  "api_key.expired",
  "api_key.revoked",
  "api_key.leaked",
] as const;
export type KeyEventType = (typeof KEY_EVENTS)[number];
export const TEST_EVENT = "webhook.test";
export type WebhookEventType = KeyEventType | typeof TEST_EVENT;

/** The endpoint of an organisation, without its secret. */
export interface WebhookEndpoint {
  readonly url: string;
  readonly description: string | null;
  readonly disabled: boolean;
  /** Why it was disabled without anybody asking for it; `null` otherwise. */
  readonly disabledReason: string | null;
  /** Until when messages are signed with the secret before, too. */
  readonly previousSecretUntil: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface WebhookDraft {
  readonly url: string;
  readonly description: string | null;
  readonly disabled: boolean;
}

export const DELIVERY_STATUSES = ["pending", "delivered", "failed"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** An event on its way to the endpoint, or what became of it. */
export interface WebhookDelivery {
  /** Grows with time. */
  readonly sequence: number;
  /** The `webhook-id`: the same at every attempt. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly keyId: string | null;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** The HTTP status of the last answer; `null` when there was none. */
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: number | null;
  readonly createdAt: number;
}

/** For how long after a new secret messages are signed with the one before as well. */
export const SECRET_OVERLAP_MS = 86_400_000;

/** A secret of 32 bytes in the specification's form. */
export function generateWebhookSecret(): string {
  return `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
}

/** The body of a message; `timestamp` is when the event happened. */
export function webhookPayload(type: WebhookEventType, data: object, at: number): string {
  return JSON.stringify({ type, timestamp: isoTime(at), data });
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** What the specification recommends: ten attempts within three days and some hours. */
const RETRY_DELAYS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
const JITTER = 0.1;
const MAX_RETRY_AFTER_MS = 24 * HOUR;

/**
 * When to try again after so many failed attempts; `null` when it is to be given up. `random` (0 to 1) spreads
 * retries; an endpoint that names a time to wait (`Retry-After`) is not asked earlier.
 */
export function nextAttemptAt(
  attempts: number,
  now: number,
  random: number,
  retryAfterMs: number | null,
): number | null {
  const delay = RETRY_DELAYS_MS[attempts - 1];
  if (delay === undefined) return null;
  const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  return now + Math.round(Math.max(delay * (1 + JITTER * random), asked));
}

/** Names that only resolve inside of a network, or nowhere (RFC 6761, 7686, 8375, 9476, hosts files, routers). */
const LOCAL_NAME =
  /(?:^|\.)(?:alt|corp|home|home\.arpa|internal|intranet|invalid|lan|local|localdomain\d*|localhost\d*|ip6-localhost|ip6-loopback|onion|private|svc|docker|consul|test|workgroup|fritz\.box)\.?$/i;

/** Whether a URL leads to this very machine. */
export function isLoopbackUrl(text: string): boolean {
  const host = URL.canParse(text) ? new URL(text).hostname : "";
  return host === "localhost" || addressOf(host)?.range() === "loopback";
}

/**
 * Public names that lead into a network: to this machine, to what a cloud tells its machines, or to any address that
 * stands in the name. There are always more, since anybody may give a name of theirs such an address: what keeps messages
 * out of networks is where they are sent from (`src/docs/admins.md`), and this tells of a mistake early.
 */
const INWARD_NAMES = `nip.io sslip.io xip.io xip.name ipq.co traefik.me plex.direct ui.direct 1u.ms rbndr.us
  local-ip.co local-ip.sh local-ip.medicmobile.org backname.io ip6.name my-ip.io localtest.me lvh.me vcap.me fuf.me
  localho.st localhost.direct local.gd lacolhost.com loopback.jp smackaho.st yoogle.com lndo.site ddev.site
  docksal.site metadata.goog`.split(/\s+/);
/** Of the public addresses, one that a cloud answers its own machines at (Azure's WireServer). */
const INWARD_ADDRESSES: readonly string[] = ["168.63.129.16"];

/**
 * What is wrong with an endpoint's URL, or `null`. Only https to a public host will do, and to none of `own`, the URLs of
 * the gateway and of the APIs behind it; with `allowLoopback`, plain http to this very machine, to try things out.
 */
export function webhookUrlProblem(
  text: string,
  { allowLoopback, own }: { readonly allowLoopback: boolean; readonly own: readonly string[] },
): string | null {
  if (!URL.canParse(text) || /\p{Cc}/u.test(text)) return "Must be a URL";
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return "Must not hold a user name or password";
  if (url.hash !== "") return "Must have no fragment";
  if (own.some((each) => leadsTo(url, new URL(each)))) {
    return "Must not lead to the gateway, nor to the API behind it";
  }
  if (url.protocol === "http:" && allowLoopback && isLoopbackUrl(text)) return null;
  if (url.protocol !== "https:") return "Must be an https URL";
  return isPublicHost(url.hostname) ? null : "Must lead to a public host";
}

/** The settings that tell where a webhook may lead. */
interface Surroundings {
  readonly identity: { readonly issuer: string };
  readonly origin: { readonly url: string };
  readonly origins: ReadonlyMap<string, { readonly url: string }>;
  readonly publicOrigin: string | null;
  readonly controlHostname: string | null;
}

/**
 * What a deployment lets a webhook's URL be. Plain http is for trying things out, where the identity provider is on this
 * machine, too.
 */
export function webhookBounds({ identity, origin, origins, publicOrigin, controlHostname }: Surroundings) {
  const own = [origin.url, ...[...origins.values()].map(({ url }) => url)];
  if (publicOrigin !== null) own.push(publicOrigin);
  if (controlHostname !== null) own.push(`https://${controlHostname}`);
  return { allowLoopback: isLoopbackUrl(identity.issuer), own };
}

/** Whether a URL is on a server's host, on any port; on the local machine, under whichever name, on the same port. */
function leadsTo(url: URL, server: URL): boolean {
  if (isLoopbackUrl(server.href)) return isLoopbackUrl(url.href) && url.port === server.port;
  const host = ({ hostname }: URL) => hostname.replace(/\.$/, "");
  return host(url) === host(server);
}

function isPublicHost(host: string): boolean {
  const address = addressOf(host);
  if (address === null) return !isLocalName(host);
  if (INWARD_ADDRESSES.includes(address.toString())) return false;
  return address.range() === "unicast" && (address.kind() === "ipv4" || address.match(GLOBAL_UNICAST));
}

function isLocalName(host: string): boolean {
  const name = `.${host.toLowerCase().replace(/\.$/, "")}`;
  return (
    LOCAL_NAME.test(host) ||
    INWARD_NAMES.some((each) => name.endsWith(`.${each}`)) ||
    !/[^.]\.[^.]/.test(host)
  );
}

/** All that IPv6 addresses of public hosts are taken from so far (RFC 4291 section 2.4, IANA). */
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");

/** A host's address, an IPv4-mapped one as its IPv4 address; `null` for a name. */
function addressOf(host: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const address = host.replace(/^\[|\]$/g, "");
  return ipaddr.isValid(address) ? ipaddr.process(address) : null;
}
