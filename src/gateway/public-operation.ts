import { canonicalPath } from "../core/canonical-path.ts";
import type { RoutePolicy } from "../core/policy/route-policy.ts";

/**
 * Tells which requests need no credential: those to operations that the document declares public, or to which it leaves
 * the choice when none was sent. A path that fits several templates must be public by each.
 */
export function publicOperations(policy: RoutePolicy): (request: Request) => boolean {
  if (!policy.operations.some((operation) => operation.public)) return () => false;
  return ({ method, url, headers }) => {
    const path = canonicalPath(url)?.path;
    const match = path === undefined ? null : policy.match(method, path);
    if (match?.kind !== "operation") return false;
    return [match, ...match.also].every(
      ({ operation }) =>
        operation.public && (operation.security.length === 0 || !headers.has("Authorization")),
    );
  };
}
