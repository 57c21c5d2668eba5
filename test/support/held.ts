import {
  keyOf,
  newGroup,
  type Group,
  type HeldKey,
  type SentQuestion,
} from "../../src/admission/rules/held.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";

export type Held = HeldKey<GuardedKey>;

/** When everything here happens, in milliseconds. */
export const NOW = 1_000_000;

export function groupWith(change: Partial<Group<GuardedKey>> = {}): Group<GuardedKey> {
  return Object.assign(newGroup<GuardedKey>("group"), change);
}

export function keyIn(group: Group<GuardedKey>, change: Partial<Held> = {}, id = "key_a"): Held {
  return Object.assign(keyOf(group, id), change);
}

/** A window that is open, with its end by so many milliseconds from now. */
export function windowFor(endsIn: number, requests = 1000): Held["window"] {
  const end = NOW + endsIn;
  const limit = { requests, windowSeconds: 60 };
  return { number: 1, limit, remaining: requests, resetInMs: endsIn, end, endLatest: end, sequence: 1 };
}

/** A question that was sent so many milliseconds ago. */
export function sent(ago: number, { sequence = 1, final = false } = {}): SentQuestion {
  const question = { have: 0, rtt: 0, final, keys: [] } as unknown as SentQuestion["question"];
  return { question, sequence, sentAt: NOW - ago, epoch: 0, leaseOver: false };
}
