import { refuse, type Refusal } from "../core/refusal.ts";
import type { Caller } from "../core/caller.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** Has the request tell the origin who calls in a way that it can verify; without that nothing is forwarded. */
export function assertIdentity(x: Exchange, gateway: Gateway): Refusal | null | Promise<Refusal | null> {
  if (gateway.assertions === null) return null;
  const audience = gateway.config.originAudience ?? x.origin?.originUrl;
  // Without an origin the request goes nowhere.
  if (audience === undefined) return null;
  const assertion = gateway.assertions.of(x.caller as Caller, audience, Date.now(), x.background);
  if (typeof assertion === "string") {
    x.assertion = assertion;
    return null;
  }
  return assertion.then(
    (jwt) => {
      x.assertion = jwt;
      return null;
    },
    (error: unknown) => refuse("admission_unavailable", { retryAfter: 1, reason: String(error) }),
  );
}
