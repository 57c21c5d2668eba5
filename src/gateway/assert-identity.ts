import { refuse, type Result } from "../core/refusal.ts";
import type { Gateway } from "./gateway.ts";
import { arrivalOf, type Authorized } from "./stages.ts";

/**
 * What tells the origin who calls in a way that it can verify: `null` when it gets none. Without one that is due nothing
 * is forwarded.
 */
export function assertIdentity(
  { admitted, route, caller }: Authorized,
  { assertions, config }: Gateway,
): string | null | Promise<Result<string>> {
  if (assertions === null) return null;
  const audience = config.originAudience ?? route.origin?.originUrl;
  // Without an origin the request goes nowhere.
  if (audience === undefined) return null;
  const assertion = assertions.of(caller, audience, Date.now(), arrivalOf(admitted).background);
  if (typeof assertion === "string") return assertion;
  return assertion.catch((error: unknown) =>
    refuse("admission_unavailable", { retryAfter: 1, reason: String(error) }),
  );
}
