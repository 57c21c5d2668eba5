/** How a new key takes another's place: when it is made, after both have worked for a while, or not at all. */
export type Replaces = "at once" | "in time" | "nothing";

/** An owner's keys that are neither revoked nor expired, and those of them that have a successor already. */
export interface LiveKeys {
  readonly all: number;
  readonly replaced: number;
}

/**
 * Whether an owner has too many keys for a new one. Imports may have brought in more than the limit, and these keys can be
 * rotated: at once without an end, since that adds none, and one at a time with an overlap.
 */
export function isFull({ all, replaced }: LiveKeys, replaces: Replaces, limit: number): boolean {
  if (replaces === "at once") return false;
  if (replaces === "nothing") return all >= limit;
  return all > limit && replaced > 0;
}
