import type { Refusal } from "../core/refusal.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { judge, keyRefusal, recordRefusal } from "./verdict.ts";

/**
 * Step 3: the key is known, the secret is right, the key is live by the record at hand. From an address that keeps
 * failing nothing is looked up: only keys that this isolate knows to be good go on.
 */
export function checkKey(x: Exchange, gateway: Gateway): Refusal | null | Promise<Refusal | null> {
  const keyId = x.keyId as string;
  const held = gateway.leases.peek(keyId);
  const blocked = gateway.failures.blocked(x.address, x.startedAt);
  if (blocked !== null && !knownGood(x, held)) return blocked;
  return held === undefined ? findKey(x, gateway, keyId) : judgeKey(x, gateway, held);
}

async function findKey(x: Exchange, gateway: Gateway, keyId: string): Promise<Refusal | null> {
  return judgeKey(x, gateway, await gateway.leases.find(keyId));
}

function judgeKey(x: Exchange, gateway: Gateway, held: HeldKey): Refusal | null | Promise<Refusal | null> {
  x.held = held;
  return judge(x, gateway, held, keyRefusal);
}

function knownGood(x: Exchange, held: HeldKey | undefined): boolean {
  return held !== undefined && recordRefusal(x, held.key, x.startedAt) === null;
}
