import { keyEndSeconds } from "../core/key-metrics.ts";
import { writePoint, type Dataset } from "../core/metrics.ts";
import type { Refusal } from "../core/refusal.ts";
import { outcomeOf } from "./count-usage.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { orgOf } from "./log-request.ts";

/** Writes the one data point of a request. It names the operation and never the path, and holds no secret. */
export function recordRequest(
  x: Exchange,
  status: number,
  refusal: Refusal | null,
  gateway: Gateway,
  dataset: Dataset,
): void {
  const now = Date.now();
  const { startedAt, forwardedAt } = x;
  const record = x.key?.record;
  writePoint(dataset, {
    kind: "request",
    orgId: orgOf(x, gateway),
    keyId: x.keyId,
    operation: x.operation?.id,
    method: x.request.method,
    outcome: requestOutcome(x, status, refusal),
    code: refusal?.code,
    reason: refusal?.reason,
    admission: x.admission,
    address: x.address,
    status,
    waitMs: x.admittedAt === undefined ? 0 : x.admittedAt - startedAt,
    originMs: forwardedAt === undefined ? 0 : (x.answeredAt ?? now) - forwardedAt,
    totalMs: now - startedAt,
    keyExpiresAt: record && keyEndSeconds(record),
  });
}

function requestOutcome({ forwardedAt }: Exchange, status: number, refusal: Refusal | null): string {
  if (forwardedAt !== undefined) return outcomeOf(status);
  if (refusal === null) return "answered";
  return refusal.code === "rate_limited" ? "limited" : "refused";
}
