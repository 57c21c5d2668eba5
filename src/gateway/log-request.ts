import type { Refusal } from "../core/refusal.ts";
import type { Exchange } from "./exchange.ts";

/** Writes the one log line of a request, as JSON. It names the operation and never the path, and holds no secret. */
export function logRequest(x: Exchange, status: number, refusal: Refusal | null): void {
  const now = Date.now();
  console.log(
    JSON.stringify({
      time: new Date(x.startedAt).toISOString(),
      requestId: x.requestId,
      keyId: x.keyId,
      tokenId: x.token?.claims.id,
      orgId: x.key?.record.orgId,
      method: x.request.method,
      operation: x.operation?.id,
      status,
      code: refusal?.code,
      reason: refusal?.reason,
      address: x.address,
      admission: x.admission,
      ms: {
        total: now - x.startedAt,
        decide: (x.forwardedAt ?? now) - x.startedAt,
        origin: x.forwardedAt === undefined ? undefined : (x.answeredAt ?? now) - x.forwardedAt,
      },
    }),
  );
}
