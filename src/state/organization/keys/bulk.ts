import type { Actor } from "../../../core/organization/organization.ts";
import type { KeyOutcome } from "../../../core/organization/managed-key.ts";
import { isRefusal } from "../../../core/refusal.ts";
import type { Keys } from "./keys.ts";
import type { DirectoryUser } from "../people/user-table.ts";

/** What can be done to several keys at once. */
export type BulkAct = "revoke" | "disable";

/** Keys that are acted on side by side. */
const AT_ONCE = 10;

/**
 * Does something to several keys and tells of each what became of it: one that refuses holds up no other. Both acts take
 * access away, so neither takes a second factor.
 */
export async function actOnAll(
  keys: Keys,
  actor: Actor,
  me: DirectoryUser,
  act: { readonly act: BulkAct; readonly keyIds: readonly string[]; readonly reason: string | null },
): Promise<KeyOutcome[]> {
  const ids = [...new Set(act.keyIds)];
  const outcomes: KeyOutcome[] = [];
  const { reason } = act;
  const actOn = (keyId: string): Promise<KeyOutcome> =>
    act.act === "revoke" ? revoke(keys, actor, me, { keyId, reason }) : disable(keys, actor, me, keyId);
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const some = ids.slice(i, i + AT_ONCE);
    outcomes.push(...(await Promise.all(some.map((keyId) => actOn(keyId)))));
  }
  return outcomes;
}

async function revoke(
  keys: Keys,
  actor: Actor,
  me: DirectoryUser,
  { keyId, reason }: { readonly keyId: string; readonly reason: string | null },
): Promise<KeyOutcome> {
  const receipt = await keys.revoke(actor, me, keyId, reason);
  return isRefusal(receipt) ? { keyId, code: receipt.code, receipt: null } : { keyId, code: null, receipt };
}

async function disable(keys: Keys, actor: Actor, me: DirectoryUser, keyId: string): Promise<KeyOutcome> {
  const key = await keys.update(actor, me, { keyId, change: { disabled: true }, expected: null });
  return { keyId, code: isRefusal(key) ? key.code : null, receipt: null };
}
