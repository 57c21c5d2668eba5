import { keyStatus } from "../core/key-record.ts";
import { sameHash } from "../core/key-secret.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { CompiledKey } from "../state/compiled-key.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** What a refused client may do about a guard that does not answer: come back in a second. */
export const UNCONFIRMED = refuse("admission_unavailable", { retryAfter: 1 });

/** Whether the record is that of the presented key, and live. Its status is told only for the right secret. */
export function keyRefusal(x: Exchange, key: CompiledKey | null | undefined, now: number): Refusal | null {
  if (!key || !sameHash(x.presentedHash as Uint8Array, key.hash)) return refuse("api_key_invalid");
  switch (keyStatus(key.record, now)) {
    case "revoked":
      return refuse("api_key_revoked");
    case "disabled":
      return refuse("api_key_disabled");
    case "expired":
      return refuse("api_key_expired");
    case "active":
      return null;
  }
}

/** Whether the key may be used from the client's address. */
export function addressRefusal(x: Exchange, key: CompiledKey): Refusal | null {
  return key.allowsAddress(x.address) ? null : refuse("ip_not_allowed");
}

/** Both of the above. */
export function recordRefusal(x: Exchange, key: CompiledKey | null | undefined, now: number): Refusal | null {
  return keyRefusal(x, key, now) ?? addressRefusal(x, key as CompiledKey);
}

/**
 * Judges the held record, and never refuses by one that the guard has not vouched for: then the guard is asked and
 * the record judged again, so that a widened key works on the first request after the change.
 */
export async function judge(
  x: Exchange,
  gateway: Gateway,
  held: HeldKey,
  refusalOf: (x: Exchange, key: CompiledKey | null | undefined, now: number) => Refusal | null,
): Promise<Refusal | null> {
  const now = Date.now();
  let refusal = refusalOf(x, held.key, now);
  if (refusal !== null && !held.vouched(now)) {
    if (!(await gateway.leases.describe(held))) return UNCONFIRMED;
    refusal = refusalOf(x, held.key, Date.now());
  }
  if (refusal === null) x.key = held.key as CompiledKey;
  else if (refusal.code !== "api_key_invalid") gateway.leases.countRefused(held, x.address, x.background);
  return refusal;
}
