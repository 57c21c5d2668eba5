import type { Refusal } from "../core/refusal.ts";
import type { Operation } from "../core/route-policy.ts";
import type { Caller } from "../state/caller.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { forward, type ListFilter } from "./forward.ts";

/** Step 8: forwards the request and brings the origin's answer back. */
export async function forwardToOrigin(x: Exchange, gateway: Gateway): Promise<Response | Refusal> {
  const operation = x.operation as Operation;
  x.forwardedAt = Date.now();
  const answer = await forward({
    request: x.request,
    path: x.path as string,
    query: x.query as string,
    config: gateway.config,
    requestId: x.requestId,
    clientAddress: x.address,
    identity: (x.caller as Caller).identityHeaders,
    assertion: x.assertion ?? null,
    filter: listFilter(operation, x.visible ?? null),
  });
  x.answeredAt = Date.now();
  if (!(answer instanceof Response)) return answer;
  answer.headers.set("X-Request-Id", x.requestId);
  if (operation.deprecation !== null) setDeprecationHeaders(answer.headers, operation.deprecation);
  return answer;
}

function listFilter(operation: Operation, visible: ((id: string) => boolean) | null): ListFilter | null {
  if (operation.list === null || visible === null) return null;
  return { items: operation.list.items, id: operation.list.id, visible };
}

/** `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and the `Link` that explains them. */
function setDeprecationHeaders(headers: Headers, notice: NonNullable<Operation["deprecation"]>): void {
  if (notice.deprecation !== null) headers.set("Deprecation", notice.deprecation);
  if (notice.sunset !== null) headers.set("Sunset", notice.sunset);
  if (notice.link !== null) headers.append("Link", notice.link);
}
