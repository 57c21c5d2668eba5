import { mayReachOrigin } from "./header-policy.ts";

/** Cross-origin requests (Fetch Standard section 3.3): which pages may call, what they may send and what they may read. */

/** The origins whose pages may call: all, or those of a list, which is empty when none may. */
export type CorsOrigins = "*" | ReadonlySet<string>;

/** Scheme, host and, if need be, port, as browsers send them; apps and browser extensions have schemes of their own. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@,"\\*]+$/;

/** Reads `*`, or origins separated by commas; `null` if it is neither. */
export function readCorsOrigins(text: string): CorsOrigins | null {
  if (text.trim() === "*") return "*";
  const origins = new Set<string>();
  for (const part of text.split(",").map((entry) => entry.trim())) {
    if (part === "") continue;
    const written = part.replace(/\/$/, "").toLowerCase();
    if (!ORIGIN.test(written) || !URL.canParse(written)) return null;
    // Browsers leave a default port out; of schemes that they do not know, nothing.
    const { origin } = new URL(written);
    origins.add(origin === "null" ? written : origin);
  }
  return origins;
}

/** Whether pages of another origin may call at all. */
export function mayBeCalledByPages(origins: CorsOrigins): boolean {
  return origins === "*" || origins.size > 0;
}

/** What `Access-Control-Allow-Origin` says to a request with this `Origin`; `null` for nothing. */
export function allowedOrigin(origins: CorsOrigins, origin: string | null): string | null {
  if (origins === "*") return "*";
  return origin !== null && origins.has(origin) ? origin : null;
}

/** What pages may read besides the headers that they always may. */
export const EXPOSED_HEADERS = [
  "Content-Range",
  "Deprecation",
  "ETag",
  "Link",
  "Location",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "Sunset",
  "WWW-Authenticate",
  "X-Portcullis-Key-Expires",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "X-Request-Id",
  "X-Total-Count",
].join(", ");

const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;

/** The headers that a page asks to send and may: those that reach the origin, and the credential. */
export function grantedHeaders(requested: string): string {
  return requested
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => HEADER_NAME.test(name) && (name === "authorization" || mayReachOrigin(name)))
    .join(", ");
}
