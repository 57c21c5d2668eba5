import { Late } from "../core/concurrency.ts";
import { isStorageFull, STORAGE_FULL } from "../core/organization/storage-room.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import { isOfOtherVersion } from "../core/schema-version.ts";

/** `Retry-After` while a rollout has Workers and objects of different versions. */
const ROLLOUT_RETRY_S = 30;
/** An object that was reset, as by a deployment, is back at once; one with too many calls needs a while. */
const RESET_RETRY_S = 1;
const OVERLOAD_RETRY_S = 5;

/** The refusal for what was thrown, by an object that was asked or here. */
export function refusalOf(error: unknown): Refusal {
  if (isStorageFull(error)) return STORAGE_FULL;
  const retryAfter = retryAfterOf(error);
  const reason = String(error);
  return retryAfter === null
    ? refuse("internal_error", { reason })
    : refuse("admission_unavailable", { retryAfter, reason });
}

/** When an object that cannot be asked now may be, in whole seconds; `null` for a fault that stays. */
function retryAfterOf(error: unknown): number | null {
  if (isOfOtherVersion(error)) return ROLLOUT_RETRY_S;
  if (isMarked(error, "overloaded")) return OVERLOAD_RETRY_S;
  // What was not heard of in time may be done; to repeat it is harmless.
  return error instanceof Late || isMarked(error, "retryable") ? RESET_RETRY_S : null;
}

/** Marks of the runtime (https://developers.cloudflare.com/durable-objects/best-practices/error-handling/). */
function isMarked(error: unknown, mark: "overloaded" | "retryable"): boolean {
  return error instanceof Object && Reflect.get(error, mark) === true;
}
