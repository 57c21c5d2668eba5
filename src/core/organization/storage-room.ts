import { refuse } from "../refusal.ts";

/** The platform gives an object 10 GB. The rest from here on is kept for acts that take access away and their audit. */
export const NEARLY_FULL_BYTES = 7e9;

/** An organisation that stores less is a long way from that. */
const WATCHED_BYTES = 1e9;

export function isWorthWatching(bytes: number): boolean {
  return bytes >= WATCHED_BYTES;
}

export function isNearlyFull(bytes: number): boolean {
  return bytes >= NEARLY_FULL_BYTES;
}

/** The platform's messages for a write without room. Across RPC only the text of an error arrives. */
const FULL = /SQLITE_FULL|database or disk is full|Exceeded allowed storage/;

export function isStorageFull(error: unknown): boolean {
  return FULL.test(String(error));
}

/** For acts that add to what an organisation stores, while it is nearly full. */
export const NO_ROOM = refuse("admission_unavailable", {
  retryAfter: 3600,
  reason: "the organisation's storage is nearly full",
  details: {
    problem:
      "The organisation's storage is nearly full: keys can be revoked, disabled and used, and no more is taken",
  },
});

/** For acts that could not be put on record. */
export const STORAGE_FULL = refuse("admission_unavailable", {
  retryAfter: 3600,
  reason: "the organisation's storage is full",
  details: {
    problem:
      "The organisation's storage is full, and nothing was changed. A key can be revoked by its holder (/-/oauth/revoke) and by an operator",
  },
});
