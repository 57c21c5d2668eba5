/** What is on record of the erasure of an organisation. Times are milliseconds since the epoch. */
export interface ErasureRecord {
  readonly requestedAt: number;
  /** `null` while it is under way. */
  readonly erasedAt: number | null;
  /** How many keys were cut. */
  readonly keys: number;
}
