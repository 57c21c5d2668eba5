import { BoundedCache } from "../../core/bounded-cache.ts";
import { groupOfKey } from "../key-guards.ts";

const MAX_OWN_GUARDS = 50_000;
/**
 * Keys of a group get no guards of their own any more. An older version of the Worker, or a restore, may still bring one:
 * it is found this late at most.
 */
const NO_OWN_GUARD_MS = 10_000;

/** Which keys have a guard of their own, as far as an isolate knows: those of earlier versions, and imported ones. */
export class OwnGuards {
  readonly #known = new BoundedCache<true>(MAX_OWN_GUARDS);
  /** Keys without one, and since when that is known. */
  readonly #without = new BoundedCache<number>(MAX_OWN_GUARDS);

  /** The name of the guard to ask about a key. */
  nameOf(keyId: string): string {
    return this.#known.size > 0 && this.#known.get(keyId) ? keyId : groupOfKey(keyId);
  }

  /** Whether a key that the guard `name` does not know has, as far as is known, no other. */
  isNowhere(name: string, keyId: string, now: number): boolean {
    if (name === keyId) return true;
    const since = this.#without.get(keyId);
    return since !== undefined && now >= since && now - since < NO_OWN_GUARD_MS;
  }

  note(keyId: string): void {
    this.#known.set(keyId, true);
  }

  noteNone(keyId: string, now: number): void {
    this.#without.set(keyId, now);
  }
}
