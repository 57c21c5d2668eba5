import type { Caller } from "../core/access/caller.ts";
import type { ListFilter } from "../core/http/filtered-list.ts";
import type { Operation } from "../core/policy/route-policy.ts";
import type { Result } from "../core/refusal.ts";
import { dropOriginsCorsHeaders } from "./cors.ts";
import { forward } from "./forward.ts";
import type { OriginConfig } from "./forwarding.ts";
import type { Gateway } from "./gateway.ts";
import { guardConnection } from "./guard-connection.ts";
import { arrivalOf, type Departing } from "./stages.ts";

/** Step 8: forwards the request. */
export function forwardToOrigin(
  { from, route, authorized, assertion }: Departing,
  origin: OriginConfig,
  { config }: Gateway,
): Promise<Result<Response>> {
  const { request, requestId, address } = arrivalOf(from);
  const isTold = authorized !== null && config.originIdentity !== "assertion";
  return forward({
    request,
    path: route.path,
    query: route.query,
    config: origin,
    requestId,
    clientAddress: address,
    identity: isTold ? authorized.caller.identityHeaders : NOBODY,
    assertion,
    filter: authorized === null ? null : listFilter(route.operation, authorized.visible),
  });
}

const NOBODY: Caller["identityHeaders"] = [];

/** Makes the origin's answer the gateway's. */
export function bringBack(
  answer: Response,
  { from, route, authorized }: Departing,
  gateway: Gateway,
): Response {
  const { headers } = answer;
  dropOriginsCorsHeaders(headers, gateway);
  headers.set("X-Request-Id", arrivalOf(from).requestId);
  const { deprecation } = route.operation;
  if (deprecation !== null) setDeprecationHeaders(headers, deprecation);
  return authorized === null ? answer : guardConnection(answer, authorized, gateway);
}

function listFilter(operation: Operation, visible: ((id: string) => boolean) | null): ListFilter | null {
  if (operation.list === null || visible === null) return null;
  const { items, id, total } = operation.list;
  return { items, id, total, visible };
}

/** `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and the `Link` that explains them. */
function setDeprecationHeaders(headers: Headers, notice: NonNullable<Operation["deprecation"]>): void {
  if (notice.deprecation !== null) headers.set("Deprecation", notice.deprecation);
  if (notice.sunset !== null) headers.set("Sunset", notice.sunset);
  if (notice.link !== null) headers.append("Link", notice.link);
}
