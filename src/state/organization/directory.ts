import type { Actor } from "../../core/organization.ts";
import { refuse, type Refusal } from "../../core/refusal.ts";
import { difference, grantsOf, NOTHING, sameGrants, union, type Grants } from "../../core/scim/roles.ts";
import type { AuditLog, Author } from "./audit-log.ts";
import type { KeyTable } from "./key-table.ts";
import type { Propagation } from "./propagation.ts";
import type { ScimUsers } from "./scim-users.ts";
import type { Settings } from "./settings.ts";
import type { DirectoryUser, Person, Standing, UserTable } from "./user-table.ts";

interface Parts {
  readonly users: UserTable;
  readonly scimUsers: ScimUsers;
  readonly keys: KeyTable;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly propagation: Propagation;
  /** Commits the revocation of all keys of somebody who has been deactivated, in the caller's transaction. */
  readonly revokeKeysOf: (author: Author, ownerId: string, now: number) => void;
}

/**
 * Who may own keys, and what they may do: what their identity tokens say together with what SCIM says. A role that
 * SCIM takes away is gone until a newer token says otherwise; somebody whom SCIM deactivates is out altogether.
 */
export class Directory {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  find(userId: string): DirectoryUser | null {
    return this.#parts.users.find(userId);
  }

  /**
   * Brings the directory up to date with the actor's identity token, unless it knows better from a later one, and
   * tells who the actor is now. A change of roles is in force for every key of theirs when this returns.
   */
  async see(actor: Actor): Promise<DirectoryUser | Refusal> {
    const { users, keys, propagation } = this.#parts;
    const changed = this.#storage.transactionSync(() => this.#signIn(actor, Date.now()));
    if (changed) await propagation.pushAll(keys.pendingOf(actor.id));
    const user = users.find(actor.id);
    return user === null || user.kind === "service" ? refuse("identity_token_invalid") : user;
  }

  /** Works out what a person may do, and has their keys follow; tells whether that has changed. */
  settle(author: Author, personId: string, now: number): boolean {
    const { users, audit } = this.#parts;
    const before = users.find(personId) as Person;
    const after = this.#standingOf(before);
    users.settle(personId, after);
    const sameRoles = sameGrants(before, after);
    if (sameRoles && before.active === after.active) return false;
    if (!sameRoles) {
      audit.add(author, entry("user.roles_changed", personId, rolesIn(before), rolesIn(after)), now);
    }
    if (before.active !== after.active) {
      const action = after.active ? "user.reactivated" : "user.deactivated";
      audit.add(author, entry(action, personId, { active: before.active }, { active: after.active }), now);
    }
    if (!after.active) this.#parts.revokeKeysOf(author, personId, now);
    else if (!sameRoles) this.#touchKeys(personId);
    return true;
  }

  /** Takes in what a token says; whether that has changed what the actor may do. */
  #signIn(actor: Actor, now: number): boolean {
    const { users, settings } = this.#parts;
    settings.setOrgId(actor.orgId);
    const known = users.find(actor.id);
    if (known !== null && (known.kind === "service" || known.claimsAt > actor.claimsAt)) return false;
    users.noteClaims(actor, now);
    if (known !== null) return this.settle(actor, actor.id, now);
    // Somebody who is seen for the first time has no keys, and nothing of theirs has changed.
    users.settle(actor.id, this.#standingOf(users.find(actor.id) as Person));
    return false;
  }

  /**
   * Roles follow the rules of matching as they are now. Whoever was matched once and is nobody else since stays
   * bound to that SCIM user: it may have been renamed before it is deactivated.
   */
  #standingOf({ id, email, claimed, claimsAt, scimId }: Person): Standing {
    const { scimUsers } = this.#parts;
    const matched = scimUsers.match(id, email);
    const bound = scimId === null ? null : scimUsers.remembered(scimId);
    const governing = matched ?? bound ?? scimUsers.matchDeleted(id, email);
    if (governing === null) return { ...union(claimed, NOTHING), active: true, scimId: null };
    const withdrawn = grantsOf(scimUsers.withdrawnSince(governing.id, claimsAt));
    const granted = matched === null ? NOTHING : grantsOf(scimUsers.roleNames(matched.id));
    return {
      ...union(difference(claimed, withdrawn), granted),
      active: governing.active,
      scimId: governing.id,
    };
  }

  /** A new version for every key of an owner whose roles have changed. */
  #touchKeys(ownerId: string): void {
    const { keys, propagation } = this.#parts;
    for (const keyId of keys.idsOf(ownerId)) {
      keys.touch(keyId);
      propagation.note(keyId);
    }
  }
}

function entry(action: string, target: string, before: object, after: object) {
  return { action, target, before, after };
}

function rolesIn({ roles, vaultRoles }: Grants): object {
  return { roles, vaultRoles };
}
