import { flag, number, numberOrNull, text, textOrNull, type SqlRow } from "../../sql-row.ts";
import { MATCHING_RULES, type Candidate } from "../../../core/scim/standing.ts";
import { scimGrants } from "./scim-roles.ts";
import { sameKey } from "./scim-store.ts";
import type { ScimUsers } from "./scim-users.ts";

/** Which SCIM users fit a person, each by its closest rule, the closest first. ?1 is the subject, ?2 the address. */
const FITTING = `SELECT scim_users.*, min(place) AS place FROM (
    SELECT id AS scim_id, 1 AS place FROM scim_users WHERE external_id_key = ?1
    UNION ALL SELECT id, 2 FROM scim_users WHERE user_name_key = ?1
    UNION ALL SELECT id, 3 FROM scim_users WHERE user_name_key = ?2
    UNION ALL SELECT scim_id, 4 FROM scim_emails WHERE email_key = ?2
    UNION ALL SELECT scim_id, 5 FROM scim_former_names WHERE name_key IN (?1, ?2)
  ) JOIN scim_users ON scim_users.id = scim_id GROUP BY scim_users.id ORDER BY place, created_at, id`;
const FORMER = 5;

const BOUND = `SELECT scim_users.* FROM scim_users WHERE id = ?2
  OR id IN (SELECT scim_id FROM scim_bindings WHERE person_id = ?1) ORDER BY created_at, id`;

/** A person as identity tokens name them. */
interface Known {
  readonly id: string;
  /** The verified e-mail address; `null` when there is none. */
  readonly email: string | null;
  /** The SCIM user that they were last found to be. */
  readonly scimId: string | null;
}

/** Which SCIM users and which people of identity tokens are one. */
export class ScimIdentities {
  readonly #sql: SqlStorage;
  readonly #users: ScimUsers;

  constructor(sql: SqlStorage, users: ScimUsers) {
    this.#sql = sql;
    this.#users = users;
  }

  /** Every SCIM user that fits a person or was found to be them, the closest first. `since`: their token's time. */
  candidatesFor({ id, email, scimId }: Known, since: number): Candidate[] {
    const fitting = this.#rows(FITTING, sameKey(id), email === null ? null : sameKey(email));
    const bound = this.#rows(BOUND, id, scimId);
    const known = new Set(bound.map((row) => text(row, "id")));
    const others = bound.filter((row) => !fitting.some((each) => text(each, "id") === text(row, "id")));
    return [...fitting, ...others].map((row) => this.#candidate(row, known.has(text(row, "id")), since));
  }

  /** Remembers that a person was found to be these SCIM users. */
  bind(personId: string, scimIds: readonly string[]): void {
    for (const scimId of scimIds) {
      this.#sql.exec(
        `INSERT INTO scim_bindings (person_id, scim_id) VALUES (?, ?) ON CONFLICT DO NOTHING`,
        personId,
        scimId,
      );
    }
  }

  /** Everybody who is or was found to be a SCIM user. */
  boundTo(scimId: string): string[] {
    const rows = this.#rows(
      `SELECT id FROM users WHERE kind = 'user' AND
         (scim_id = ?1 OR id IN (SELECT person_id FROM scim_bindings WHERE scim_id = ?1))`,
      scimId,
    );
    return rows.map((row) => text(row, "id"));
  }

  /** Everybody whom a SCIM user may decide about. */
  peopleOf(scimId: string): string[] {
    const rows = this.#rows(
      `SELECT users.id FROM users, scim_users AS scim WHERE scim.id = ?1 AND users.kind = 'user' AND
         (users.id_key IN (scim.external_id_key, scim.user_name_key) OR users.email_key = scim.user_name_key
          OR users.email_key IN (SELECT email_key FROM scim_emails WHERE scim_id = ?1)
          OR users.id_key IN (SELECT name_key FROM scim_former_names WHERE scim_id = ?1)
          OR users.email_key IN (SELECT name_key FROM scim_former_names WHERE scim_id = ?1))`,
      scimId,
    );
    return [...new Set([...rows.map((row) => text(row, "id")), ...this.boundTo(scimId)])];
  }

  /** Everybody known to SCIM who has a key with a change that a guard may not have yet. */
  waiting(): string[] {
    const rows = this.#rows(
      `SELECT DISTINCT users.id FROM outbox JOIN keys ON keys.id = outbox.key_id
         JOIN users ON users.id = keys.owner_id WHERE users.scim_id IS NOT NULL`,
    );
    return rows.map((row) => text(row, "id"));
  }

  /** Notes what has been taken from a SCIM user, so that an older identity token does not bring it back. */
  withdraw(scimId: string, roles: readonly string[], now: number): void {
    for (const role of roles) {
      this.#sql.exec(
        `INSERT INTO scim_withdrawals (scim_id, role, at) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET at = ?3`,
        scimId,
        role,
        now,
      );
    }
  }

  #candidate(row: SqlRow, bound: boolean, since: number): Candidate {
    const id = text(row, "id");
    const deleted = numberOrNull(row, "deleted_at") !== null;
    // Only rows that fit have a place.
    const place = "place" in row ? number(row, "place") : undefined;
    return {
      id,
      externalId: textOrNull(row, "external_id_key"),
      active: flag(row, "active") && !deleted,
      deleted,
      rule: place === undefined ? null : (MATCHING_RULES[place - 1] ?? null),
      bound,
      former: place === FORMER,
      claimsVoidBefore: number(row, "claims_void_before"),
      grants: scimGrants(this.#users.roleNames(id)),
      withdrawn: scimGrants(this.#withdrawnSince(id, since)),
    };
  }

  #withdrawnSince(scimId: string, moment: number): string[] {
    const rows = this.#rows(
      `SELECT role FROM scim_withdrawals WHERE scim_id = ? AND at >= ?`,
      scimId,
      moment,
    );
    return rows.map((row) => text(row, "role"));
  }

  #rows(query: string, ...values: SqlStorageValue[]): SqlRow[] {
    return this.#sql.exec<SqlRow>(query, ...values).toArray();
  }
}
