import { among } from "../../bound-lists.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import type {
  Actor,
  OrgPerson,
  PersonPosition,
  PersonRole,
} from "../../../core/organization/organization.ts";
import type { Receipt } from "../../../core/organization/managed-key.ts";
import { refuse, type Result } from "../../../core/refusal.ts";
import type { ScimObject } from "../../../core/scim/object.ts";
import { isNothing, namesOf, type Grants } from "../../../core/scim/roles.ts";
import type { AuditEntry, AuditLog } from "../audit/audit-log.ts";
import type { KeyTable } from "../keys/key-table.ts";
import type { Keys } from "../keys/keys.ts";
import { UNCONFIRMED, type Propagation } from "../propagation.ts";
import { recordedAs, type Directory } from "./directory.ts";
import type { ScimGroups } from "./scim-groups.ts";
import { scimGrants } from "./scim-roles.ts";
import { SCIM_USER_NAME } from "./scim-store.ts";
import type { ScimUsers } from "./scim-users.ts";
import type { UserTable } from "./user-table.ts";
import { isList, isObject } from "../../../core/scim/object.ts";

/** The most groups without a role that are listed. */
const MAX_GROUPS = 500;

const KEYS = `(SELECT count(*) FROM keys WHERE owner_id = users.id AND revoked_at IS NULL)`;

/** Everybody who has a role or a key, and the SCIM users who are nobody of them, by name. */
const everybody = (isMatched: string, isWanted: string) => `SELECT * FROM (
    SELECT id, name, ${KEYS} AS keys, 1 AS signed_in FROM users
    WHERE kind = 'user' AND (roles <> '[]' OR vault_roles <> '{}' OR ${KEYS} > 0)
    UNION ALL
    SELECT id, ${SCIM_USER_NAME}, 0, 0
    FROM scim_users WHERE deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM users WHERE scim_id = scim_users.id)
      AND NOT (${isMatched})
  ) WHERE (lower(name), id) > (lower(?), ?) AND (${isWanted})
  ORDER BY lower(name), id LIMIT ?`;

interface Parts {
  readonly users: UserTable;
  readonly scimUsers: ScimUsers;
  readonly groups: ScimGroups;
  readonly directory: Directory;
  readonly keys: Keys;
  readonly table: KeyTable;
  readonly propagation: Propagation;
  readonly audit: AuditLog;
}

/** The people of an organisation, as admins see and cut them off. */
export class People {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** A page of people by name, and one more if there is a next page; with `q` of those whose name or address holds it. */
  list(limit: number, after: PersonPosition | null, q: string | null): OrgPerson[] {
    const matched = among("id", this.#alsoMatched());
    const wanted = q === null ? { condition: "1", values: [] } : among("id", this.#found(q));
    const rows = this.#storage.sql.exec<{ id: string; name: string; keys: number; signed_in: number }>(
      everybody(matched.condition, wanted.condition),
      ...matched.values,
      after?.name ?? "",
      after?.id ?? "",
      ...wanted.values,
      limit + 1,
    );
    return rows
      .toArray()
      .map(({ id, name, keys, signed_in: signedIn }) =>
        signedIn === 1 ? this.#person(id, keys) : this.#stranger(id, name),
      );
  }

  /** A person who has signed in, or is known by SCIM. */
  find(id: string): OrgPerson | null {
    const person = this.#parts.users.find(id);
    if (person?.kind === "user") return this.#person(id, this.#parts.table.idsOf(id).length);
    if (person !== null || this.#parts.scimUsers.find(id) === null) return null;
    const { name } = this.#storage.sql
      .exec<{ name: string }>(`SELECT ${SCIM_USER_NAME} AS name FROM scim_users WHERE id = ?`, id)
      .one();
    return this.#stranger(id, name);
  }

  /** The SCIM users that people are beside the one on their record: several may fit the same rule. */
  #alsoMatched(): string[] {
    const { users, directory } = this.#parts;
    const bound = this.#storage.sql.exec<{ id: string; person: string }>(
      `SELECT scim_id AS id, person_id AS person FROM scim_bindings JOIN scim_users ON scim_users.id = scim_id
       WHERE deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM users WHERE scim_id = scim_users.id)`,
    );
    return bound
      .toArray()
      .filter(({ id, person }) => directory.judge(users.get(person)).matched.includes(id))
      .map(({ id }) => id);
  }

  /** The ids of those whose name, id or address holds a text, as people read it. */
  #found(q: string): string[] {
    const part = foldName(q);
    return this.#storage.sql
      .exec<{ id: string; name: string; known: string | null }>(
        `SELECT id, name, email AS known FROM users WHERE kind = 'user'
         UNION ALL SELECT id, ${SCIM_USER_NAME}, user_name_key FROM scim_users WHERE deleted_at IS NULL
         UNION ALL SELECT scim_id, '', email_key FROM scim_emails`,
      )
      .toArray()
      .filter((row) => [row.id, row.name, row.known].some((text) => foldName(text ?? "").includes(part)))
      .map(({ id }) => id);
  }

  /** The names of groups that give no role. */
  groupsWithoutRole(): string[] {
    const names = this.#parts.groups.names().filter((name) => isNothing(scimGrants([name])));
    return names.slice(0, MAX_GROUPS);
  }

  /** Revokes every key of somebody. Repeating it finishes what was not confirmed, and gives the same receipts. */
  async revokeKeys(actor: Actor, id: string, reason: string): Promise<Result<Receipt[]>> {
    const { keys, table, propagation, audit } = this.#parts;
    if (!this.#isKnown(id)) return refuse("not_found");
    const live = table.idsOf(id);
    if (live.length > 0) {
      const now = Date.now();
      this.#storage.transactionSync(() => {
        keys.commitRevocationOfAll(actor, id, reason, now);
        const entry: AuditEntry = {
          action: "person.keys_revoked",
          target: id,
          before: { keys: live.length },
          after: { keys: 0, reason },
        };
        audit.add(actor, entry, now);
      });
    }
    const unconfirmed = await propagation.pushAll(table.pendingOf(id));
    return unconfirmed.length > 0 ? UNCONFIRMED : this.#receipts(id, actor.id, reason);
  }

  #isKnown(id: string): boolean {
    const person = this.#parts.users.find(id);
    return person === null ? this.#parts.scimUsers.find(id) !== null : person.kind === "user";
  }

  #receipts(ownerId: string, by: string, reason: string): Receipt[] {
    const rows = this.#storage.sql.exec<{ id: string }>(
      `SELECT id FROM keys WHERE owner_id = ? AND revoked_by = ? AND revocation_reason = ? ORDER BY id`,
      ownerId,
      by,
      reason,
    );
    return rows.toArray().flatMap(({ id }) => {
      const revocation = this.#parts.table.revocation(id);
      return revocation === null ? [] : [{ keyId: id, status: "revoked", ...revocation }];
    });
  }

  #person(id: string, keys: number): OrgPerson {
    const { users, scimUsers, directory } = this.#parts;
    const person = users.get(id);
    const verdict = directory.judge(person);
    const { claimed, granted } = verdict;
    const scimId = recordedAs(person, verdict);
    const scim = scimId === null ? null : scimUsers.find(scimId);
    return {
      id,
      name: person.name,
      email: person.email,
      active: person.active,
      roles: [...rolesOf(claimed, "token"), ...rolesOf(granted, "scim")],
      keys,
      lastSignInAt: person.claimsAt,
      scim: scimId === null ? null : scim === null ? "deleted" : "matched",
    };
  }

  /** A SCIM user who has not signed in, or not as anybody whom the rules find. */
  #stranger(id: string, name: string): OrgPerson {
    const { scimUsers } = this.#parts;
    const resource = scimUsers.find(id)?.resource ?? {};
    return {
      id,
      name,
      email: mainEmail(resource),
      active: resource["active"] === true,
      roles: rolesOf(scimGrants(scimUsers.roleNames(id)), "scim"),
      keys: 0,
      lastSignInAt: null,
      scim: "unmatched",
    };
  }
}

function rolesOf(grants: Grants, from: PersonRole["from"]): PersonRole[] {
  return namesOf(grants).map((role) => ({ role, from }));
}

/** The primary address, else the first. */
function mainEmail(user: ScimObject): string | null {
  const emails = isList(user["emails"]) ? user["emails"].filter(isObject) : [];
  const email = emails.find(({ primary }) => primary === true) ?? emails[0];
  return typeof email?.["value"] === "string" ? email["value"] : null;
}
