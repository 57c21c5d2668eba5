import type { Actor, KeyMaterial, ManagedKey } from "../../core/organization.ts";
import { isRefusal, refuse, type Refusal } from "../../core/refusal.ts";
import { keyStatus } from "../../core/key-record.ts";
import type { Directory } from "./directory.ts";
import type { KeyTable } from "./key-table.ts";
import { UNCONFIRMED, type Keys } from "./keys.ts";
import type { Propagation } from "./propagation.ts";
import type { DirectoryUser } from "./user-table.ts";

/** Who revokes a rotated key when its time has come. */
const SYSTEM = { id: "portcullis", name: "Portcullis", address: "", requestId: "" };
const REASON = "Rotated";

/** Replacing a key by a new one with the same settings, and revoking the old one when the overlap has ended. */
export class Rotation {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #keys: Keys;
  readonly #directory: Directory;
  readonly #propagation: Propagation;

  constructor(
    storage: DurableObjectStorage,
    parts: { table: KeyTable; keys: Keys; directory: Directory; propagation: Propagation },
  ) {
    this.#storage = storage;
    this.#table = parts.table;
    this.#keys = parts.keys;
    this.#directory = parts.directory;
    this.#propagation = parts.propagation;
  }

  /**
   * Makes the successor of a key. The old key works for `overlapMs` more; with 0 it is dead when this returns. If the
   * successor cannot be confirmed the old key stays as it was.
   */
  async rotate(
    actor: Actor,
    me: DirectoryUser,
    keyId: string,
    material: KeyMaterial,
    overlapMs: number,
  ): Promise<ManagedKey | Refusal> {
    const now = Date.now();
    const created = this.#storage.transactionSync(() => {
      const old = this.#keys.find(me, keyId);
      if (old === null) return refuse("not_found");
      const draft = { ...old, ...material, ownerId: old.owner.id, expiresAt: renewedExpiry(old, now) };
      const refusal = this.#refusal(actor, me, old, draft, now);
      if (refusal !== null) return refusal;
      this.#table.insert(draft, old.owner.id, actor.id, now);
      return this.#keys.noteChange(actor, "api_key.created", material.id, null, now);
    });
    if (isRefusal(created)) return created;
    if ((await this.#propagation.push(created.id)) === null) return this.#undo(actor, created);
    this.#retire(actor, keyId, overlapMs, Date.now());
    const retired = await this.#propagation.push(keyId);
    // An overlap leaves the outbox time to tell the guard; without one the answer must mean that the old key is dead.
    return retired === null && overlapMs === 0 ? this.#undo(actor, created) : created;
  }

  /** Revokes the rotated keys whose overlap has ended; their guards have known the moment since the rotation. */
  revokeDue(now: number): void {
    for (const { id, retiresAt } of this.#table.dueToRetire(now)) {
      this.#storage.transactionSync(() => {
        const before = this.#table.find(id) as ManagedKey;
        this.#table.revoke(id, SYSTEM.id, REASON, retiresAt);
        this.#table.setEffective(id, retiresAt);
        this.#keys.noteChange(SYSTEM, "api_key.revoked", id, before, now);
      });
    }
  }

  #refusal(
    actor: Actor,
    me: DirectoryUser,
    old: ManagedKey,
    draft: Parameters<Keys["draftRefusal"]>[0],
    now: number,
  ): Refusal | null {
    // Whoever rotates sees the new secret, so a person's key is that person's alone to rotate.
    if (old.owner.id !== me.id && old.owner.kind !== "service") return refuse("role_required");
    if (keyStatus(old, now) === "revoked" || old.retiresAt !== null) {
      const problem = "A key that is revoked or has been rotated cannot be rotated";
      return refuse("invalid_value", { details: { field: "status", problem } });
    }
    const owner = this.#directory.find(old.owner.id) as DirectoryUser;
    // The old key makes room for the new one.
    return this.#keys.draftRefusal(draft, owner, actor, now, 1);
  }

  #retire(actor: Actor, keyId: string, overlapMs: number, now: number): void {
    const old = this.#table.find(keyId) as ManagedKey;
    if (overlapMs === 0) {
      this.#keys.commitRevocation(actor, old, REASON, now);
      return;
    }
    this.#storage.transactionSync(() => {
      this.#table.retire(keyId, now + overlapMs);
      this.#keys.noteChange(actor, "api_key.rotated", keyId, old, now);
    });
  }

  /** Nobody will see the secret of a successor that is not handed over, so it must not live. */
  #undo(actor: Actor, created: ManagedKey): Refusal {
    this.#keys.commitRevocation(actor, created, "The rotation could not be confirmed", Date.now());
    return UNCONFIRMED;
  }
}

/** The successor lives as long as the old key was made to live. */
function renewedExpiry(old: ManagedKey, now: number): number | null {
  return old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt);
}
