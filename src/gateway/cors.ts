import { canonicalPath } from "../core/canonical-path.ts";
import { allowedOrigin, EXPOSED_HEADERS, grantedHeaders, mayBeCalledByPages } from "../core/cors.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** How long a browser may go by the answer to a preflight, in seconds: a setting that is taken back ends with it. */
const MAX_AGE_S = 600;

/** What an origin may say of cross-origin requests (Fetch Standard section 3.3.3, Private Network Access). */
const ORIGINS_OWN = [
  "Access-Control-Allow-Credentials",
  "Access-Control-Allow-Headers",
  "Access-Control-Allow-Methods",
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Private-Network",
  "Access-Control-Expose-Headers",
  "Access-Control-Max-Age",
];

/**
 * Answers a preflight (Fetch Standard section 3.3.5) for a path of the API, without a credential: browsers send none.
 * `null` for any other request. It never reaches the origin.
 */
export function answerPreflight(x: Exchange, gateway: Gateway): Response | Refusal | null {
  const { method, headers, url } = x.request;
  const requested = headers.get("Access-Control-Request-Method");
  if (method !== "OPTIONS" || requested === null || !headers.has("Origin")) return null;
  if (!mayBeCalledByPages(gateway.config.corsOrigins)) return null;
  const path = canonicalPath(url)?.path;
  if (path === undefined) return refuse("invalid_path");
  const match = gateway.policy.match(requested, path);
  if (match.kind === "not_found") return refuse("not_found");
  if (match.kind === "invalid_path") return refuse("invalid_path");
  if (match.kind === "method_not_allowed") {
    return refuse("method_not_allowed", { allow: match.allow.join(", ") });
  }
  x.operation = match.operation;
  const answer = new Response(null, { status: 204 });
  answer.headers.set("Access-Control-Allow-Methods", requested);
  const granted = grantedHeaders(headers.get("Access-Control-Request-Headers") ?? "");
  if (granted !== "") answer.headers.set("Access-Control-Allow-Headers", granted);
  answer.headers.set("Access-Control-Max-Age", `${MAX_AGE_S}`);
  answer.headers.set("Cache-Control", "no-store");
  answer.headers.set("X-Request-Id", x.requestId);
  return answer;
}

/** Says on an answer, a refusal included, whether the page that asked may read it. */
export function setCorsHeaders(answer: Headers, request: Request, { config }: Gateway): void {
  const origins = config.corsOrigins;
  if (!mayBeCalledByPages(origins)) return;
  if (origins !== "*") answer.append("Vary", "Origin");
  const allowed = allowedOrigin(origins, request.headers.get("Origin"));
  if (allowed === null) return;
  answer.set("Access-Control-Allow-Origin", allowed);
  answer.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

/** Takes off what the origin says of pages, where the gateway says it in its stead. */
export function dropOriginsCorsHeaders(answer: Headers, { config }: Gateway): void {
  if (mayBeCalledByPages(config.corsOrigins)) for (const name of ORIGINS_OWN) answer.delete(name);
}
