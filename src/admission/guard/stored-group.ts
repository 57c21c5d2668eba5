import type { GroupState } from "../rules/guard.ts";

/** What is on record of a group: {@link GroupState}, whose it is, and in which form it is stored. */
export interface StoredGroup extends GroupState {
  readonly schema: number;
  /** The schema of the earliest code that can use it; missing: none but this schema's or later. */
  readonly readableFrom?: number;
  /** `null` until the first key is put. */
  readonly orgId: string | null;
  /** The organisation was erased: the group takes no more keys. */
  readonly isErased?: true;
}

/** The part of a Durable Object's storage that a guard uses. */
export type GroupStorage = Pick<DurableObjectStorage, "kv" | "transactionSync">;
