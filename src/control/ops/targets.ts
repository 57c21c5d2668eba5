import type { RevocationTarget } from "../../api-types/revocations.ts";
import { bytesToHex } from "@noble/hashes/utils.js";
import { keyIdOf } from "../../core/access/imported-key.ts";
import { hashKey, KEY_ID } from "../../core/key/key-secret.ts";
import {
  withoutReceipt,
  type KeyTarget,
  type OwnerTarget,
  type RevocationResult,
} from "../../core/organization/revocation.ts";
import { ORG_ID } from "../../core/organization/organization.ts";
import type { Control } from "../context.ts";

/** The targets of a request, by kind. */
export interface SortedTargets {
  readonly keys: readonly KeyTarget[];
  readonly owners: readonly OwnerTarget[];
  /** Targets that cannot name anything: there is no such id, or the key is mistyped. */
  readonly unknown: readonly RevocationResult[];
}

/** Tells which texts have the form of a key. */
interface KeyForms {
  readonly keyPrefixes: readonly string[];
  readonly hasImports: boolean;
}

/** Sorts targets. Of a leaked key only its id and hash go on from here. */
export function sortTargets(targets: readonly RevocationTarget[], forms: KeyForms): SortedTargets {
  const keys: KeyTarget[] = [];
  const owners: OwnerTarget[] = [];
  const unknown: RevocationResult[] = [];
  for (const [index, target] of targets.entries()) {
    const sorted = sort(target, index, forms);
    if (sorted === null) unknown.push(withoutReceipt(index, null, "not_found"));
    else if ("keyId" in sorted) keys.push(sorted);
    else owners.push(sorted);
  }
  return { keys, owners, unknown };
}

/** The key that a leaked credential stands for; `null` for one that was never given out here. */
export function targetOfSecret(
  secret: string,
  target: number,
  { keyPrefixes, hasImports }: KeyForms,
): KeyTarget | null {
  const keyId = keyIdOf(secret, keyPrefixes, hasImports);
  return keyId === null ? null : { target, keyId, orgId: null, hash: bytesToHex(hashKey(secret)) };
}

function sort(target: RevocationTarget, index: number, forms: KeyForms): KeyTarget | OwnerTarget | null {
  if ("keyId" in target) {
    if (!KEY_ID.test(target.keyId)) return null;
    return { target: index, keyId: target.keyId, orgId: null, hash: null };
  }
  if ("key" in target) return targetOfSecret(target.key.trim(), index, forms);
  if (!ORG_ID.test(target.orgId)) return null;
  return { target: index, orgId: target.orgId, ownerId: "ownerId" in target ? target.ownerId : null };
}

/** Asks whether keys have been imported, in use or not. */
export async function keyForms({ config, imports }: Pick<Control, "config" | "imports">): Promise<KeyForms> {
  return { keyPrefixes: config.keyPrefixes, hasImports: await imports.findRevocable(Date.now()) };
}
