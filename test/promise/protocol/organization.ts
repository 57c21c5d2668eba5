import type { Applied, Change, Commit } from "../../../src/admission/rules/guard.ts";
import type { KeyRecord, RateLimit } from "../../../src/core/key/key-record.ts";
import { deny, NO_DENIALS } from "../../../src/core/token/token-denials.ts";
import type { ModelGuard } from "./guards.ts";
import { contentOf } from "./truth.ts";
import { KEYS, type Actor, type World } from "./world.ts";

const MAX_TRIES = 8;
/** Tokens of a key that may be revoked. */
export const TOKENS = ["t0", "t1", "t2", "t3"];
export const ADDRESSES = ["192.0.2.1", "192.0.2.2"];

/** The organisation: it changes keys, repeats what was not confirmed, and may be restored from an older copy. */
export class ModelOrganization {
  readonly #actor: Actor = { isDead: false };
  readonly #world: World;
  readonly #guard: ModelGuard;
  #keys = new Map<string, KeyRecord>();
  #copy: Map<string, KeyRecord> | null = null;
  #names = 0;

  constructor(world: World, guard: ModelGuard) {
    this.#world = world;
    this.#guard = guard;
    for (const id of KEYS) this.#keys.set(id, this.#newKey(id));
  }

  create(): void {
    this.#put(KEYS, 0);
  }

  change(): void {
    const { profile } = this.#world;
    if (this.#world.chance(profile.denials)) return this.#denyToken(this.#world.pick(KEYS));
    const ids = this.#world.chance(0.2) ? KEYS : [this.#world.pick(KEYS)];
    if (!this.#world.chance(profile.repeats)) for (const id of ids) this.#edit(id);
    this.#put(ids, 0);
  }

  /** The deployment cuts a key without its organisation. */
  cut(): void {
    const id = this.#world.pick(KEYS);
    const change: Change = { id, cut: { at: 1 } };
    this.#commit([change], (applied) => {
      const inForce = applied?.[0]?.inForce;
      if (inForce) this.#world.truth.acknowledge(null, inForce);
    });
  }

  /** Takes a copy, or goes back to the one that was taken. */
  restore(): void {
    if (this.#copy === null || this.#world.chance(0.5)) this.#copy = new Map(this.#keys);
    else this.#keys = new Map(this.#copy);
  }

  #newKey(id: string): KeyRecord {
    return {
      id,
      orgId: "org",
      ownerId: this.#newName(),
      ownerKind: "user",
      hash: "",
      version: 1,
      scopes: [],
      vaults: "*",
      ownerVaults: "*",
      allowedIps: [],
      rateLimit: this.#newLimit(),
      disabled: false,
      expiresAt: null,
      revokedAt: null,
      retiresAt: null,
    };
  }

  #newName(): string {
    return `m${++this.#names}`;
  }

  #newLimit(): RateLimit {
    const { limits, windowSeconds } = this.#world.profile;
    return { requests: this.#world.pick(limits), windowSeconds: this.#world.pick(windowSeconds) };
  }

  #nextLimit(limit: RateLimit | null): RateLimit {
    const { changesLimits, changesWindows, windowSeconds } = this.#world.profile;
    if (limit === null || changesLimits) return this.#newLimit();
    return changesWindows ? { ...limit, windowSeconds: this.#world.pick(windowSeconds) } : limit;
  }

  #edit(id: string): void {
    const key = this.#keyOf(id);
    const { profile } = this.#world;
    const isRevoked = key.revokedAt !== null || this.#world.chance(profile.revocations);
    this.#keys.set(id, {
      ...key,
      version: key.version + 1,
      ownerId: this.#newName(),
      disabled: this.#world.chance(0.25),
      allowedIps: this.#world.chance(0.4) ? ADDRESSES.slice(0, 1) : [],
      rateLimit: this.#nextLimit(key.rateLimit),
      revokedAt: isRevoked ? (key.revokedAt ?? 1) : null,
    });
  }

  #keyOf(id: string): KeyRecord {
    return this.#keys.get(id) ?? this.#newKey(id);
  }

  #put(ids: readonly string[], tries: number): void {
    const sent = ids.map((id) => this.#keyOf(id));
    this.#commit(
      sent.map((put) => ({ id: put.id, put })),
      (applied) => {
        if (tries >= MAX_TRIES) return;
        if (applied === null) {
          return this.#world.after(this.#world.between(1, 60), null, () => this.#put(ids, tries + 1));
        }
        const behind = applied.filter((one, i) => !this.#acknowledge(one, sent[i]));
        if (behind.length > 0) {
          this.#put(
            behind.map(({ id }) => id),
            tries + 1,
          );
        }
      },
    );
  }

  /** Acknowledges what is in force; else goes past what the guard has, to put again. */
  #acknowledge({ id, inForce, same }: Applied, sent: KeyRecord | undefined): boolean {
    if (sent === undefined || inForce === null) return true;
    this.#world.truth.answered(sent, inForce);
    if (same) {
      this.#world.truth.acknowledge(sent, inForce);
      return true;
    }
    const key = this.#keyOf(id);
    if (inForce.version >= key.version) {
      this.#keys.set(id, { ...key, version: inForce.version + 1, ownerId: this.#newName() });
    }
    return false;
  }

  #commit(changes: readonly Change[], done: (applied: Commit["applied"] | null) => void): void {
    const { rules } = this.#world;
    this.#guard.send<Commit["applied"]>(
      this.#actor,
      (guard, reply) =>
        guard.commit(
          (store, memory, now) => rules.commit(store, memory, changes, now),
          ({ applied }) => reply(applied),
        ),
      done,
    );
  }

  #denyToken(id: string): void {
    const { rules, truth } = this.#world;
    const token = { id: this.#world.pick(TOKENS), issuedAt: 1, expiresAt: Number.MAX_SAFE_INTEGER };
    this.#guard.send<string | null>(
      this.#actor,
      (guard, reply) =>
        guard.commit(
          (store, memory, now) => {
            const denials = deny(store.keys().get(id)?.denials ?? NO_DENIALS, token, now);
            return rules.commitDenials(store, memory, { id, denials }, now);
          },
          ({ applied }, keys) => {
            const key = keys.get(id);
            reply(key === undefined || applied.length === 0 ? null : contentOf(key));
          },
        ),
      (content) => {
        if (content !== null) truth.acknowledgeDenial(id, token.id, content);
      },
    );
  }
}
