import ipaddr from "ipaddr.js";
import { invalid, type Result } from "../refusal.ts";

/** 4 octets for IPv4, 16 for IPv6: the length is the family, so the two can never match each other. */
type Octets = readonly number[];

interface Range {
  readonly address: Octets;
  /** `null` for a bare address. */
  readonly prefix: number | null;
}

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const DOTTED = String.raw`${OCTET}(?:\.${OCTET}){3}`;
const IPV4 = new RegExp(`^${DOTTED}$`);
/**
 * What is handed to ipaddr.js, which also takes octal and hex octets, zone ids, and `::8.8.8.8` for `8.8.8.8`: hex
 * groups and at most one strictly decimal tail, which must follow a hex group (the form without one is deprecated,
 * RFC 4291 section 2.5.5.1).
 */
const IPV6 = new RegExp(`^[0-9a-f:]*(?:[0-9a-f]::?${DOTTED})?$`, "i");
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Reads one entry of an allowlist: an IPv4 or IPv6 address, or a CIDR range (RFC 4632) whose host bits are zero.
 *
 * What it gives is the spelling to store (RFC 5952 for IPv6); an IPv4-mapped entry becomes its IPv4 one.
 */
export function parseRange(text: string): Result<string> {
  const range = readRange(text);
  if (typeof range === "string") return invalid(range);
  const { address, prefix } = range;
  if (prefix === null) return formatAddress(address);

  const mask = maskOf(prefix, address.length);
  const network = address.map((octet, i) => octet & (mask[i] ?? 0));
  const canonical = `${formatAddress(network)}/${prefix}`;
  return network.every((octet, i) => octet === address[i])
    ? canonical
    : invalid(`${text} has host bits set; did you mean ${canonical}?`);
}

/**
 * Compiles ranges that {@link parseRange} made canonical into a matcher of client addresses. No range means no
 * restriction; with any range, text that is not an address matches nothing.
 */
export function compileAllowlist(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => true;
  const rules = ranges.map((text) => {
    const range = readRange(text);
    if (typeof range === "string") throw new Error(`An allowlist holds ${text}, which is not canonical`);
    const { address, prefix } = range;
    return { network: address, mask: maskOf(prefix ?? address.length * 8, address.length) };
  });
  return (text) => {
    const address = parseAddress(text);
    if (address === null) return false;
    return rules.some(
      ({ network, mask }) =>
        network.length === address.length &&
        network.every((octet, i) => octet === ((address[i] ?? 0) & (mask[i] ?? 0))),
    );
  };
}

/**
 * What two allowlists have in common, in the spelling that {@link parseRange} made canonical; `null` when no address is
 * in both. No range means no restriction.
 */
export function commonRanges(a: readonly string[], b: readonly string[]): readonly string[] | null {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const common = [...a.filter((range) => isWithin(range, b)), ...b.filter((range) => isWithin(range, a))];
  return common.length === 0 ? null : [...new Set(common)];
}

/** Whether a range lies in one of a list: ranges overlap only where one holds the other. */
function isWithin(text: string, ranges: readonly string[]): boolean {
  const inner = readRange(text);
  if (typeof inner === "string") return false;
  const { address } = inner;
  const bits = inner.prefix ?? address.length * 8;
  return ranges.some((each) => {
    const outer = readRange(each);
    if (typeof outer === "string" || outer.address.length !== address.length) return false;
    const outerBits = outer.prefix ?? address.length * 8;
    const mask = maskOf(outerBits, address.length);
    return (
      outerBits <= bits && outer.address.every((octet, i) => octet === ((address[i] ?? 0) & (mask[i] ?? 0)))
    );
  });
}

/** Prefixes of ranges so large that nobody has one to themselves: 16 million IPv4 addresses, or half a provider's IPv6. */
const WIDE = { 4: 8, 16: 31 } as const;

/** Whether an allowlist is no restriction, or none for one family of addresses. */
export function isOpen(ranges: readonly string[]): boolean {
  return ranges.length === 0 || ranges.some((range) => breadthOf(range) === "all");
}

/** How little a range that {@link parseRange} made canonical restricts: `all` of a family, `wide`, or `null` for neither. */
export function breadthOf(canonical: string): "all" | "wide" | null {
  const range = readRange(canonical);
  if (typeof range === "string" || range.prefix === null) return null;
  if (range.prefix === 0) return "all";
  return range.prefix <= WIDE[range.address.length as keyof typeof WIDE] ? "wide" : null;
}

/** The range as written, host bits included, or its problem. */
function readRange(text: string): Range | string {
  const slash = text.indexOf("/");
  const host = slash === -1 ? text : text.slice(0, slash);
  const address = parseAddress(host);
  if (address === null) return "This is not an IPv4 or IPv6 address or CIDR range in its standard notation";
  if (slash === -1) return { address, prefix: null };

  const written = text.slice(slash + 1);
  const writtenBits = host.includes(":") ? 128 : 32;
  if (!PREFIX.test(written) || Number(written) > writtenBits) {
    return `The prefix length must be a number from 0 to ${writtenBits}`;
  }
  // An IPv4-mapped range is written in the 128 bits of IPv6 and holds in the 32 bits of IPv4.
  const prefix = Number(written) - (writtenBits - address.length * 8);
  return prefix < 0 ? "An IPv4-mapped range needs a prefix length of at least 96" : { address, prefix };
}

/** An address in its standard notation, else `null`. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is its IPv4 address. */
export function parseAddress(text: string): Octets | null {
  if (IPV4.test(text)) return text.split(".").map(Number);
  if (!IPV6.test(text) || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).toByteArray();
}

export function formatAddress(address: Octets): string {
  return ipaddr.fromByteArray([...address]).toString();
}

function maskOf(prefix: number, length: number): Octets {
  return Array.from({ length }, (_, i) => {
    const bits = Math.min(Math.max(prefix - i * 8, 0), 8);
    return (0xff00 >> bits) & 0xff;
  });
}

/** Whether an allowlist lets through every address that another one does; both as {@link parseRange} makes them. */
export function allowlistCovers(outer: readonly string[], inner: readonly string[]): boolean {
  const held = spansOf(outer);
  return spansOf(inner).every(({ bits, first, last }) =>
    held.some((span) => span.bits === bits && span.first <= first && last <= span.last),
  );
}

/** Addresses of one family, the first and the last of them as numbers. */
interface Span {
  readonly bits: number;
  readonly first: bigint;
  readonly last: bigint;
}

const EVERYWHERE = ["0.0.0.0/0", "::/0"];

/** The ranges in order, those that touch joined. */
function spansOf(ranges: readonly string[]): Span[] {
  const spans: Span[] = [];
  const ordered = (ranges.length === 0 ? EVERYWHERE : ranges).flatMap(spanOf);
  for (const span of ordered.toSorted((a, b) => a.bits - b.bits || (a.first < b.first ? -1 : 1))) {
    const before = spans.at(-1);
    if (before?.bits === span.bits && span.first <= before.last + 1n) {
      spans[spans.length - 1] = { ...before, last: span.last > before.last ? span.last : before.last };
    } else {
      spans.push(span);
    }
  }
  return spans;
}

function spanOf(text: string): Span[] {
  const range = readRange(text);
  if (typeof range === "string") return [];
  const bits = range.address.length * 8;
  const first = range.address.reduce((number, octet) => (number << 8n) | BigInt(octet), 0n);
  return [{ bits, first, last: first + (1n << BigInt(bits - (range.prefix ?? bits))) - 1n }];
}
