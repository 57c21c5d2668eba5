import { canonicalPath } from "../core/canonical-path.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** Step 6: the method and the raw path are an operation of the API. */
export function matchRoute(x: Exchange, gateway: Gateway): Refusal | null {
  const canonical = canonicalPath(x.request.url);
  if (canonical === null) return refuse("invalid_path");
  const match = gateway.policy.match(x.request.method, canonical.path);
  if (match.kind === "invalid_path") return refuse("invalid_path");
  if (match.kind === "method_not_allowed") {
    return refuse("method_not_allowed", { allow: match.allow.join(", ") });
  }
  if (match.kind === "not_found") {
    return refuse(x.request.headers.has("Upgrade") ? "invalid_request" : "not_found");
  }
  x.path = canonical.path;
  x.query = canonical.query;
  x.operation = match.operation;
  x.params = match.params;
  x.also = match.also;
  x.origin = gateway.origins.of(match.operation);
  return null;
}
