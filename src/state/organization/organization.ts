import { DurableObject } from "cloudflare:workers";
import {
  ADMIN,
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
import { AuditLog } from "./audit-log.ts";
import { Directory } from "./directory.ts";
import { KeyTable } from "./key-table.ts";
import { Keys } from "./keys.ts";
import { Propagation } from "./propagation.ts";
import { SCHEMA } from "./schema.ts";
import { Settings } from "./settings.ts";
import { UserTable, type DirectoryUser } from "./user-table.ts";

/** What an organisation tells of itself. */
export interface OrganizationInfo {
  readonly id: string;
  /** Milliseconds since the epoch; `null` before bootstrap. */
  readonly bootstrappedAt: number | null;
}

/**
 * The record of one organisation: its keys, its people, and what was changed by whom. Its methods are what the rest of
 * the Worker can ask of it; each first takes in who asks.
 */
export class Organization extends DurableObject<Env> {
  readonly #audit = new AuditLog(this.ctx.storage.sql);
  readonly #settings = new Settings(this.ctx.storage.sql);
  readonly #keyTable = new KeyTable(this.ctx.storage.sql);
  readonly #propagation = new Propagation(this.ctx, this.env, this.#keyTable, this.#settings);
  readonly #directory = new Directory(this.ctx.storage, {
    users: new UserTable(this.ctx.storage.sql),
    keys: this.#keyTable,
    settings: this.#settings,
    audit: this.#audit,
    propagation: this.#propagation,
  });
  readonly #keys = new Keys(this.ctx.storage, {
    keys: this.#keyTable,
    directory: this.#directory,
    settings: this.#settings,
    audit: this.#audit,
    propagation: this.#propagation,
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(SCHEMA);
  }

  /** The organisation as the actor may see it. */
  describe(actor: Actor): Promise<OrganizationInfo | Refusal> {
    return this.#as(actor, () => ({ id: actor.orgId, bootstrappedAt: this.#settings.bootstrappedAt() }));
  }

  /** Sets the organisation up, once: makes its signing key. */
  bootstrap(actor: Actor): Promise<OrganizationInfo | Refusal> {
    return this.#asAdmin(actor, async () => {
      const signingKey = await this.#settings.generateSigningKey();
      const now = Date.now();
      return this.ctx.storage.transactionSync(() => {
        if (this.#settings.bootstrappedAt() !== null) return refuse("already_exists");
        this.#settings.bootstrap(signingKey, now);
        const entry = { action: "organization.bootstrapped", target: actor.orgId, before: null, after: null };
        this.#audit.add(actor, entry, now);
        return { id: actor.orgId, bootstrappedAt: now };
      });
    });
  }

  createKey(actor: Actor, draft: KeyDraft): Promise<ManagedKey | Refusal> {
    return this.#as(actor, (me) => this.#keys.create(actor, me, draft));
  }

  getKey(actor: Actor, keyId: string): Promise<ManagedKey | Refusal> {
    return this.#as(actor, (me) => this.#keys.find(me, keyId) ?? refuse("not_found"));
  }

  /** A page of keys, and one more if there is a next page. */
  listKeys(actor: Actor, query: KeyQuery): Promise<ManagedKey[] | Refusal> {
    return this.#as(actor, (me) => this.#keys.list(me, query));
  }

  updateKey(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    expectedVersion: number | null,
  ): Promise<ManagedKey | Refusal> {
    return this.#as(actor, (me) => this.#keys.update(actor, me, keyId, change, expectedVersion));
  }

  revokeKey(actor: Actor, keyId: string, reason: string | null): Promise<Receipt | Refusal> {
    return this.#as(actor, (me) => this.#keys.revoke(actor, me, keyId, reason));
  }

  /** Takes in what a key's guard has counted. */
  recordUsage(keyId: string, batch: UsageBatch): void {
    this.ctx.storage.transactionSync(() => this.#keyTable.recordUsage(keyId, batch));
  }

  override alarm(): Promise<void> {
    return this.#propagation.retry();
  }

  async #as<T>(actor: Actor, act: (me: DirectoryUser) => T | Promise<T>): Promise<T | Refusal> {
    const me = await this.#directory.see(actor);
    return isRefusal(me) ? me : act(me);
  }

  #asAdmin<T>(actor: Actor, act: (me: DirectoryUser) => T | Promise<T>): Promise<T | Refusal> {
    return this.#as<T | Refusal>(actor, (me) =>
      me.roles.includes(ADMIN) ? act(me) : refuse("role_required"),
    );
  }
}
