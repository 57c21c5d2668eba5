import { refuse } from "../refusal.ts";

/** What is on record of the erasure of an organisation. Times are milliseconds since the epoch. */
export interface ErasureRecord {
  readonly requestedAt: number;
  /** `null` while it is under way. */
  readonly erasedAt: number | null;
  /** How many keys were cut. */
  readonly keys: number;
  /**
   * Whether nothing but the organisation's own tables is left. What is set up under its name from then on is another
   * organisation. Missing in the record of the version before.
   */
  readonly isEmptied?: boolean;
}

/** While an organisation is being erased nothing else happens there. */
export const BEING_ERASED = refuse("admission_unavailable", {
  retryAfter: 5,
  reason: "the organisation is being erased",
});
