import { retryAfterSeconds, type RateHeaders } from "../core/rate-window.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { CompiledKey } from "../state/compiled-key.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { Admission } from "../state/leases.ts";
import { expectCall } from "./count-call.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { recordRefusal, UNCONFIRMED } from "./verdict.ts";

/** Step 5: the key's guard says that it is live, and takes one from its budget. */
export function admit(x: Exchange, gateway: Gateway): Refusal | null | Promise<Refusal | null> {
  const admission = gateway.leases.admit(
    x.held as HeldKey,
    x.address,
    () => expectCall(x, gateway),
    x.background,
  );
  return admission instanceof Promise
    ? admission.then((asked) => conclude(x, gateway, asked))
    : conclude(x, gateway, admission);
}

function conclude(x: Exchange, gateway: Gateway, admission: Admission): Refusal | null {
  const held = x.held as HeldKey;
  const now = Date.now();
  x.admission = admission;
  x.admittedAt = now;
  if (admission === "unavailable") {
    x.rate = held.rate() ?? unknownRate(x.key as CompiledKey, gateway, now);
    return UNCONFIRMED;
  }
  if (held.key !== x.key || admission === "limited") {
    // The guard may have a newer version than the one that steps 3 and 4 let pass, or a clock that runs ahead.
    const refusal = recordRefusal(x, held.key, now);
    if (refusal !== null) {
      if (admission === "limited") gateway.leases.recountRefused(held, x.address, x.background);
      else held.giveBack();
      return refusal;
    }
    x.key = held.key as CompiledKey;
  }
  const rate = held.rate();
  if (rate !== null) x.rate = rate;
  if (admission !== "limited") return null;
  return refuse("rate_limited", { retryAfter: retryAfterSeconds((rate?.retryAt ?? now) - now) });
}

/** What can be told of a window that the guard could not be asked about: nothing is admitted for a second. */
function unknownRate(key: CompiledKey, gateway: Gateway, now: number): RateHeaders {
  const limit = key.record.rateLimit ?? gateway.config.rateLimit;
  return {
    limit: limit.requests,
    windowSeconds: limit.windowSeconds,
    remaining: 0,
    resetAt: now + 1000,
  };
}
