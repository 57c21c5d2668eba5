import type { Outcome, Presented } from "../admission/isolate/admission.ts";
import { retryAfterSeconds } from "../core/rate-window.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** A client comes back in so many seconds when a guard does not answer. */
const RETRY_AFTER_S = 1;
const NO_ANSWER = "the guard has not answered in time";

/**
 * Steps 3 to 5: the record that the key's guard vouches for is the credential's, live, and allows the address; and the
 * key's budget pays for the operation. From an address that keeps failing nothing is looked up: only credentials that
 * this isolate knows to be good go on.
 */
export function admit(x: Exchange, gateway: Gateway): Refusal | null | Promise<Refusal | null> {
  const presented = x.presented as Presented;
  const blocked = gateway.failures.blocked(x.address, x.startedAt);
  if (blocked !== null && !gateway.admission.knowsGood(presented)) return blocked;
  const outcome = gateway.admission.admit(presented, x.operation?.cost ?? 1, Date.now(), x.background);
  return outcome instanceof Promise ? outcome.then((decided) => conclude(x, decided)) : conclude(x, outcome);
}

function conclude(x: Exchange, outcome: Outcome): Refusal | null {
  const now = Date.now();
  x.admission = outcome.source;
  x.admittedAt = now;
  if (outcome.rate !== null) x.rate = outcome.rate;
  switch (outcome.kind) {
    case "unavailable":
      return refuse("admission_unavailable", {
        retryAfter: RETRY_AFTER_S,
        reason: outcome.reason ?? NO_ANSWER,
      });
    case "refused":
      if (outcome.key !== null) x.key = outcome.key;
      return outcome.refusal;
    case "limited":
      x.key = outcome.key;
      return refuse("rate_limited", { retryAfter: retryAfterSeconds((outcome.rate?.retryAt ?? now) - now) });
    case "admitted":
      x.key = outcome.key;
      return null;
  }
}
