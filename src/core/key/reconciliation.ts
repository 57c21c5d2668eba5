/** What can differ between an organisation's record of keys, their guards and KV. */
export const DIFFERENCES = [
  "guard_unreachable",
  "group_taken",
  "unknown_key",
  "missing_at_guard",
  "differs_from_guard",
  "differs_from_kv",
] as const;
export type DifferenceKind = (typeof DIFFERENCES)[number];

/** One difference between the holders of a key's record. */
export interface Difference {
  /** `null` when the guard could not be asked which keys it has. */
  readonly keyId: string | null;
  /** The name of the key's guard. */
  readonly guard: string;
  readonly kind: DifferenceKind;
  /** The fields of the record that differ. */
  readonly fields: readonly string[];
  /** Whether all agree now, on the side of less access. */
  readonly settled: boolean;
}

/** Where a walk through an organisation's guards goes on: among those on record there, or those in the registry. */
export interface GuardPosition {
  readonly list: "recorded" | "registered";
  /** The last name of the page before, or the registry's cursor; empty for the first page. */
  readonly after: string;
}

/** A page of guards, and where the next one begins. */
export interface GuardPage {
  readonly guards: readonly string[];
  readonly next: GuardPosition | null;
}
