import type { Match, RoutePolicy } from "../../src/core/route-policy.ts";

/** The one operation that a request is, or `null`. */
export function matchOf(policy: RoutePolicy, method: string, path: string): Match | null {
  const match = policy.match(method, path);
  return match.kind === "operation" && match.also.length === 0 ? match : null;
}
