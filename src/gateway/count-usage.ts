import { callName } from "../core/calls.ts";
import type { Refusal, RefusalCode } from "../core/refusal.ts";
import type { Outcome } from "../core/usage.ts";
import { countRefusal, countUse } from "../core/usage-tally.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** Refusals of credentials that are not the key's: nobody used the key. */
const NOT_THE_KEYS: ReadonlySet<RefusalCode> = new Set([
  "api_key_invalid",
  "access_token_invalid",
  "access_token_expired",
  "too_many_failures",
]);

/** Counts what became of a request that presented a key, or a token of it, with the right secret. */
export function countUsage(x: Exchange, gateway: Gateway, status: number, refusal: Refusal | null): void {
  const { keyId, key, forwardedAt } = x;
  const now = Date.now();
  if (keyId === undefined || x.admission === undefined) return;
  if (forwardedAt !== undefined && x.operation !== undefined) {
    const name = callName(x.operation, x.params ?? {}, x.address);
    gateway.admission.count(keyId, (tally) => countUse(tally, outcomeOf(status), name, x.address, now), {
      isFact: false,
      now,
      background: x.background,
    });
    return;
  }
  const isFact = x.admission === "fact";
  if (refusal === null || NOT_THE_KEYS.has(refusal.code) || (key === undefined && !isFact)) return;
  const { requestId, address, operation } = x;
  const told = { time: now, code: refusal.code, operation: operation?.id ?? null, address, requestId };
  const kind = refusal.code === "rate_limited" ? "limited" : "refused";
  gateway.admission.count(keyId, (tally) => countRefusal(tally, kind, told), {
    isFact,
    now,
    background: x.background,
  });
}

/** What the origin made of a request that was forwarded. */
export function outcomeOf(status: number): Outcome {
  if (status < 400) return "succeeded";
  return status < 500 ? "clientErrors" : "originErrors";
}
