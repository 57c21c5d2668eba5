import type { Env } from "../env.ts";
import type { Confirmation, KeyGuard, KeyMatch } from "./guard/key-guard.ts";
import type { StoredKey } from "./rules/guard.ts";
import type { DeniableToken } from "../core/token-denials.ts";

/** Letters of a key id before its own part, and letters of it that name the group. */
const KEY = "key_";
const GROUP_LETTERS = 5;

/** The group that a key id names: `key_` and 12 letters, of which the first 5 are the group's. */
export function groupOfKey(keyId: string): string {
  return keyId.slice(KEY.length, KEY.length + GROUP_LETTERS);
}

/**
 * The guards as others than isolates ask them: for keys by their ids. Keys of earlier versions have a guard of their
 * own, named by the whole id, which is asked when the group does not know the key.
 */
export class KeyGuards {
  readonly #guards: Env["KEY_GUARD"];

  constructor(guards: Env["KEY_GUARD"]) {
    this.#guards = guards;
  }

  /** Revokes a key; `null` when there is none that fits. Rejects when a guard cannot be asked. */
  cut(match: KeyMatch): Promise<Confirmation | null> {
    return this.#either(match, async (guard) => (await guard.cut([match]))[0] ?? null);
  }

  /** Revokes keys of one group; `null` for each that is not there. */
  async cutGroup(group: string, matches: readonly KeyMatch[]): Promise<(Confirmation | null)[]> {
    const cut = await this.#guards.getByName(group).cut(matches);
    const ofOwnGuard = async (match: KeyMatch) => {
      const [confirmation] = await this.#guards.getByName(match.keyId).cut([match]);
      return confirmation ?? null;
    };
    return Promise.all(matches.map(async (match, i) => cut[i] ?? ofOwnGuard(match)));
  }

  /** What the guard has on record of a key; `null` when there is none that fits. */
  look(match: KeyMatch): Promise<StoredKey | null> {
    return this.#either(match, async (guard) => (await guard.look([match]))[0] ?? null);
  }

  revokeToken(
    match: KeyMatch,
    token: DeniableToken,
  ): Promise<(Confirmation & { readonly changed: boolean }) | null> {
    return this.#either(match, (guard) => guard.revokeToken(match, token));
  }

  /** Milliseconds to wait before another token may be issued from a key that exists; 0 for now. */
  async takeTokenIssue(keyId: string): Promise<number> {
    const inGroup = this.#guards.getByName(groupOfKey(keyId));
    const [stored] = await inGroup.look([{ keyId }]);
    const guard = stored ? inGroup : this.#guards.getByName(keyId);
    return guard.takeTokenIssue(keyId);
  }

  async #either<T>(
    { keyId }: KeyMatch,
    ask: (guard: DurableObjectStub<KeyGuard>) => Promise<T | null>,
  ): Promise<T | null> {
    return (await ask(this.#guards.getByName(groupOfKey(keyId)))) ?? ask(this.#guards.getByName(keyId));
  }
}
