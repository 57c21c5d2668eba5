import type { Refusal } from "../core/refusal.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { addressRefusal, judge, recordRefusal } from "./verdict.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { CompiledKey } from "../state/compiled-key.ts";

/** Step 4: the client's address is in the key's allowlist. */
export function checkAddress(x: Exchange, gateway: Gateway): Refusal | null | Promise<Refusal | null> {
  if (addressRefusal(x, x.key as CompiledKey) === null) return null;
  return judge(x, gateway, x.held as HeldKey, recordRefusal);
}
