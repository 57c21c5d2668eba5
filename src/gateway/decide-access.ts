import type { Refusal } from "../core/refusal.ts";
import type { Operation } from "../core/policy/route-policy.ts";
import type { Caller } from "../state/caller.ts";
import type { CompiledKey } from "../state/compiled-key.ts";
import type { Exchange } from "./exchange.ts";

/** Step 7: the key's scopes, its owner's live roles and its vaults together cover what the operation touches. */
export function decideAccess(x: Exchange): Refusal | null {
  const key = x.key as CompiledKey;
  x.caller = callerOf(x, key);
  const decision = x.caller.access.decide(x.operation as Operation, x.params ?? {});
  if ("code" in decision) return decision;
  let { visible } = decision;
  for (const { operation, params } of x.also ?? []) {
    const other = x.caller.access.decide(operation, params);
    if ("code" in other) return other;
    visible = visibleToBoth(visible, other.visible);
  }
  x.visible = visible;
  return null;
}

type Visible = ((id: string) => boolean) | null;

function visibleToBoth(one: Visible, other: Visible): Visible {
  if (one === null || other === null) return one ?? other;
  return (id) => one(id) && other(id);
}

/** Whoever has presented the key, or a token of it. */
export function callerOf({ token }: Exchange, key: CompiledKey): Caller {
  return token?.callerFor(key) ?? key.caller;
}
