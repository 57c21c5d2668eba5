import type { Refusal } from "../core/refusal.ts";
import type { Operation } from "../core/route-policy.ts";
import type { Caller } from "../state/caller.ts";
import type { CompiledKey } from "../state/compiled-key.ts";
import type { Exchange } from "./exchange.ts";

/** Step 7: the key's scopes, its owner's live roles and its vaults together cover what the operation touches. */
export function decideAccess(x: Exchange): Refusal | null {
  const key = x.key as CompiledKey;
  x.caller = callerOf(x, key);
  const decision = x.caller.access.decide(x.operation as Operation, x.params ?? {});
  if ("code" in decision) return decision;
  for (const other of x.also ?? []) {
    const refusal = x.caller.access.decide(other.operation, other.params);
    if ("code" in refusal) return refusal;
  }
  x.visible = decision.visible;
  return null;
}

/** Whoever has presented the key, or a token of it. */
export function callerOf({ token }: Exchange, key: CompiledKey): Caller {
  return token?.callerFor(key) ?? key.caller;
}
