import { keyStatus, type KeyRecord } from "./key-record.ts";
import { refuse, type Refusal } from "../refusal.ts";

const REFUSAL_OF = {
  revoked: refuse("api_key_revoked"),
  disabled: refuse("api_key_disabled"),
  expired: refuse("api_key_expired"),
  active: null,
};

/** Refusal for a revoked, disabled or expired key at `now` (milliseconds since the epoch); `null` if active. */
export function standingRefusal(record: KeyRecord, now: number): Refusal | null {
  return REFUSAL_OF[keyStatus(record, now)];
}
