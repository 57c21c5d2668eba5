import type { Refusal } from "../core/refusal.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { judge, keyRefusal, recordRefusal } from "./verdict.ts";

/**
 * Step 3: the key is known, the secret is right, the key is live by the record at hand. From an address that keeps
 * failing nothing is looked up: only keys that this isolate knows to be good go on.
 */
export async function checkKey(x: Exchange, gateway: Gateway): Promise<Refusal | null> {
  const keyId = x.keyId as string;
  const blocked = gateway.failures.blocked(x.address, x.startedAt);
  if (blocked !== null && !knownGood(x, gateway.leases.peek(keyId))) return blocked;
  x.held = gateway.leases.peek(keyId) ?? (await gateway.leases.find(keyId));
  return judge(x, gateway, x.held, keyRefusal);
}

function knownGood(x: Exchange, held: HeldKey | undefined): boolean {
  return held !== undefined && recordRefusal(x, held.key, x.startedAt) === null;
}
