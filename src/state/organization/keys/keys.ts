import { config } from "../../../config.ts";
import { refuseProblems } from "../../../core/http/field-problems.ts";
import { generateKey } from "../../../core/key/key-secret.ts";
import { type KeyRecord } from "../../../core/key/key-record.ts";
import type { Leak } from "../../../core/organization/leak.ts";
import { ADMIN, type Actor } from "../../../core/organization/organization.ts";
import type {
  CreatedKey,
  KeyChange,
  KeyDraft,
  KeyQuery,
  ManagedKey,
  Receipt,
} from "../../../core/organization/managed-key.ts";
import { isRefusal, refuse, type Result } from "../../../core/refusal.ts";
import { widensKey } from "../../../core/access/widening.ts";
import type { AuditEntry, AuditLog, Author } from "../audit/audit-log.ts";
import type { CreationTable } from "./creation-table.ts";
import type { GuardTable } from "../guard-table.ts";
import { auditEntry, type NotedChange } from "./key-audit.ts";
import type { KeyEvents } from "./key-events.ts";
import { REVOKED, type KeyRules } from "./key-rules.ts";
import type { KeyTable, VaultIdQuery } from "./key-table.ts";
import { UNCONFIRMED, type Propagation } from "../propagation.ts";
import type { DirectoryUser } from "../people/user-table.ts";

/** A group that is drawn is another organisation's once in a million draws. */
const MAX_DRAWS = 4;

/** A change of a key, if its version is still one of the expected; `null` expects nothing. */
interface KeyEdit {
  readonly keyId: string;
  readonly change: KeyChange;
  readonly expected: readonly number[] | null;
}

/** The settings of a new key whose owner is known. */
type OwnedDraft = KeyDraft & { readonly ownerId: string };

/**
 * Creating, changing and revoking keys. A change is committed with its audit event and its outbox row in one
 * transaction, then pushed to the key's guard, and acknowledged when the guard says that it is in force everywhere.
 */
export class Keys {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #guards: GuardTable;
  readonly #creations: CreationTable;
  readonly #rules: KeyRules;
  readonly #audit: AuditLog;
  readonly #propagation: Propagation;
  readonly #events: KeyEvents;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      keys: KeyTable;
      guards: GuardTable;
      creations: CreationTable;
      rules: KeyRules;
      audit: AuditLog;
      propagation: Propagation;
      events: KeyEvents;
    },
  ) {
    this.#storage = storage;
    this.#table = parts.keys;
    this.#guards = parts.guards;
    this.#creations = parts.creations;
    this.#rules = parts.rules;
    this.#audit = parts.audit;
    this.#propagation = parts.propagation;
    this.#events = parts.events;
  }

  /**
   * Creates a key for the actor or, by an admin, for a service user. A request that has a name makes one key, however
   * often it comes.
   */
  async create(
    actor: Actor,
    me: DirectoryUser,
    draft: KeyDraft,
    request: string | null,
  ): Promise<Result<CreatedKey>> {
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const created = this.#make(actor, me, draft, request);
      if (isRefusal(created)) return created;
      const { key } = created;
      const pushed = await this.#propagation.push(key.id);
      if (pushed === "in force") return created;
      // Nobody has seen the secret, so the key is of no use: if it has reached the guard, it must not live there.
      this.commitRevocation(actor, key, "The creation could not be confirmed", Date.now());
      this.#creations.withdraw(key.id);
      if (pushed === "unconfirmed") return UNCONFIRMED;
      this.leaveGroup(key.id);
    }
    return UNCONFIRMED;
  }

  /** Commits a new key with what goes with it. */
  #make(actor: Actor, me: DirectoryUser, draft: KeyDraft, request: string | null): Result<CreatedKey> {
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      const keyId = request && this.#creations.find(actor, request, now);
      if (keyId) return refuse("already_exists", { details: { keyId } });
      const owner = this.#rules.ownerOf(draft, me);
      if (isRefusal(owner)) return owner;
      const refusal = this.#rules.draftRefusal({ draft, owner, actor }, now);
      if (refusal !== null) return refusal;
      const created = this.insertNew(actor, { ...draft, ownerId: owner.id }, now);
      if (request) this.#creations.note(actor, request, created.key.id, now);
      return created;
    });
  }

  /** Generates a key in a group of the organisation, new or a successor, and commits it in the caller's transaction. */
  insertNew(actor: Actor, draft: OwnedDraft, now: number, predecessorId: string | null = null): CreatedKey {
    const { key: secret, ...material } = generateKey(config.keyPrefix, this.#guards.takePlace());
    this.#table.insert({ material, draft, createdBy: actor.id }, now);
    if (predecessorId !== null) this.#table.setSuccessor(predecessorId, material.id);
    return {
      secret,
      key: this.noteChange(actor, { action: "api_key.created", keyId: material.id, before: null }, now),
    };
  }

  /** The guard of a new key is another organisation's: the next key goes to another group. */
  leaveGroup(keyId: string): void {
    this.#guards.close(this.#table.places.guardOf(keyId));
  }

  /** One key that the actor owns or, being an admin, manages. */
  find(me: DirectoryUser, keyId: string): ManagedKey | null {
    return visibleTo(me, this.#table.find(keyId));
  }

  /** One key, with the receipt of its revocation. */
  describe(me: DirectoryUser, keyId: string): Result<{ key: ManagedKey; receipt: Receipt | null }> {
    const key = this.find(me, keyId);
    return key === null ? refuse("not_found") : { key, receipt: this.#receipt(keyId) };
  }

  /** The key of a key string, by its SHA-256. */
  findByHash(me: DirectoryUser, hash: string): ManagedKey | null {
    return visibleTo(me, this.#table.findByHash(hash));
  }

  /** A page of keys, and one more if there is a next page. Admins who look for an owner's name mean everybody's. */
  list(me: DirectoryUser, query: KeyQuery): Result<ManagedKey[]> {
    const isAdmin = me.roles.includes(ADMIN);
    const named = isAdmin && query.ownerName !== null ? "*" : me.id;
    const ownerId = query.ownerId ?? named;
    if (ownerId !== me.id && !isAdmin) return refuse("role_required");
    return this.#table.list({ ...query, ownerId }, Date.now());
  }

  /** A page of the ids of vaults that keys and roles name, and one more: everybody's for admins, else the own ones. */
  vaultIds(me: DirectoryUser, query: VaultIdQuery): string[] {
    return this.#table.vaultIds(me.roles.includes(ADMIN) ? null : me.id, query);
  }

  async update(actor: Actor, me: DirectoryUser, edit: KeyEdit): Promise<Result<ManagedKey>> {
    const { keyId, change } = edit;
    const now = Date.now();
    const updated = this.#storage.transactionSync(() => {
      const edited = this.#edit(me, edit, now);
      if (isRefusal(edited)) return edited;
      const { key, next } = edited;
      if (JSON.stringify(next) === JSON.stringify(key)) return key;
      if (!actor.freshMfa && widensKey(key, next, config.rateLimit)) return refuse("mfa_required");
      this.#table.update(keyId, next);
      return this.noteChange(actor, { action: "api_key.updated", keyId, before: key }, now);
    });
    if (isRefusal(updated)) return updated;
    const pushed = await this.#propagation.push(keyId, new Set(Object.keys(change)));
    if (pushed !== "in force") return UNCONFIRMED;
    return this.#afterSettling(updated);
  }

  /** The answer to a change: what it has made of the key, unless the key's guard had another record of it. */
  #afterSettling(updated: ManagedKey): Result<ManagedKey> {
    const key = this.#table.get(updated.id);
    if (key.revokedAt !== null) return refuseProblems([REVOKED]);
    return key.version > updated.version ? key : updated;
  }

  /** What {@link update} would make of a key's record, or why it would refuse. */
  preview(
    orgId: string,
    me: DirectoryUser,
    keyId: string,
    change: KeyChange,
  ): Result<{ before: KeyRecord; after: KeyRecord }> {
    const edited = this.#edit(me, { keyId, change, expected: null }, Date.now());
    if (isRefusal(edited)) return edited;
    const { scopes, vaults, allowedIps, rateLimit, disabled, expiresAt } = edited.next;
    const before = this.#table.record(keyId, orgId);
    return { before, after: { ...before, scopes, vaults, allowedIps, rateLimit, disabled, expiresAt } };
  }

  /** Revokes a key for good. Repeating it asks the guard again, and gives the same receipt. */
  async revoke(
    actor: Actor,
    me: DirectoryUser,
    keyId: string,
    reason: string | null,
  ): Promise<Result<Receipt>> {
    const key = this.find(me, keyId);
    if (key === null) return refuse("not_found");
    if (key.revokedAt === null) this.commitRevocation(actor, key, reason, Date.now());
    if ((await this.#propagation.push(keyId)) !== "in force") return UNCONFIRMED;
    return this.#receipt(keyId) ?? UNCONFIRMED;
  }

  /** The receipt of a key that is dead everywhere; `null` while it is not. */
  #receipt(keyId: string): Receipt | null {
    const revocation = this.#table.revocation(keyId);
    return revocation === null ? null : { keyId, status: "revoked", ...revocation };
  }

  /** Commits a revocation with its audit event and its outbox row; it is in force once it has been pushed. */
  commitRevocation(actor: Author, key: ManagedKey, reason: string | null, now: number): void {
    this.#storage.transactionSync(() => {
      this.#table.revoke(key.id, actor.id, reason, now);
      this.noteChange(actor, { action: "api_key.revoked", keyId: key.id, before: key }, now);
    });
  }

  /** Commits the revocation of every key of an owner, in the caller's transaction. */
  commitRevocationOfAll(actor: Author, ownerId: string, reason: string, now: number): void {
    const ids = this.#table.idsOf(ownerId);
    const before = [...this.#table.many.find(ids).values()];
    this.#table.many.revoke(ids, actor.id, reason, now);
    this.noteChanges(actor, "api_key.revoked", before, now);
  }

  /** Writes the audit event and the outbox rows of a change, in its transaction, and reads the key back. */
  noteChange(actor: Author, { action, keyId, before }: NotedChange, now: number): ManagedKey {
    const after = this.#table.get(keyId);
    this.#propagation.note([keyId]);
    this.#audit.add(actor, auditEntry(action, before, after), now);
    this.#events.changed(action, [after], now);
    return after;
  }

  /** The same of many keys that are there already. */
  noteChanges(actor: Author, action: AuditEntry["action"], before: readonly ManagedKey[], now: number): void {
    const ids = before.map(({ id }) => id);
    const keys = this.#table.many.find(ids);
    this.#propagation.note(ids);
    for (const key of before) {
      const after = keys.get(key.id);
      if (after !== undefined) this.#audit.add(actor, auditEntry(action, key, after), now);
    }
    this.#events.changed(action, [...keys.values()], now);
  }

  /** Writes the audit event that a key was found where it does not belong, and tells of it. */
  noteLeak(actor: Author, keyId: string, leak: Leak, now: number): void {
    this.#audit.add(actor, { action: "api_key.leaked", target: keyId, before: null, after: leak }, now);
    this.#events.leaked(this.#table.get(keyId), leak, now);
  }

  /** A key as it is and as it would be after a change. */
  #edit(
    me: DirectoryUser,
    { keyId, change, expected }: KeyEdit,
    now: number,
  ): Result<{ key: ManagedKey; next: ManagedKey }> {
    const key = this.find(me, keyId);
    if (key === null) return refuse("not_found");
    return this.#rules.changeRefusal(key, change, expected, now) ?? { key, next: { ...key, ...change } };
  }
}

/** Owners see their keys, admins see everybody's. */
function visibleTo(me: DirectoryUser, key: ManagedKey | null): ManagedKey | null {
  return key !== null && (key.owner.id === me.id || me.roles.includes(ADMIN)) ? key : null;
}
