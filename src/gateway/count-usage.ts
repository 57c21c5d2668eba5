import { callName } from "../core/usage/calls.ts";
import type { Refusal } from "../core/refusal.ts";
import type { RefusalCode } from "../core/refusal-table.ts";
import type { Outcome } from "../core/usage/usage.ts";
import { countRefusal, countUse } from "../core/usage/usage-tally.ts";
import type { Gateway } from "./gateway.ts";
import { decidingKey, judgementOf, operationOf, type Finished } from "./stages.ts";

/** Refusals of credentials that are not the key's: nobody used the key. */
const NOT_THE_KEYS: ReadonlySet<RefusalCode> = new Set([
  "api_key_invalid",
  "access_token_invalid",
  "access_token_expired",
  "too_many_failures",
]);

/** Counts what became of a request that presented a key, or a token of it, with the right secret. */
export function countUsage(finished: Finished, { admission }: Gateway): void {
  const { at, arrived, status, refusal } = finished;
  const judged = judgementOf(at);
  if (judged === null) return;
  const { keyId } = judged.identified;
  const { address, requestId, background } = arrived;
  const now = Date.now();
  const outcome = at.stage === "forwarded" ? outcomeOf(status, refusal) : "refused";
  if (at.stage === "forwarded" && outcome !== "refused") {
    const name = callName(at.route.operation, at.route.params, address);
    admission.count(keyId, (tally) => countUse(tally, outcome, name, address, now), {
      isFact: false,
      now,
      background,
    });
    return;
  }
  const isFact = judged.decided.source === "fact";
  if (refusal === null || NOT_THE_KEYS.has(refusal.code) || (decidingKey(judged) === null && !isFact)) return;
  const operation = operationOf(at)?.id ?? null;
  const told = { time: now, code: refusal.code, operation, address, requestId };
  const kind = refusal.code === "rate_limited" ? "limited" : "refused";
  admission.count(keyId, (tally) => countRefusal(tally, kind, told), { isFact, now, background });
}

/** Refusals for a body, which is read as it is sent on. */
const FOR_THE_BODY: ReadonlySet<RefusalCode> = new Set(["payload_too_large", "invalid_request"]);

/** What became of a request that was to be forwarded: what the origin made of it, unless its body was refused. */
export function outcomeOf(status: number, refusal: Refusal | null): Outcome {
  if (refusal !== null && FOR_THE_BODY.has(refusal.code)) return "refused";
  if (status < 400) return "succeeded";
  return status < 500 ? "clientErrors" : "originErrors";
}
