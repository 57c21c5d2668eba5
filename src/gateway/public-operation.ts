import type { Operation } from "../core/policy/operation.ts";
import { isRefusal } from "../core/refusal.ts";
import type { Route, Routed } from "./stages.ts";

/**
 * The route of a request that needs no credential: it is to an operation that the document declares public, or to which
 * it leaves the choice when none was sent. A path that fits several templates must be public by each.
 */
export function openRoute({ arrived, route }: Routed): Route | null {
  if (isRefusal(route) || !isOpenTo(arrived.request, route.operation)) return null;
  return route.also.every((match) => isOpenTo(arrived.request, match.operation)) ? route : null;
}

function isOpenTo(request: Request, operation: Operation): boolean {
  return operation.public && (operation.security.length === 0 || !request.headers.get("Authorization"));
}
