import type { Env } from "../env.ts";
import type { Confirmation, KeyGuard, KeyMatch } from "./guard/key-guard.ts";
import { MAX_GROUP_KEYS } from "./protocol.ts";
import type { StoredKey } from "./rules/guard.ts";
import { chunksOf } from "../core/concurrency.ts";
import type { DeniableToken } from "../core/token/token-denials.ts";

/** What every key id begins with, and how many letters after it name the group. */
const KEY = "key_";
const GROUP_LETTERS = 5;

/** The group that a key id names: `key_` and 12 letters, of which the first 5 are the group's. */
export function groupOfKey(keyId: string): string {
  return keyId.slice(KEY.length, KEY.length + GROUP_LETTERS);
}

/** Keys by their groups, of each group at most as many together as a call to its guard takes. */
export function byGroups<Key extends { readonly keyId: string }>(
  keys: readonly Key[],
): { readonly group: string; readonly keys: Key[] }[] {
  return [...Map.groupBy(keys, ({ keyId }) => groupOfKey(keyId))].flatMap(([group, all]) =>
    chunksOf(all, MAX_GROUP_KEYS).map((some) => ({ group, keys: some })),
  );
}

/**
 * The guards, for all who are no isolates: by key ids. Keys of earlier versions and imported keys have a guard of their
 * own, named by the whole id, which is asked when the group does not know the key.
 *
 * The id of an imported key follows from its string, so that no look-up is needed, and so it is spread at random: a group
 * of 64 would hold keys of any organisation. One guard each costs as much in use; only to cut many takes a call a key.
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

  /** Revokes keys of one group in one call; of each what {@link cut} would give. */
  cutGroup(group: string, matches: readonly KeyMatch[]): Promise<Confirmation | null>[] {
    return this.#ofGroup(group, matches, (guard, these) => guard.cut(these));
  }

  /** What is on record of keys of one group, in one call; of each what {@link look} would give. */
  lookGroup(group: string, matches: readonly KeyMatch[]): Promise<StoredKey | null>[] {
    return this.#ofGroup(group, matches, (guard, these) => guard.look(these));
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

  /** Milliseconds to wait before another token may be issued from a key that exists; 0 for at once. */
  async takeTokenIssue(keyId: string): Promise<number> {
    const inGroup = this.#guards.getByName(groupOfKey(keyId));
    const [stored] = await inGroup.look([{ keyId }]);
    const guard = stored ? inGroup : this.#guards.getByName(keyId);
    return guard.takeTokenIssue(keyId);
  }

  /** Keys that the group does not know are asked about one by one, each in one call, so that no guard holds up another. */
  #ofGroup<T>(
    group: string,
    matches: readonly KeyMatch[],
    ask: (guard: DurableObjectStub<KeyGuard>, matches: readonly KeyMatch[]) => Promise<(T | null)[]>,
  ): Promise<T | null>[] {
    const inGroup = ask(this.#guards.getByName(group), matches);
    const ofKeys = Map.groupBy(matches, ({ keyId }) => keyId);
    const alone = new Map<string, Promise<(T | null)[]>>();
    return matches.map(async (match, i) => {
      const known = (await inGroup)[i] ?? null;
      if (known !== null) return known;
      const { keyId } = match;
      const ofKey = ofKeys.get(keyId) ?? [];
      const asked = alone.get(keyId) ?? ask(this.#guards.getByName(keyId), ofKey);
      alone.set(keyId, asked);
      return (await asked)[ofKey.indexOf(match)] ?? null;
    });
  }

  async #either<T>(
    { keyId }: KeyMatch,
    ask: (guard: DurableObjectStub<KeyGuard>) => Promise<T | null>,
  ): Promise<T | null> {
    return (await ask(this.#guards.getByName(groupOfKey(keyId)))) ?? ask(this.#guards.getByName(keyId));
  }
}
