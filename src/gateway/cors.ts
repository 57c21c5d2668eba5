import { allowedOrigin, EXPOSED_HEADERS, grantedHeaders, mayBeCalledByPages } from "../core/http/cors.ts";
import type { Gateway } from "./gateway.ts";
import { findRoute } from "./match-route.ts";
import { isRefusal } from "../core/refusal.ts";
import { end, type Arrived, type Ended } from "./stages.ts";

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

/** Whether `Vary` says already that the answer depends on the page. */
const VARIES = /(?:^|,)\s*origin\s*(?:,|$)/i;

/**
 * Answers a preflight (Fetch Standard section 3.3.5) for a path of the API, without a credential: browsers send none.
 * `null` for any other request. It never reaches the origin.
 */
export function answerPreflight(arrived: Arrived, gateway: Gateway): Ended | null {
  const { method, headers, url } = arrived.request;
  if (method !== "OPTIONS") return null;
  const requested = headers.get("Access-Control-Request-Method");
  if (requested === null || !headers.has("Origin")) return null;
  if (!mayBeCalledByPages(gateway.config.corsOrigins)) return null;
  const route = findRoute(requested, url, gateway);
  if (isRefusal(route)) return end(arrived, route);
  const answer = new Response(null, { status: 204 });
  answer.headers.set("Access-Control-Allow-Methods", requested);
  const granted = grantedHeaders(headers.get("Access-Control-Request-Headers") ?? "");
  if (granted !== "") answer.headers.set("Access-Control-Allow-Headers", granted);
  answer.headers.set("Access-Control-Max-Age", `${MAX_AGE_S}`);
  answer.headers.set("Cache-Control", "no-store");
  answer.headers.set("X-Request-Id", arrived.requestId);
  return end({ stage: "routed", arrived, route }, answer);
}

/** Says on an answer, a refusal included, whether the page that asked may read it. */
export function setCorsHeaders(answer: Headers, request: Request, { config }: Gateway): void {
  const origins = config.corsOrigins;
  if (!mayBeCalledByPages(origins)) return;
  if (origins !== "*" && !VARIES.test(answer.get("Vary") ?? "")) answer.append("Vary", "Origin");
  const allowed = allowedOrigin(origins, request.headers.get("Origin"));
  if (allowed === null) return;
  answer.set("Access-Control-Allow-Origin", allowed);
  answer.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

/** Takes off what the origin says of pages, where the gateway says it in its stead. */
export function dropOriginsCorsHeaders(answer: Headers, { config }: Gateway): void {
  if (mayBeCalledByPages(config.corsOrigins)) for (const name of ORIGINS_OWN) answer.delete(name);
}
