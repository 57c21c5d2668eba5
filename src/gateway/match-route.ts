import { canonicalPath } from "../core/policy/canonical-path.ts";
import { refuse, type Result } from "../core/refusal.ts";
import type { Gateway } from "./gateway.ts";
import type { Arrived, Route, Routed } from "./stages.ts";

const INVALID_PATH = refuse("invalid_path");
const NOT_FOUND = refuse("not_found");

/** Step 6: the method and the raw path are an operation of the API. */
export function matchRoute(arrived: Arrived, gateway: Gateway): Routed {
  const { method, url, headers } = arrived.request;
  const route = findRoute(method, url, gateway);
  if (route !== NOT_FOUND) return { stage: "routed", arrived, route };
  return { stage: "routed", arrived, route: headers.has("Upgrade") ? refuse("invalid_request") : route };
}

/** The operation that a method and a URL are for. */
export function findRoute(method: string, url: string, { policy, origins }: Gateway): Result<Route> {
  const canonical = canonicalPath(url);
  if (canonical === null) return INVALID_PATH;
  const { path, query } = canonical;
  const match = policy.match(method, path);
  switch (match.kind) {
    case "invalid_path":
      return INVALID_PATH;
    case "not_found":
      return NOT_FOUND;
    case "method_not_allowed":
      return refuse("method_not_allowed", { allow: match.allow.join(", ") });
    case "operation": {
      const { operation, params, also } = match;
      return { path, query, operation, params, also, origin: origins.of(operation) };
    }
  }
}
