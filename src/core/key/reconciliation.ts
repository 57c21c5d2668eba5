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
