import { keyStatus, type KeyRecord } from "./key-record.ts";
import { refuse, type Refusal } from "../refusal.ts";

const REFUSAL_OF = {
  revoked: refuse("api_key_revoked"),
  disabled: refuse("api_key_disabled"),
  expired: refuse("api_key_expired"),
  active: null,
};

/** Why a key is refused for what has become of it, at `now` in milliseconds since the epoch; `null` for a live one. */
export function standingRefusal(record: KeyRecord, now: number): Refusal | null {
  return REFUSAL_OF[keyStatus(record, now)];
}
