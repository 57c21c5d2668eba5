import type { Leak } from "../../core/leak.ts";
import { refuse, type Refusal } from "../../core/refusal.ts";
import type { KeyTarget, RevocationRequest, RevocationResult } from "../../core/revocation.ts";
import { withoutReceipt } from "../../core/revocation.ts";
import type { Control } from "../endpoint.ts";
import { openRevocation, revoke } from "./revoke.ts";
import { targetOfSecret, type SortedTargets } from "./targets.ts";

/** Something that was found, and where. */
export interface FoundSecret {
  readonly token: string;
  readonly leak: Leak;
}

/**
 * Revokes whatever of the found secrets are keys, and has their organisations told. A result for each, in the same
 * order, once all are dead; what could not be confirmed is on record and retried.
 */
export async function revokeLeaks(
  { env, config }: Control,
  request: RevocationRequest,
  found: readonly FoundSecret[],
): Promise<RevocationResult[] | Refusal> {
  const targets = targetsOf(found, config.keyPrefix);
  const results: RevocationResult[] = [];
  try {
    // What holds no key at all leaves no trace.
    if (targets.keys.length > 0) await openRevocation(env, request, targets);
  } catch (error) {
    return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
  }
  await revoke(env, request, targets, { expect: () => {}, settle: (result) => results.push(result) });
  return results.sort((a, b) => a.target - b.target);
}

/** The keys that the secrets stand for. Of the secrets themselves nothing goes on from here. */
function targetsOf(found: readonly FoundSecret[], keyPrefix: string): SortedTargets {
  const keys: KeyTarget[] = [];
  const unknown: RevocationResult[] = [];
  for (const [index, { token, leak }] of found.entries()) {
    const key = targetOfSecret(token, index, keyPrefix);
    if (key === null) unknown.push(withoutReceipt(index, null, "not_found"));
    else keys.push({ ...key, leak });
  }
  return { keys, owners: [], unknown };
}
