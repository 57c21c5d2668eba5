import { subscriberOf } from "../core/http/failed-attempt.ts";
import { logText } from "../core/http/log-text.ts";
import { keyEndSeconds } from "../core/usage/key-metrics.ts";
import { writePoint, type Dataset } from "../core/usage/metrics.ts";
import { outcomeOf } from "./count-usage.ts";
import type { Gateway } from "./gateway.ts";
import { orgOf } from "./log-request.ts";
import { decidingKey, forwardingOf, identityOf, judgementOf, operationOf, type Finished } from "./stages.ts";

/** Writes the one data point of a request. It names the operation and never the path, and holds no secret. */
export function recordRequest(finished: Finished, gateway: Gateway, dataset: Dataset): void {
  const { at, arrived, status, refusal } = finished;
  const { startedAt, request, address } = arrived;
  const now = Date.now();
  const judged = judgementOf(at);
  const forwarding = forwardingOf(at);
  const record = decidingKey(judged)?.record;
  writePoint(dataset, {
    kind: "request",
    orgId: orgOf(at, gateway),
    keyId: identityOf(at)?.keyId,
    operation: operationOf(at)?.id,
    method: request.method,
    outcome: requestOutcome(finished),
    code: refusal?.code,
    reason: refusal?.reason === undefined ? undefined : logText(refusal.reason),
    admission: judged?.decided.source,
    address,
    subscriber: subscriberOf(address),
    status,
    waitMs: judged === null ? 0 : judged.at - startedAt,
    originMs: forwarding === null ? 0 : (forwarding.answeredAt ?? now) - forwarding.forwardedAt,
    totalMs: now - startedAt,
    keyExpiresAt: record && keyEndSeconds(record),
  });
}

function requestOutcome({ at, status, refusal }: Finished): string {
  if (at.stage === "forwarded") return outcomeOf(status, refusal);
  if (refusal === null) return "answered";
  return refusal.code === "rate_limited" ? "limited" : "refused";
}
