import type { Allowed } from "../core/access.ts";
import type { Caller } from "../core/caller.ts";
import type { CompiledKey } from "../core/compiled-key.ts";
import type { Operation } from "../core/policy/route-policy.ts";
import type { Refusal } from "../core/refusal.ts";
import type { Exchange } from "./exchange.ts";

/** Step 7: the key's scopes, its owner's live roles and its vaults together cover what the operation touches. */
export function decideAccess(x: Exchange): Refusal | null {
  const key = x.key as CompiledKey;
  const decision = decideFor(x, key);
  if ("code" in decision) return decision;
  x.caller = callerOf(x, key);
  x.visible = decision.visible;
  return null;
}

/** The decision by one version of the key. A path that fits several templates must be allowed as each of them. */
export function decideFor(x: Exchange, key: CompiledKey): Refusal | Allowed {
  const { access } = callerOf(x, key);
  const decision = access.decide(x.operation as Operation, x.params ?? {});
  if ("code" in decision) return decision;
  let { visible } = decision;
  for (const { operation, params } of x.also ?? []) {
    const other = access.decide(operation, params);
    if ("code" in other) return other;
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
function callerOf({ token }: Exchange, key: CompiledKey): Caller {
  return token?.callerFor(key) ?? key.caller;
}
