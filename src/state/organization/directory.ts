import type { Actor } from "../../core/organization.ts";
import { refuse, type Refusal } from "../../core/refusal.ts";
import type { AuditLog } from "./audit-log.ts";
import type { KeyTable } from "./key-table.ts";
import type { Propagation } from "./propagation.ts";
import type { Settings } from "./settings.ts";
import type { DirectoryUser, UserTable } from "./user-table.ts";

/** Who may own keys, and what they may do: brought up to date by identity tokens. */
export class Directory {
  readonly #storage: DurableObjectStorage;
  readonly #users: UserTable;
  readonly #keys: KeyTable;
  readonly #settings: Settings;
  readonly #audit: AuditLog;
  readonly #propagation: Propagation;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      users: UserTable;
      keys: KeyTable;
      settings: Settings;
      audit: AuditLog;
      propagation: Propagation;
    },
  ) {
    this.#storage = storage;
    this.#users = parts.users;
    this.#keys = parts.keys;
    this.#settings = parts.settings;
    this.#audit = parts.audit;
    this.#propagation = parts.propagation;
  }

  find(userId: string): DirectoryUser | null {
    return this.#users.find(userId);
  }

  /**
   * Brings the directory up to date with the actor's identity token, unless it knows better from a later one, and
   * tells who the actor is now. A change of roles is in force for every key of theirs when this returns.
   */
  async see(actor: Actor): Promise<DirectoryUser | Refusal> {
    const changed = this.#storage.transactionSync(() => this.#signIn(actor, Date.now()));
    await this.#propagation.pushAll(changed);
    const user = this.#users.find(actor.id);
    return user === null || user.kind === "service" ? refuse("identity_token_invalid") : user;
  }

  /** Takes in what a token says; the keys that a change of roles concerns. */
  #signIn(actor: Actor, now: number): string[] {
    this.#settings.setOrgId(actor.orgId);
    const known = this.#users.find(actor.id);
    if (known !== null && (known.kind === "service" || known.claimsAt > actor.claimsAt)) return [];
    this.#users.upsert(actor, now);
    if (known === null || JSON.stringify(known.vaultRoles) === JSON.stringify(actor.vaultRoles)) return [];
    const entry = {
      action: "user.roles_changed",
      target: actor.id,
      before: { roles: known.roles, vaultRoles: known.vaultRoles },
      after: { roles: actor.roles, vaultRoles: actor.vaultRoles },
    };
    this.#audit.add(actor, entry, now);
    return this.#touchKeys(actor.id);
  }

  /** A new version for every key of an owner whose roles have changed. */
  #touchKeys(ownerId: string): string[] {
    const keyIds = this.#keys.idsOf(ownerId);
    for (const keyId of keyIds) {
      this.#keys.touch(keyId);
      this.#propagation.note(keyId);
    }
    return keyIds;
  }
}
