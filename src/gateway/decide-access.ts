import type { Allowed } from "../core/access/access.ts";
import type { Caller } from "../core/access/caller.ts";
import type { CompiledKey } from "../core/access/compiled-key.ts";
import { isRefusal, type Result } from "../core/refusal.ts";
import type { VerifiedToken } from "../state/access-tokens.ts";
import type { Admitted, Authorized, Route } from "./stages.ts";

/** Step 7: the key's scopes, its owner's live roles and its vaults together cover what the operation touches. */
export function decideAccess(admitted: Admitted, route: Route): Result<Authorized> {
  const caller = callerOf(admitted.identified.token, admitted.decided.key);
  const decision = decideFor(caller, route);
  if (isRefusal(decision)) return decision;
  return { admitted, route, caller, visible: decision.visible };
}

/** The decision about a caller. A path that fits several templates must be allowed as each of them. */
export function decideFor({ access }: Caller, { operation, params, also }: Route): Result<Allowed> {
  const decision = access.decide(operation, params);
  if (isRefusal(decision) || also.length === 0) return decision;
  let { visible } = decision;
  for (const match of also) {
    const other = access.decide(match.operation, match.params);
    if (isRefusal(other)) return other;
    visible = visibleToBoth(visible, other.visible);
  }
  return { ...decision, visible };
}

type Visible = Allowed["visible"];

function visibleToBoth(one: Visible, other: Visible): Visible {
  if (one === null || other === null) return one ?? other;
  return (id) => one(id) && other(id);
}

/** The caller: the key, or a token narrowed from it. */
export function callerOf(token: VerifiedToken | null, key: CompiledKey): Caller {
  return token === null ? key.caller : token.callerFor(key);
}
