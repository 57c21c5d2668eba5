import type { Outcome } from "../admission/isolate/outcome.ts";
import { retryAfterSeconds } from "../core/key/rate-window.ts";
import { isRefusal, refuse } from "../core/refusal.ts";
import type { Gateway } from "./gateway.ts";
import { end, type Admitted, type Refused, type Identified, type Judged } from "./stages.ts";

/** A client comes back in so many seconds when a guard does not answer. */
const RETRY_AFTER_S = 1;
const NO_ANSWER = "the guard has not answered in time";

/**
 * Steps 3 to 5: the record that the key's guard vouches for is the credential's, live, and allows the address; and the
 * key's budget pays for the operation. From an address that keeps failing nothing is looked up: only credentials that
 * this isolate knows to be good go on.
 */
export function admit(
  identified: Identified,
  { failures, admission }: Gateway,
): Admitted | Refused | Promise<Admitted | Refused> {
  const { presented, routed } = identified;
  const { arrived, route } = routed;
  const blocked = failures.blocked(arrived.address, arrived.startedAt);
  if (blocked !== null && !admission.knowsGood(presented)) return end(identified, blocked);
  const cost = isRefusal(route) ? 1 : route.operation.cost;
  const decided = admission.admit(presented, cost, Date.now(), arrived.background);
  return decided instanceof Promise
    ? decided.then((outcome) => conclude(identified, outcome))
    : conclude(identified, decided);
}

function conclude(identified: Identified, decided: Outcome): Admitted | Refused {
  const at = Date.now();
  if (decided.kind === "admitted") return { stage: "judged", identified, decided, at };
  const judged: Judged = { stage: "judged", identified, decided, at };
  switch (decided.kind) {
    case "unavailable":
      return end(
        judged,
        refuse("admission_unavailable", {
          retryAfter: RETRY_AFTER_S,
          reason: decided.reason ?? NO_ANSWER,
        }),
      );
    case "refused":
      return end(judged, decided.refusal);
    case "limited": {
      const retryAfter = retryAfterSeconds((decided.rate?.retryAt ?? at) - at);
      return end(judged, refuse("rate_limited", { retryAfter }));
    }
  }
}
