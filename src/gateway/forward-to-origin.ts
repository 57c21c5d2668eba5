import type { ListFilter } from "../core/filtered-list.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Operation } from "../core/policy/route-policy.ts";
import type { Caller } from "../core/caller.ts";
import { dropOriginsCorsHeaders } from "./cors.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { forward } from "./forward.ts";
import { guardConnection } from "./guard-connection.ts";

const NO_ORIGIN = "ORIGINS names none of the operation's own servers";

/** Step 8: forwards the request and brings the origin's answer back. */
export async function forwardToOrigin(x: Exchange, gateway: Gateway): Promise<Response | Refusal> {
  const operation = x.operation as Operation;
  if (!x.origin) return refuse("origin_unavailable", { reason: NO_ORIGIN });
  x.forwardedAt = Date.now();
  const answer = await forward({
    request: x.request,
    path: x.path as string,
    query: x.query as string,
    config: x.origin,
    requestId: x.requestId,
    clientAddress: x.address,
    identity: identityHeaders(x, gateway),
    assertion: x.assertion ?? null,
    filter: listFilter(operation, x.visible ?? null),
  });
  x.answeredAt = Date.now();
  if (!(answer instanceof Response)) return answer;
  dropOriginsCorsHeaders(answer.headers, gateway);
  answer.headers.set("X-Request-Id", x.requestId);
  if (operation.deprecation !== null) setDeprecationHeaders(answer.headers, operation.deprecation);
  return guardConnection(answer, x, gateway);
}

/** Nobody calls a public operation, as far as the gateway knows. */
function identityHeaders({ caller }: Exchange, { config }: Gateway): Caller["identityHeaders"] {
  return caller === undefined || config.originIdentity === "assertion" ? [] : caller.identityHeaders;
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
