import { ADDRESS_CLAIMS, IDENTITY_CLAIMS, TARGET_CLAIMS } from "./claim-headers.ts";

/**
 * The one list of headers that never pass: from the client to the origin, and from the origin to the client. All others
 * do: cookies but for the console's own, since the gateway takes no credential from them, and `Via` and `CDN-Loop`,
 * since they end loops. In the lists `*` stands for any text, and `?` after a character for its being optional.
 */

/** Headers of one connection, not of the message (RFC 9110 section 7.6.1); framing and `Expect` are such, too. */
const HOP_BY_HOP = [
  "connection",
  "content-length",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-*",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** What only the gateway may say to the origin. `Host` is the origin's own; `Proxy` becomes `HTTP_PROXY` in CGI. */
const OWN = ["authorization", "host", "proxy", "x-portcullis", "x-portcullis-*", "x-request-id"];

/** What the origin says of itself, and what the gateway says in its stead. */
const NOT_FOR_CLIENTS = [
  "ratelimit*",
  "server",
  "set-cookie",
  "x-portcullis-*",
  "x-powered-by",
  "x-ratelimit-*",
  "x-request-id",
];

/** A list that is filtered must come whole and readable: no parts of it, no "not modified", no compression. */
export const NOT_FOR_FILTERED_LISTS = [
  "a-im",
  "accept-encoding",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
] as const;

/** What an origin says of the bytes of a list; untrue once the list has been filtered. */
export const VOID_AFTER_FILTERING = [
  "accept-ranges",
  "content-digest",
  "content-length",
  "content-md5",
  "digest",
  "etag",
  "last-modified",
  "repr-digest",
] as const;

/** Headers by which an origin may tell how many items a list has; `Content-Range` and `Link` are read. */
const COUNTS = [
  "count",
  "*-count",
  "*-counts",
  "*last-page*",
  "num-*",
  "*number-of-*",
  "*pages",
  "*pagination*",
  "*paging*",
  "*-records",
  "*-results",
  "*total*",
  "x-collection-size",
  "x-hits",
  "x-length",
  "x-list-size",
  "x-max-page",
  "x-num-*",
  "x-result-size",
  "x-rows",
  "x-size",
];

/** What gRPC gateways take off a header before they hand it on. */
const GRPC_PREFIX = /^(?:grpc[^a-z0-9]metadata[^a-z0-9])+/;

const BARRED_FROM_ORIGIN = matcher([
  ...HOP_BY_HOP,
  ...OWN,
  ...ADDRESS_CLAIMS,
  ...IDENTITY_CLAIMS,
  ...TARGET_CLAIMS,
]);

const BARRED_FROM_CLIENT = matcher([
  ...HOP_BY_HOP.filter((name) => name !== "content-length"),
  ...NOT_FOR_CLIENTS,
]);

const TELLS_COUNT = matcher(COUNTS);

/** Whether a header of a list tells how many items it has. `name` is in lower case. */
export function tellsCount(name: string): boolean {
  return TELLS_COUNT.test(name);
}

/**
 * Whether a header that a client names may reach the origin. `name` is in lower case. Nothing is remembered of it: one
 * text can list very many.
 */
export function mayReachOrigin(name: string): boolean {
  return !BARRED_FROM_ORIGIN.test(name.replace(GRPC_PREFIX, ""));
}

/** Whether a header that the client sent stays out of the request to the origin. `name` is in lower case. */
export const barredFromOrigin = remember((name) => !mayReachOrigin(name));

/** Whether a header that the origin sent stays out of the answer to the client. `name` is in lower case. */
export const barredFromClient = remember((name) => BARRED_FROM_CLIENT.test(name));

/** Cookies of the console, which lives on the same host: its session must not reach the API behind the gateway. */
const OWN_COOKIE = /(?:^|[;,])\s*(?:__(?:Host|Secure)-)?portcullis-[^;,]*/gi;

/** The separator of two `Cookie` lines, as the runtime joins them, outside quotes. */
const LINE_END = /("[^"]*")|, (?=[!#$%&'*+.^_`|~\w-]+=)/g;

/** What the runtime shows in place of bytes that are no UTF-8. */
const UNREADABLE = "\ufffd";

/**
 * A `Cookie` value for the origin: the lines that the client sent as one (RFC 9113 section 8.2.3), without the console's
 * cookies; empty when there were no others. Otherwise it is as it was.
 *
 * Bytes that are no UTF-8 cannot be written again. A value with such bytes stays as it is; if it also holds cookies of
 * the console, which must not stay, the cookies that have such bytes go with them.
 */
export function cookiesForOrigin(value: string): string {
  const lines = value.replaceAll(LINE_END, (_, quoted: string | undefined) => quoted ?? "; ");
  const others = lines.replace(OWN_COOKIE, "");
  if (!value.includes(UNREADABLE)) return others === lines ? lines : withoutSeparator(others);
  if (others === lines) return value;
  return withoutSeparator(others)
    .split(";")
    .filter((cookie) => !cookie.includes(UNREADABLE))
    .join(";")
    .trimStart();
}

/** Removes the separator that a removed first cookie leaves behind. */
function withoutSeparator(cookies: string): string {
  return cookies.replace(/^[;,\s]+/, "");
}

const TOKEN = /[!#$%&'*+.^_`|~\w-]+/g;

/** The headers that a `Connection` value makes hop-by-hop (RFC 9110 section 7.6.1). */
export function namedByConnection(value: string): readonly string[] {
  return value.match(TOKEN) ?? [];
}

/**
 * One expression for a list of names. Servers in the tradition of CGI turn everything but letters and digits into `_`,
 * so that `X_Real.IP` is `X-Real-IP` to them: any such character counts as a hyphen.
 */
function matcher(names: readonly string[]): RegExp {
  const alternatives = names.map((name) => name.replaceAll("-", "[^a-z0-9]").replaceAll("*", ".*"));
  return new RegExp(`^(?:${alternatives.join("|")})$`, "s");
}

/** Clients send the same few names over and over; how many different ones are remembered, at most, and how long ones. */
const MAX_REMEMBERED = 1000;
const MAX_REMEMBERED_LENGTH = 64;

/** Caches decisions by name. */
function remember(decide: (name: string) => boolean): (name: string) => boolean {
  const decided = new Map<string, boolean>();
  return (name) => {
    const known = decided.get(name);
    if (known !== undefined) return known;
    const decision = decide(name);
    if (decided.size < MAX_REMEMBERED && name.length <= MAX_REMEMBERED_LENGTH) decided.set(name, decision);
    return decision;
  };
}
