import { callName } from "../core/usage/calls.ts";
import type { RefusalCode } from "../core/refusal.ts";
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
  if (at.stage === "forwarded") {
    const name = callName(at.route.operation, at.route.params, address);
    const outcome = outcomeOf(status);
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

/** What the origin made of a request that was forwarded. */
export function outcomeOf(status: number): Outcome {
  if (status < 400) return "succeeded";
  return status < 500 ? "clientErrors" : "originErrors";
}
