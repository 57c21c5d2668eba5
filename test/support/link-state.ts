/** What a call to an object or to KV may meet. */
export const LINK_FAULTS = ["unreachable", "answer lost", "slow", "hangs", "crash", "overloaded"] as const;
export type LinkFault = (typeof LINK_FAULTS)[number];

/** How an edge, with the objects that run beside it, differs from one that is well. */
export interface LinkState {
  /** Milliseconds by which its clock is ahead. */
  readonly clock: number;
  /** What calls over a binding meet, and which share of them does. */
  readonly faults: Readonly<Record<string, { readonly fault: LinkFault; readonly share: number }>>;
}

/** Where a {@link LinkState} is posted to an edge. */
export const LINK_PATH = "/link-state";
