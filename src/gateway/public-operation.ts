import type { Exchange } from "./exchange.ts";

/**
 * Whether a request needs no credential: it is to an operation that the document declares public, or to which it leaves
 * the choice when none was sent. A path that fits several templates must be public by each.
 */
export function needsNoCredential({ request, operation, also = [] }: Exchange): boolean {
  if (operation === undefined || !operation.public) return false;
  return [operation, ...also.map((match) => match.operation)].every(
    (each) => each.public && (each.security.length === 0 || !request.headers.has("Authorization")),
  );
}
