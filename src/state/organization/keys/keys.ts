import { config } from "../../../config.ts";
import { problemsIn, refuseProblems, type FieldProblem } from "../../../core/http/field-problems.ts";
import { generateKey } from "../../../core/key/key-secret.ts";
import { keyStatus, type KeyRecord, type VaultSet } from "../../../core/key/key-record.ts";
import type { Leak } from "../../../core/organization/leak.ts";
import { ADMIN, developerVaults, type Actor } from "../../../core/organization/organization.ts";
import type {
  CreatedKey,
  KeyChange,
  KeyDraft,
  KeyQuery,
  ManagedKey,
  Receipt,
} from "../../../core/organization/managed-key.ts";
import { isRefusal, refuse, type Refusal, type Result } from "../../../core/refusal.ts";
import { REFUSALS } from "../../../core/refusal-table.ts";
import { widensKey } from "../../../core/access/widening.ts";
import type { AuditEntry, AuditLog, Author } from "../audit/audit-log.ts";
import type { CreationTable } from "./creation-table.ts";
import type { Directory } from "../people/directory.ts";
import type { GuardTable } from "../guard-table.ts";
import type { KeyEvents } from "./key-events.ts";
import type { KeyTable } from "./key-table.ts";
import { UNCONFIRMED, type Propagation } from "../propagation.ts";
import type { Settings } from "../settings.ts";
import type { DirectoryUser } from "../people/user-table.ts";

/** A group that is drawn is another organisation's once in a million draws. */
const MAX_DRAWS = 4;

/**
 * Creating, changing and revoking keys. A change is committed with its audit event and its outbox row in one
 * transaction, then pushed to the key's guard, and acknowledged when the guard says that it is in force everywhere.
 */
export class Keys {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #guards: GuardTable;
  readonly #creations: CreationTable;
  readonly #directory: Directory;
  readonly #settings: Settings;
  readonly #audit: AuditLog;
  readonly #propagation: Propagation;
  readonly #events: KeyEvents;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      keys: KeyTable;
      guards: GuardTable;
      creations: CreationTable;
      directory: Directory;
      settings: Settings;
      audit: AuditLog;
      propagation: Propagation;
      events: KeyEvents;
    },
  ) {
    this.#storage = storage;
    this.#table = parts.keys;
    this.#guards = parts.guards;
    this.#creations = parts.creations;
    this.#directory = parts.directory;
    this.#settings = parts.settings;
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
      const created = this.#make(actor, me, draft, request, Date.now());
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
  #make(
    actor: Actor,
    me: DirectoryUser,
    draft: KeyDraft,
    request: string | null,
    now: number,
  ): Result<CreatedKey> {
    return this.#storage.transactionSync(() => {
      const keyId = request && this.#creations.find(actor, request, now);
      if (keyId) return refuse("already_exists", { details: { keyId } });
      const owner = this.#ownerOf(draft, me);
      if (isRefusal(owner)) return owner;
      const refusal = this.draftRefusal(draft, owner, actor, now);
      if (refusal !== null) return refusal;
      const created = this.insertNew(actor, draft, owner.id, now);
      if (request) this.#creations.note(actor, request, created.key.id, now);
      return created;
    });
  }

  /** Generates a key in a group of the organisation, new or a successor, and commits it in the caller's transaction. */
  insertNew(
    actor: Actor,
    draft: KeyDraft,
    ownerId: string,
    now: number,
    predecessorId: string | null = null,
  ): CreatedKey {
    const { key: secret, ...material } = generateKey(config.keyPrefix, this.#guards.takePlace());
    this.#table.insert(material, draft, ownerId, actor.id, now);
    if (predecessorId !== null) this.#table.setSuccessor(predecessorId, material.id);
    return { secret, key: this.noteChange(actor, "api_key.created", material.id, null, now) };
  }

  /** The guard of a new key is another organisation's: the next key goes to another group. */
  leaveGroup(keyId: string): void {
    this.#guards.close(this.#table.guardOf(keyId));
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
  vaultIds(me: DirectoryUser, limit: number, after: string): string[] {
    return this.#table.vaultIds(me.roles.includes(ADMIN) ? null : me.id, limit, after);
  }

  /** Changes a key, if its version is still one of the expected; `null` expects nothing. */
  async update(
    actor: Actor,
    me: DirectoryUser,
    keyId: string,
    change: KeyChange,
    expected: readonly number[] | null,
  ): Promise<Result<ManagedKey>> {
    const now = Date.now();
    const updated = this.#storage.transactionSync(() => {
      const edit = this.#edit(me, keyId, change, expected, now);
      if (isRefusal(edit)) return edit;
      const { key, next } = edit;
      if (JSON.stringify(next) === JSON.stringify(key)) return key;
      if (!actor.freshMfa && widensKey(key, next, config.rateLimit)) return refuse("mfa_required");
      this.#table.update(keyId, next);
      return this.noteChange(actor, "api_key.updated", keyId, key, now);
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
    const edit = this.#edit(me, keyId, change, null, Date.now());
    if (isRefusal(edit)) return edit;
    const { scopes, vaults, allowedIps, rateLimit, disabled, expiresAt } = edit.next;
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
      this.noteChange(actor, "api_key.revoked", key.id, key, now);
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
  noteChange(
    actor: Author,
    action: string,
    keyId: string,
    before: ManagedKey | null,
    now: number,
  ): ManagedKey {
    const after = this.#table.get(keyId);
    this.#propagation.note([keyId]);
    this.#audit.add(actor, entryOf(action, before, after), now);
    this.#events.changed(action, [after], now);
    return after;
  }

  /** The same of many keys that are there already. */
  noteChanges(actor: Author, action: string, before: readonly ManagedKey[], now: number): void {
    const ids = before.map(({ id }) => id);
    const keys = this.#table.many.find(ids);
    this.#propagation.note(ids);
    for (const key of before) {
      const after = keys.get(key.id);
      if (after !== undefined) this.#audit.add(actor, entryOf(action, key, after), now);
    }
    this.#events.changed(action, [...keys.values()], now);
  }

  /** Writes the audit event that a key was found where it does not belong, and tells of it. */
  noteLeak(actor: Author, keyId: string, leak: Leak, now: number): void {
    this.#audit.add(actor, { action: "api_key.leaked", target: keyId, before: null, after: leak }, now);
    this.#events.leaked(this.#table.get(keyId), leak, now);
  }

  /** All problems of a new key's fields that only the organisation can find. */
  draftProblems(me: DirectoryUser, draft: Partial<Pick<KeyDraft, "ownerId" | "vaults">>): FieldProblem[] {
    const { ownerId = null, vaults = [] } = draft;
    const owner = this.#ownerOf({ ownerId }, me);
    if (isRefusal(owner)) return [...problemsIn(owner)];
    const owned = developerVaults(owner.vaultRoles);
    const full = this.#limitRefusal(owner.id, Date.now()) !== null;
    return [...(owned.length === 0 ? [NO_VAULT] : vaultProblems(vaults, owned)), ...(full ? [FULL] : [])];
  }

  /** The same of a change of a key. */
  changeProblems(me: DirectoryUser, keyId: string, change: Pick<KeyChange, "vaults">): FieldProblem[] {
    const key = this.find(me, keyId);
    if (key === null) return [];
    return [...(key.revokedAt === null ? [] : [REVOKED]), ...this.#vaultProblems(key, change)];
  }

  #ownerOf({ ownerId }: Pick<KeyDraft, "ownerId">, me: DirectoryUser): Result<DirectoryUser> {
    if (ownerId === null || ownerId === me.id) return me;
    if (!me.roles.includes(ADMIN)) return refuse("role_required");
    const owner = this.#directory.find(ownerId);
    if (owner?.kind === "service" && owner.active) return owner;
    const problem = "Must be the id of an active service user, or be left out";
    return refuseProblems([{ field: "ownerId", problem }]);
  }

  /** Why a key may not be made for this owner by this actor; `replaced` keys make room for it. */
  draftRefusal(
    draft: Pick<KeyDraft, "vaults">,
    owner: DirectoryUser,
    actor: Actor,
    now: number,
    replaced = 0,
  ): Refusal | null {
    if (this.#settings.bootstrappedAt() === null) return refuse("not_bootstrapped");
    const owned = developerVaults(owner.vaultRoles);
    if (owner.id === actor.id && owned.length === 0) return refuse("role_required");
    if (!actor.freshMfa) return refuse("mfa_required");
    const problems = vaultProblems(draft.vaults, owned);
    const full = this.#limitRefusal(owner.id, now, replaced);
    return problems.length === 0 ? full : refuseProblems([...problems, ...(full ? [FULL] : [])]);
  }

  /** A key as it is and as it would be after a change. */
  #edit(
    me: DirectoryUser,
    keyId: string,
    change: KeyChange,
    expected: readonly number[] | null,
    now: number,
  ): Result<{ key: ManagedKey; next: ManagedKey }> {
    const key = this.find(me, keyId);
    if (key === null) return refuse("not_found");
    return this.#changeRefusal(key, change, expected, now) ?? { key, next: { ...key, ...change } };
  }

  #changeRefusal(
    key: ManagedKey,
    change: KeyChange,
    expected: readonly number[] | null,
    now: number,
  ): Refusal | null {
    if (expected !== null && !expected.includes(key.version)) return refuse("version_conflict");
    if (key.revokedAt !== null) return refuseProblems([REVOKED]);
    const problems = this.#vaultProblems(key, change);
    if (problems.length > 0) return refuseProblems(problems);
    const expired = keyStatus({ ...key, disabled: false }, now) === "expired";
    const revived = expired && keyStatus({ ...key, ...change, disabled: false }, now) === "active";
    return revived ? this.#limitRefusal(key.owner.id, now) : null;
  }

  #vaultProblems(key: ManagedKey, { vaults }: Pick<KeyChange, "vaults">): FieldProblem[] {
    if (vaults === undefined) return [];
    const owner = this.#directory.find(key.owner.id) as DirectoryUser;
    return vaultProblems(vaults, developerVaults(owner.vaultRoles));
  }

  #limitRefusal(ownerId: string, now: number, replaced = 0): Refusal | null {
    if (this.#table.countLive(ownerId, now) - replaced < config.maxKeysPerOwner) return null;
    return refuse("key_limit_reached", { details: { limit: config.maxKeysPerOwner } });
  }
}

/** Owners see their keys, admins see everybody's. */
function visibleTo(me: DirectoryUser, key: ManagedKey | null): ManagedKey | null {
  return key !== null && (key.owner.id === me.id || me.roles.includes(ADMIN)) ? key : null;
}

const REVOKED = { field: "status", problem: "A revoked key cannot be changed" };
const FULL = { field: "ownerId", problem: REFUSALS.key_limit_reached.message };
const NO_VAULT = { field: "vaults", problem: "The owner holds the Developer role on no vault" };

/** A key's owner may hand on only what they hold. */
export function vaultProblems(vaults: VaultSet, owned: VaultSet): FieldProblem[] {
  if (owned === "*") return [];
  if (vaults === "*") return owned.length > 0 ? [] : [NO_VAULT];
  return vaults
    .filter((vault) => !owned.includes(vault))
    .map((vault) => ({
      field: "vaults",
      problem: `The owner does not hold the Developer role on ${vault}`,
    }));
}

function entryOf(action: string, before: ManagedKey | null, after: ManagedKey): AuditEntry {
  return { action, target: after.id, before: before && recorded(before), after: recorded(after) };
}

/** A key as audit events show it, without what belongs to its owner. */
function recorded({ hash: _, ownerVaults: __, ...rest }: ManagedKey): object {
  return rest;
}
