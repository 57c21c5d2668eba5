import type { Actor } from "../../../core/organization/organization.ts";
import { refuse, type Result } from "../../../core/refusal.ts";
import { NOTHING, sameGrants, union, type Grants } from "../../../core/scim/roles.ts";
import { judge, type Verdict } from "../../../core/scim/standing.ts";
import { SYSTEM, type AuditEntry, type AuditLog, type Author } from "../audit/audit-log.ts";
import type { Alarm } from "../../alarm.ts";
import { grantsInTime, lapseOf, latestClaims } from "./claims.ts";
import type { KeyTable } from "../keys/key-table.ts";
import { UNCONFIRMED, type Propagation } from "../propagation.ts";
import type { ScimIdentities } from "./scim-identities.ts";
import type { Settings } from "../settings.ts";
import type { DirectoryUser, Person, Standing, UserTable } from "./user-table.ts";
import { required } from "../../../core/required.ts";

interface Parts {
  readonly users: UserTable;
  readonly identities: ScimIdentities;
  readonly keys: KeyTable;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly propagation: Propagation;
  readonly alarm: Alarm;
  /** How long a token's roles count from its issue; `null` for good. */
  readonly rolesMaxAgeMs: number | null;
  /** Commits the revocation of all keys of a deactivated person, in the caller's transaction. */
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
  async see(actor: Actor): Promise<Result<DirectoryUser>> {
    this.#storage.transactionSync(() => this.#signIn(actor, Date.now()));
    if (!(await this.#keysFollow(actor.id))) return UNCONFIRMED;
    const user = this.#parts.users.find(actor.id);
    if (user !== null && user.kind !== "service") return user;
    return refuse("identity_token_invalid", { reason: "the subject is the id of a service user" });
  }

  /**
   * Whether somebody with an identity token is not deactivated; nothing of the token is taken in. `email`: the verified
   * address.
   */
  isActive(id: string, email: string | null): boolean {
    const known = this.#parts.users.find(id);
    if (known?.kind === "service") return false;
    const person = { ...(known ?? STRANGER), id };
    return this.judge({ ...person, emailKey: email ?? person.emailKey }).active;
  }

  /** What a person may do by the rules as they are now, and whence. */
  judge(person: Judged): Verdict {
    const { id, emailKey: email, scimId, claimsAt } = person;
    return judge(person, this.#parts.identities.candidatesFor({ id, email, scimId }, claimsAt));
  }

  /** Commits the revocation of all keys of somebody, in the caller's transaction. */
  cutOff(author: Author, personId: string, now: number): void {
    this.#parts.revokeKeysOf(author, personId, now);
  }

  /** Works out what a person may do, and has their keys follow; tells whether that has changed. */
  settle(author: Author, personId: string, now: number): boolean {
    const { users, audit } = this.#parts;
    const before = required(users.find(personId), "person");
    const after = this.#place(before);
    const sameRoles = sameGrants(before, after);
    if (sameRoles && before.active === after.active) return false;
    if (!sameRoles) {
      audit.add(author, entry("user.roles_changed", personId, rolesIn(before), rolesIn(after)), now);
    }
    if (before.active !== after.active) {
      const action = after.active ? "user.reactivated" : "user.deactivated";
      audit.add(author, entry(action, personId, { active: before.active }, { active: after.active }), now);
    }
    if (!after.active) this.cutOff(author, personId, now);
    else if (!sameRoles) this.#touchKeys(personId);
    return true;
  }

  /** Ends what tokens say that are too old, and has the keys of their people follow. */
  async lapse(now: number): Promise<void> {
    const { users, keys, propagation, rolesMaxAgeMs } = this.#parts;
    if (rolesMaxAgeMs === null) return;
    const people = users.claimingSince(now - rolesMaxAgeMs);
    this.#storage.transactionSync(() => {
      for (const id of people) {
        users.dropClaims(id);
        this.settle(SYSTEM, id, now);
      }
    });
    await propagation.pushAll(people.flatMap((id) => keys.pendingOf(id)));
  }

  /** When {@link lapse} is to be called; milliseconds since the epoch. */
  nextLapse(): number | null {
    const { users, rolesMaxAgeMs } = this.#parts;
    const oldest = rolesMaxAgeMs === null ? null : users.oldestClaims();
    return oldest === null || rolesMaxAgeMs === null ? null : oldest + rolesMaxAgeMs;
  }

  /** Takes in what a token says. */
  #signIn(actor: Actor, now: number): void {
    const { users, settings, rolesMaxAgeMs, alarm } = this.#parts;
    settings.setOrgId(actor.orgId);
    const known = users.find(actor.id);
    if (known?.kind === "service") return;
    const issuedAt = actor.claimsAt;
    const grants = grantsInTime({ grants: actor, issuedAt }, rolesMaxAgeMs, now);
    const claims = latestClaims(known, { grants, issuedAt }, now);
    if (claims === null) return;
    users.noteClaims(actor, claims, now);
    const lapse = lapseOf(claims, rolesMaxAgeMs);
    if (Number.isFinite(lapse)) alarm.ringBy(lapse);
    if (known === null) {
      // A person who is new here has no keys, and nothing to settle.
      this.#place(required(users.find(actor.id), "person"));
    } else if (this.settle(actor, actor.id, now)) {
      users.awaitKeys(actor.id, now);
    }
  }

  /** Pushes what this sign-in or an earlier one has changed for the keys of a person; whether all of them follow. */
  async #keysFollow(personId: string): Promise<boolean> {
    const { users, keys, propagation } = this.#parts;
    const since = users.find(personId)?.unconfirmedSince ?? null;
    if (since === null) return true;
    const unconfirmed = await propagation.pushAll(keys.pendingOf(personId));
    if (unconfirmed.length === 0) users.confirmKeys(personId, since);
    return unconfirmed.length === 0;
  }

  /** Puts on record what a person may do now, and which SCIM users they are. */
  #place(person: Person): Standing {
    const { users, identities } = this.#parts;
    const verdict = this.judge(person);
    const { active, claimed, granted, claimsVoidBefore, matched } = verdict;
    const scimId = matched[0] ?? recordedAs(person, verdict);
    const standing = { ...union(claimed, granted), active, scimId, claimsVoidBefore };
    identities.bind(person.id, person.scimId === null ? matched : [...matched, person.scimId]);
    users.settle(person.id, standing);
    return standing;
  }

  /** A new version for every key of an owner whose roles have changed. */
  #touchKeys(ownerId: string): void {
    const { keys, propagation } = this.#parts;
    const ids = keys.idsOf(ownerId);
    keys.many.touch(ids);
    propagation.note(ids);
  }
}

/** What of a person decides about their standing. */
type Judged = Pick<Person, "id" | "emailKey" | "claimed" | "claimsAt" | "scimId" | "claimsVoidBefore">;

/** A person who has not signed in yet. */
const STRANGER = { emailKey: null, claimed: NOTHING, claimsAt: 0, scimId: null, claimsVoidBefore: 0 };

/** The SCIM user that a person is on record as; `null` when SCIM does not know them. */
export function recordedAs({ scimId }: Pick<Person, "scimId">, { recorded }: Verdict): string | null {
  return scimId !== null && recorded.includes(scimId) ? scimId : (recorded[0] ?? scimId);
}

function entry(action: AuditEntry["action"], target: string, before: object, after: object): AuditEntry {
  return { action, target, before, after };
}

function rolesIn({ roles, vaultRoles }: Grants): object {
  return { roles, vaultRoles };
}
