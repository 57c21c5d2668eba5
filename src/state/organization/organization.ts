import { DurableObject } from "cloudflare:workers";
import { config } from "../../config.ts";
import { keyStatus, type VaultSet } from "../../core/key-record.ts";
import {
  ADMIN,
  developerVaults,
  type Actor,
  type KeyChange,
  type KeyDraft,
  type KeyQuery,
  type ManagedKey,
  type Receipt,
} from "../../core/organization.ts";
import { isRefusal, refuse, type Refusal } from "../../core/refusal.ts";
import type { UsageBatch } from "../../core/usage.ts";
import type { Env } from "../../env.ts";
import type { Applied } from "../key-guard.ts";
import { AuditLog } from "./audit-log.ts";
import { KeyTable } from "./key-table.ts";
import { Outbox } from "./outbox.ts";
import { SCHEMA } from "./schema.ts";
import { Settings } from "./settings.ts";
import { UserTable, type DirectoryUser } from "./user-table.ts";

/** What an organisation tells of itself. */
export interface OrganizationInfo {
  readonly id: string;
  /** Milliseconds since the epoch; `null` before bootstrap. */
  readonly bootstrappedAt: number | null;
}

const UNCONFIRMED = refuse("admission_unavailable", { retryAfter: 2 });

/**
 * The record of one organisation: its keys, its people, and what was changed by whom. A change is committed with its
 * audit event and its outbox row in one transaction, then pushed to the key's guard, and acknowledged when the guard
 * says that it is in force everywhere.
 */
export class Organization extends DurableObject<Env> {
  readonly #keys = new KeyTable(this.ctx.storage.sql);
  readonly #users = new UserTable(this.ctx.storage.sql);
  readonly #audit = new AuditLog(this.ctx.storage.sql);
  readonly #settings = new Settings(this.ctx.storage.sql);
  readonly #outbox = new Outbox(this.ctx.storage, this.env);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(SCHEMA);
  }

  /** The organisation as the actor may see it. */
  async describe(actor: Actor): Promise<OrganizationInfo | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    return { id: actor.orgId, bootstrappedAt: this.#settings.bootstrappedAt() };
  }

  /** Sets the organisation up, once: makes its signing key. */
  async bootstrap(actor: Actor): Promise<OrganizationInfo | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    if (!me.roles.includes(ADMIN)) return refuse("role_required");
    const signingKey = await this.#settings.generateSigningKey();
    const now = Date.now();
    return this.ctx.storage.transactionSync(() => {
      if (this.#settings.bootstrappedAt() !== null) return refuse("already_exists");
      this.#settings.bootstrap(signingKey, now);
      const entry = { action: "organization.bootstrapped", target: actor.orgId, before: null, after: null };
      this.#audit.add(actor, entry, now);
      return { id: actor.orgId, bootstrappedAt: now };
    });
  }

  /** Creates a key for the actor or, by an admin, for a service user. */
  async createKey(actor: Actor, draft: KeyDraft): Promise<ManagedKey | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    const now = Date.now();
    const created = this.ctx.storage.transactionSync(() => {
      const owner = this.#ownerOf(draft, me);
      if (isRefusal(owner)) return owner;
      const refusal = this.#draftRefusal(draft, owner, actor, now);
      if (refusal !== null) return refusal;
      this.#keys.insert(draft, owner.id, actor.id, now);
      return this.#noteChange(actor, "api_key.created", draft.id, null, now);
    });
    if (isRefusal(created)) return created;
    if ((await this.#push(draft.id)) !== null) return created;
    // Nobody has seen the secret, so nobody can repeat the call: what may have reached the guard must not live.
    this.#revoke(actor, created, "The creation could not be confirmed", Date.now());
    return UNCONFIRMED;
  }

  /** One key that the actor owns or, being an admin, manages. */
  async getKey(actor: Actor, keyId: string): Promise<ManagedKey | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    return this.#visibleKey(me, keyId) ?? refuse("not_found");
  }

  /** A page of keys, and one more if there is a next page. */
  async listKeys(actor: Actor, query: KeyQuery): Promise<ManagedKey[] | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    if (query.ownerId !== me.id && !me.roles.includes(ADMIN)) return refuse("role_required");
    return this.#keys.list(query, Date.now());
  }

  /** Changes a key, if its version is still the expected one; `null` expects nothing. */
  async updateKey(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    expectedVersion: number | null,
  ): Promise<ManagedKey | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    const now = Date.now();
    const updated = this.ctx.storage.transactionSync(() => {
      const key = this.#visibleKey(me, keyId);
      if (key === null) return refuse("not_found");
      const refusal = this.#changeRefusal(key, change, expectedVersion, now);
      if (refusal !== null) return refusal;
      const next = { ...key, ...change };
      if (JSON.stringify(next) === JSON.stringify(key)) return key;
      this.#keys.update(keyId, next);
      return this.#noteChange(actor, "api_key.updated", keyId, key, now);
    });
    if (isRefusal(updated)) return updated;
    return (await this.#push(keyId)) === null ? UNCONFIRMED : updated;
  }

  /** Revokes a key for good. Repeating it gives the same receipt. */
  async revokeKey(actor: Actor, keyId: string, reason: string | null): Promise<Receipt | Refusal> {
    const me = await this.#see(actor);
    if (isRefusal(me)) return me;
    const key = this.#visibleKey(me, keyId);
    if (key === null) return refuse("not_found");
    if (key.revokedAt === null) this.#revoke(actor, key, reason, Date.now());
    if (this.#keys.revocation(keyId) === null && (await this.#push(keyId)) === null) return UNCONFIRMED;
    const revocation = this.#keys.revocation(keyId);
    return revocation === null ? UNCONFIRMED : { keyId, status: "revoked", ...revocation };
  }

  /** Takes in what a key's guard has counted. */
  recordUsage(keyId: string, batch: UsageBatch): void {
    this.ctx.storage.transactionSync(() => this.#keys.recordUsage(keyId, batch));
  }

  /** Pushes again what was not confirmed. */
  override async alarm(): Promise<void> {
    for (const keyId of this.#outbox.due()) {
      const applied = await this.#push(keyId);
      if (applied !== null) await this.#outbox.cache(this.#keys.record(keyId, this.#settings.orgId()));
    }
    await this.#outbox.retryLater();
  }

  /**
   * Brings the directory up to date with the actor's identity token, unless it knows better from a later one, and
   * tells who the actor is now. A change of roles is in force for every key of theirs when this returns.
   */
  async #see(actor: Actor): Promise<DirectoryUser | Refusal> {
    const now = Date.now();
    const changed = this.ctx.storage.transactionSync(() => {
      const known = this.#users.find(actor.id);
      this.#settings.setOrgId(actor.orgId);
      if (known !== null && (known.kind === "service" || known.claimsAt > actor.claimsAt)) return [];
      this.#users.upsert(actor, now);
      const before = known === null ? null : JSON.stringify(known.vaultRoles);
      if (before === null || before === JSON.stringify(actor.vaultRoles)) return [];
      return this.#noteRoleChange(actor, known as DirectoryUser, now);
    });
    await Promise.all(changed.map((keyId) => this.#push(keyId)));
    const user = this.#users.find(actor.id);
    return user === null || user.kind === "service" ? refuse("identity_token_invalid") : user;
  }

  #noteRoleChange(actor: Actor, known: DirectoryUser, now: number): string[] {
    const keyIds = this.#keys.idsOf(actor.id);
    for (const keyId of keyIds) {
      this.#keys.touch(keyId);
      this.#outbox.add(keyId, this.#keys.find(keyId)?.version ?? 0);
    }
    this.#audit.add(
      actor,
      {
        action: "user.roles_changed",
        target: actor.id,
        before: { roles: known.roles, vaultRoles: known.vaultRoles },
        after: { roles: actor.roles, vaultRoles: actor.vaultRoles },
      },
      now,
    );
    return keyIds;
  }

  /** Pushes the current version of a key to its guard; `null` when the guard does not confirm it. */
  async #push(keyId: string): Promise<Applied | null> {
    const record = this.#keys.record(keyId, this.#settings.orgId());
    const applied = await this.#outbox.push(record);
    if (applied === null) return null;
    if (record.revokedAt !== null) this.#keys.setEffective(keyId, applied.effectiveAt);
    this.ctx.waitUntil(this.#outbox.cache(record));
    return applied;
  }

  #visibleKey(me: DirectoryUser, keyId: string): ManagedKey | null {
    const key = this.#keys.find(keyId);
    return key !== null && (key.owner.id === me.id || me.roles.includes(ADMIN)) ? key : null;
  }

  #revoke(actor: Actor, key: ManagedKey, reason: string | null, now: number): void {
    this.ctx.storage.transactionSync(() => {
      this.#keys.revoke(key.id, actor.id, reason, now);
      this.#noteChange(actor, "api_key.revoked", key.id, key, now);
    });
  }

  /** Writes the audit event and the outbox row of a change, and reads the key back. */
  #noteChange(
    actor: Actor,
    action: string,
    keyId: string,
    before: ManagedKey | null,
    now: number,
  ): ManagedKey {
    const after = this.#keys.find(keyId) as ManagedKey;
    this.#outbox.add(keyId, after.version);
    const entry = {
      action,
      target: keyId,
      before: before && withoutHash(before),
      after: withoutHash(after),
    };
    this.#audit.add(actor, entry, now);
    return after;
  }

  #ownerOf(draft: KeyDraft, me: DirectoryUser): DirectoryUser | Refusal {
    if (draft.ownerId === null || draft.ownerId === me.id) return me;
    if (!me.roles.includes(ADMIN)) return refuse("role_required");
    const owner = this.#users.find(draft.ownerId);
    if (owner?.kind === "service" && owner.active) return owner;
    return invalid("ownerId", "Must be the id of an active service user, or be left out");
  }

  #draftRefusal(draft: KeyDraft, owner: DirectoryUser, actor: Actor, now: number): Refusal | null {
    if (this.#settings.bootstrappedAt() === null) return refuse("not_bootstrapped");
    const owned = developerVaults(owner.vaultRoles);
    if (owner.id === actor.id && owned.length === 0) return refuse("role_required");
    if (!actor.freshMfa) return refuse("mfa_required");
    const refusal = vaultsRefusal(draft.vaults, owned);
    if (refusal !== null) return refusal;
    return this.#limitRefusal(owner.id, now);
  }

  #changeRefusal(
    key: ManagedKey,
    change: KeyChange,
    expectedVersion: number | null,
    now: number,
  ): Refusal | null {
    if (expectedVersion !== null && expectedVersion !== key.version) return refuse("version_conflict");
    if (key.revokedAt !== null) return invalid("status", "A revoked key cannot be changed");
    if (change.vaults !== undefined) {
      const owner = this.#users.find(key.owner.id) as DirectoryUser;
      const refusal = vaultsRefusal(change.vaults, developerVaults(owner.vaultRoles));
      if (refusal !== null) return refusal;
    }
    const expired = keyStatus({ ...key, disabled: false }, now) === "expired";
    const revived = expired && keyStatus({ ...key, ...change, disabled: false }, now) === "active";
    return revived ? this.#limitRefusal(key.owner.id, now) : null;
  }

  #limitRefusal(ownerId: string, now: number): Refusal | null {
    if (this.#keys.countLive(ownerId, now) < config.maxKeysPerOwner) return null;
    return refuse("key_limit_reached", { details: { limit: config.maxKeysPerOwner } });
  }
}

/** A key's owner may hand on only what they hold. */
function vaultsRefusal(vaults: VaultSet, owned: VaultSet): Refusal | null {
  if (owned === "*") return null;
  if (vaults === "*") {
    return owned.length > 0 ? null : invalid("vaults", "The owner holds the Developer role on no vault");
  }
  const foreign = vaults.find((vault) => !owned.includes(vault));
  if (foreign === undefined) return null;
  return invalid("vaults", `The owner does not hold the Developer role on ${foreign}`);
}

function invalid(field: string, problem: string): Refusal {
  return refuse("invalid_value", { details: { field, problem } });
}

function withoutHash({ hash: _, ...rest }: ManagedKey): Omit<ManagedKey, "hash"> {
  return rest;
}
