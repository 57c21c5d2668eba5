import { MAX_VAULTS } from "../../core/key/grant-limits.ts";
import { PLAIN_SEGMENT } from "../../core/policy/scope.ts";
import type { KnownVaults } from "./known.ts";

/** A vault that no role and no key in use names, with a known one that is spelled almost so. */
export interface UnknownVault {
  readonly id: string;
  /** Whether keys name it that were never used. */
  readonly isNamed: boolean;
  readonly almost: string | null;
}

/** Those of some ids that are not in use; none where it cannot be told, and none that is no id at all. */
export function unknownAmong(ids: readonly string[], known: KnownVaults | null): UnknownVault[] {
  if (known === null) return [];
  const [inUse, unproven] = [new Set(known.inUse), new Set(known.unproven)];
  const others = [...inUse, ...unproven];
  return ids
    .slice(0, MAX_VAULTS)
    .filter((id) => PLAIN_SEGMENT.test(id) && !inUse.has(id))
    .map((id) => ({
      id,
      isNamed: unproven.has(id),
      almost: others.find((each) => each !== id && isAlmost(id, each)) ?? null,
    }));
}

/** Whether two texts differ in one letter or two: changed, left out or added (Levenshtein). */
function isAlmost(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2 || a.toLowerCase() === b.toLowerCase()) {
    return a.toLowerCase() === b.toLowerCase();
  }
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return (row[b.length] ?? 0) <= 2;
}
