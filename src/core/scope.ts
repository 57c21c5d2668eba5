/** What a scope is: an action on everything that a resource filter covers. */

export const ACTIONS = ["read", "write", "admin", "*"] as const;
export type Action = (typeof ACTIONS)[number];

export interface Scope {
  readonly action: Action;
  /** `*` for everything, or typed segments separated by `/`, where `#` matches any one segment. */
  readonly resource: string;
}
