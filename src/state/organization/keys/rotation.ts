import { END_OF_TIME } from "../../../core/iso-time.ts";
import type { Actor } from "../../../core/organization/organization.ts";
import type { CreatedKey, ManagedKey } from "../../../core/organization/managed-key.ts";
import { invalid, isRefusal, refuse, type Refusal, type Result } from "../../../core/refusal.ts";
import { keyStatus } from "../../../core/key/key-record.ts";
import { SYSTEM } from "../audit/audit-log.ts";
import type { CreationTable } from "./creation-table.ts";
import type { Directory } from "../people/directory.ts";
import type { KeyTable } from "./key-table.ts";
import type { KeyRules } from "./key-rules.ts";
import type { Keys } from "./keys.ts";
import { UNCONFIRMED, type Propagation } from "../propagation.ts";
import type { DirectoryUser } from "../people/user-table.ts";
import { required } from "../../../core/required.ts";

/** Why a rotated key is revoked when its time has come. */
const REASON = "Rotated";
/** What a rotation changes of the old key. */
const RETIREMENT = new Set(["retiresAt", "disabled"]);

/** The old key works for `overlapMs` more; `request` names the request, so that a repeat rotates nothing. */
interface KeyRotation {
  readonly keyId: string;
  readonly overlapMs: number;
  readonly request: string | null;
}

/** What a rotation would make of a key. */
interface RotationDraft {
  readonly old: ManagedKey;
  readonly draft: Pick<ManagedKey, "vaults" | "expiresAt">;
  readonly overlapMs: number;
}

/** Replacing a key by a new one with the same settings, and revoking the old one when the overlap has ended. */
export class Rotation {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #keys: Keys;
  readonly #rules: KeyRules;
  readonly #directory: Directory;
  readonly #propagation: Propagation;
  readonly #creations: CreationTable;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      table: KeyTable;
      keys: Keys;
      rules: KeyRules;
      directory: Directory;
      propagation: Propagation;
      creations: CreationTable;
    },
  ) {
    this.#storage = storage;
    this.#table = parts.table;
    this.#keys = parts.keys;
    this.#rules = parts.rules;
    this.#directory = parts.directory;
    this.#propagation = parts.propagation;
    this.#creations = parts.creations;
  }

  /**
   * Makes the successor of a key. The old key works for `overlapMs` more; with 0 it is dead when this returns. If the
   * rotation cannot be confirmed the old key stays as it was. A request that has a name rotates the key once.
   */
  async rotate(
    actor: Actor,
    me: DirectoryUser,
    { keyId, overlapMs, request }: KeyRotation,
  ): Promise<Result<CreatedKey>> {
    const now = Date.now();
    // No name that a client can send holds a space: a creation of the same name is another request.
    const name = request && `rotate ${keyId} ${request}`;
    const created = this.#storage.transactionSync(() => {
      const successorId = name && this.#creations.find(actor, name, now);
      if (successorId) return refuse("already_exists", { details: { keyId: successorId } });
      const old = this.#keys.find(me, keyId);
      if (old === null) return refuse("not_found");
      const draft = { ...old, ownerId: old.owner.id, expiresAt: renewedExpiry(old, now) };
      const refusal = this.#refusal(actor, me, { old, draft, overlapMs }, now);
      if (refusal !== null) return refusal;
      const successor = this.#keys.insertNew(actor, draft, now, keyId);
      if (name) this.#creations.note(actor, name, successor.key.id, now);
      return { ...successor, key: this.#table.get(successor.key.id) };
    });
    if (isRefusal(created)) return created;
    const pushed = await this.#propagation.push(created.key.id);
    if (pushed === "foreign") this.#keys.leaveGroup(created.key.id);
    if (pushed !== "in force") return this.#undo(actor, keyId, created.key);
    this.#retire(actor, keyId, overlapMs, Date.now());
    const retired = await this.#propagation.push(keyId, RETIREMENT);
    // An overlap leaves the outbox time to tell the guard; without one the answer must mean that the old key is dead.
    if (overlapMs > 0) return created;
    if (retired !== "in force" && !this.#hasRetired(keyId)) return this.#undo(actor, keyId, created.key);
    await this.#finish(keyId);
    return created;
  }

  /** Whether the guard has confirmed to the alarm, in the meantime, that a key has retired. */
  #hasRetired(keyId: string): boolean {
    const { revokedBy, revocationReason } = this.#table.get(keyId);
    if (revokedBy === SYSTEM.id && revocationReason === REASON) return true;
    return this.#table.pendingAmong([keyId]).length === 0;
  }

  /**
   * Revokes the rotated keys whose overlap has ended. One whose guard does not know the end yet waits until it does, so
   * that every receipt is for a change in force.
   */
  revokeDue(now: number): void {
    for (const { id, retiresAt } of this.#table.dueToRetire(now)) this.#revoke(id, retiresAt, now);
  }

  /** When {@link revokeDue} is to be called; milliseconds since the epoch. */
  nextDue(now: number): number | null {
    return this.#table.dueToRetire(now).length > 0 ? now : this.#table.nextRetirement(now);
  }

  #revoke(id: string, retiresAt: number, now: number): void {
    this.#storage.transactionSync(() => {
      const before = this.#table.get(id);
      this.#table.revoke(id, SYSTEM.id, REASON, retiresAt);
      this.#keys.noteChange(SYSTEM, { action: "api_key.revoked", keyId: id, before }, now);
    });
  }

  #refusal(
    actor: Actor,
    me: DirectoryUser,
    { old, draft, overlapMs }: RotationDraft,
    now: number,
  ): Refusal | null {
    // Rotating shows the new secret, so a person's key is that person's alone to rotate.
    if (old.owner.id !== me.id && old.owner.kind !== "service") return refuse("role_required");
    const status = keyStatus(old, now);
    if (status === "revoked" || this.#table.hasSuccessor(old.id)) {
      const problem = "A key that is revoked or has been rotated cannot be rotated";
      return invalid(problem, "status");
    }
    if (draft.expiresAt !== null && draft.expiresAt <= now) {
      const problem = "The key was cut by an expiry before its creation: give it another one first";
      return invalid(problem, "expiresAt");
    }
    const owner = required(this.#directory.find(old.owner.id), "owner");
    // An expired key takes no room that the new one could have.
    const replaces = status === "expired" ? "nothing" : overlapMs === 0 ? "at once" : "in time";
    return this.#rules.draftRefusal({ draft, owner, actor, replaces }, now);
  }

  /** Without an overlap the key is disabled, too: then it is dead whatever the clock of an edge says. */
  #retire(actor: Actor, keyId: string, overlapMs: number, now: number): void {
    this.#storage.transactionSync(() => {
      const old = this.#table.get(keyId);
      this.#table.retire(keyId, now + overlapMs, old.disabled || overlapMs === 0);
      this.#keys.noteChange(actor, { action: "api_key.rotated", keyId, before: old }, now);
    });
  }

  /** The guard has let go of a key that was to retire at once: now its revocation goes on record, and is final. */
  async #finish(keyId: string): Promise<void> {
    const { retiresAt, revokedAt } = this.#table.get(keyId);
    if (revokedAt === null && retiresAt !== null) this.#revoke(keyId, retiresAt, Date.now());
    await this.#propagation.push(keyId);
  }

  /** Drops a successor whose secret was never handed out; the old key goes on. */
  async #undo(actor: Actor, keyId: string, created: ManagedKey): Promise<Refusal> {
    const now = Date.now();
    this.#storage.transactionSync(() => {
      const old = this.#table.get(keyId);
      this.#keys.commitRevocation(actor, created, "The rotation could not be confirmed", now);
      this.#table.unsetSuccessor(keyId);
      this.#creations.withdraw(created.id);
      if (old.revokedAt !== null || old.retiresAt === null) return;
      this.#table.retire(keyId, null, created.disabled);
      this.#keys.noteChange(actor, { action: "api_key.rotation_undone", keyId, before: old }, now);
    });
    await this.#propagation.pushAll([created.id, keyId]);
    return UNCONFIRMED;
  }
}

/** The successor lives as long as the old key was made to live, as far as there are times. */
function renewedExpiry(old: ManagedKey, now: number): number | null {
  if (old.expiresAt === null) return null;
  return Math.min(now + (old.expiresAt - old.createdAt), END_OF_TIME);
}
