import { standingRefusal } from "../core/key-standing.ts";
import { sameHash } from "../core/key-secret.ts";
import { refuse, type Refusal, type RefusalCode } from "../core/refusal.ts";
import { isDenied } from "../core/token-denials.ts";
import type { CompiledKey } from "../state/compiled-key.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** Refusals of credentials that are not the key's: nobody used the key. */
const NOT_THE_KEYS: readonly RefusalCode[] = ["api_key_invalid", "access_token_invalid"];
/** What a refused client may do about a guard that does not answer: come back in a second. */
export const UNCONFIRMED = refuse("admission_unavailable", { retryAfter: 1 });

/** Whether the record is that of the presented credential, and live. Its status is told only for the right one. */
export function keyRefusal(x: Exchange, key: CompiledKey | null | undefined, now: number): Refusal | null {
  if (!key || !isPresented(x, key)) {
    // The token's signature has been verified: only what it was made from is gone, or has revoked it.
    return x.token ? refuse("access_token_invalid", { secretShown: true }) : refuse("api_key_invalid");
  }
  return standingRefusal(key.record, now);
}

/** Whether the credential is the key, or a token that was made from it and not revoked. */
function isPresented({ token, presentedHash }: Exchange, key: CompiledKey): boolean {
  if (token === undefined) return sameHash(presentedHash as Uint8Array, key.hash);
  return token.claims.orgId === key.record.orgId && !isDenied(key.denials, token.claims);
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
export function judge(
  x: Exchange,
  gateway: Gateway,
  held: HeldKey,
  refusalOf: RefusalOf,
): Refusal | null | Promise<Refusal | null> {
  const now = Date.now();
  const refusal = refusalOf(x, held.key, now);
  if (refusal !== null && !held.vouched(now)) return judgeAnew(x, gateway, held, refusalOf);
  return conclude(x, gateway, held, refusal);
}

type RefusalOf = (x: Exchange, key: CompiledKey | null | undefined, now: number) => Refusal | null;

async function judgeAnew(
  x: Exchange,
  gateway: Gateway,
  held: HeldKey,
  refusalOf: RefusalOf,
): Promise<Refusal | null> {
  if (!(await gateway.leases.describe(held))) return UNCONFIRMED;
  return conclude(x, gateway, held, refusalOf(x, held.key, Date.now()));
}

function conclude(x: Exchange, gateway: Gateway, held: HeldKey, refusal: Refusal | null): Refusal | null {
  if (refusal === null) x.key = held.key as CompiledKey;
  else if (!NOT_THE_KEYS.includes(refusal.code)) gateway.leases.countRefused(held, x.address, x.background);
  return refusal;
}
