import { flag, json, number, numberOrNull, text, textOrNull } from "../../sql-row.ts";
import type { OwnerKind } from "../../../core/key/key-record.ts";
import type { Actor, VaultRoles } from "../../../core/organization/organization.ts";
import type { Grants } from "../../../core/scim/roles.ts";
import type { Claims } from "./claims.ts";
import { sameKey } from "./scim-store.ts";

/** A person who can own keys, with their roles as the organisation knows them now. */
export interface DirectoryUser {
  readonly id: string;
  readonly kind: OwnerKind;
  readonly name: string;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
  readonly active: boolean;
}

/** A person with what their identity tokens say, and the SCIM user that they were last found to be. */
export interface Person extends DirectoryUser, Claims {
  readonly email: string | null;
  /** The address as it is compared with SCIM; `null` when there is none, or it is not verified. */
  readonly emailKey: string | null;
  readonly scimId: string | null;
  /** Claims of tokens up to this moment count for nothing; milliseconds since the epoch. */
  readonly claimsVoidBefore: number;
  /** Since when a sign-in has changed their roles without every key being known to follow; `null` when all do. */
  readonly unconfirmedSince: number | null;
}

/** What a person may do, all things considered. */
export interface Standing extends Grants {
  readonly active: boolean;
  readonly scimId: string | null;
  readonly claimsVoidBefore: number;
}

/** Somebody whose tokens say roles. */
const CLAIMING = `kind = 'user' AND (claimed_roles <> '[]' OR claimed_vault_roles <> '{}')`;

/** The people of an organisation, as rows. */
export class UserTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(id: string): Person | null {
    const [row] = this.#sql.exec<Record<string, SqlStorageValue>>(`SELECT * FROM users WHERE id = ?`, id);
    if (row === undefined) return null;
    return {
      id: text(row, "id"),
      kind: text<OwnerKind>(row, "kind"),
      name: text(row, "name"),
      email: textOrNull(row, "email"),
      emailKey: textOrNull(row, "email_key"),
      roles: json<string[]>(row, "roles"),
      vaultRoles: json<VaultRoles>(row, "vault_roles"),
      active: flag(row, "active"),
      claimsIat: number(row, "claims_iat"),
      claimsAt: number(row, "claims_at"),
      claimed: {
        roles: json<string[]>(row, "claimed_roles"),
        vaultRoles: json<VaultRoles>(row, "claimed_vault_roles"),
      },
      scimId: textOrNull(row, "scim_id"),
      claimsVoidBefore: number(row, "claims_void_before"),
      unconfirmedSince: numberOrNull(row, "unconfirmed_since"),
    };
  }

  /** The user of an id that must exist. */
  get(id: string): Person {
    const person = this.find(id);
    if (person === null) throw new Error(`There is no user ${id}`);
    return person;
  }

  /** The ids of everybody who has signed in. */
  people(): string[] {
    const rows = this.#sql.exec<{ id: string }>(`SELECT id FROM users WHERE kind = 'user' ORDER BY id`);
    return [...rows].map(({ id }) => id);
  }

  /**
   * Notes what a person's identity tokens say; what they may do is for {@link settle}. A token for fewer scopes says no
   * name and no address: it takes back neither.
   */
  noteClaims(actor: Actor, { claimed, claimsIat, claimsAt }: Claims, now: number): void {
    this.#sql.exec(
      `INSERT INTO users (id, kind, name, email, claimed_roles, claimed_vault_roles, claims_at, created_at,
         id_key, email_key, claims_iat, roles, vault_roles, active)
       VALUES (?1, 'user', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '[]', '{}', 1)
       ON CONFLICT DO UPDATE SET claimed_roles = ?4, claimed_vault_roles = ?5, claims_at = ?6, claims_iat = ?10,
         name = CASE WHEN ?2 = id THEN name ELSE ?2 END,
         email = coalesce(?3, email), email_key = CASE WHEN ?3 IS NULL THEN email_key ELSE ?9 END`,
      actor.id,
      actor.name,
      actor.email,
      JSON.stringify(claimed.roles),
      JSON.stringify(claimed.vaultRoles),
      claimsAt,
      now,
      sameKey(actor.id),
      actor.email === null || !actor.emailVerified ? null : sameKey(actor.email),
      claimsIat,
    );
  }

  /** Folds all names anew by the rule of now. */
  indexNames(): void {
    const rows = this.#sql.exec<{ id: string; name: string | null; email: string | null }>(
      `SELECT id, id_key AS name, email_key AS email FROM users WHERE kind = 'user'`,
    );
    for (const { id, name, email } of rows.toArray()) {
      const keys = [name, email].map((key) => (key === null ? null : sameKey(key)));
      if (keys[0] === name && keys[1] === email) continue;
      this.#sql.exec(`UPDATE users SET id_key = ?, email_key = ? WHERE id = ?`, ...keys, id);
    }
  }

  /** Everybody whose latest token says roles and is not newer than this. */
  claimingSince(until: number): string[] {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT id FROM users WHERE ${CLAIMING} AND claims_at <= ? ORDER BY id`,
      until,
    );
    return [...rows].map(({ id }) => id);
  }

  /** When the oldest token was issued whose roles still count; milliseconds since the epoch. */
  oldestClaims(): number | null {
    return this.#sql
      .exec<{ at: number | null }>(`SELECT min(claims_at) AS at FROM users WHERE ${CLAIMING}`)
      .one().at;
  }

  /** Forgets which roles a person's tokens say, but not when they were issued. */
  dropClaims(id: string): void {
    this.#sql.exec(`UPDATE users SET claimed_roles = '[]', claimed_vault_roles = '{}' WHERE id = ?`, id);
  }

  /** Notes that the keys of a person are to be known to follow a change of roles before it is answered. */
  awaitKeys(id: string, now: number): void {
    this.#sql.exec(`UPDATE users SET unconfirmed_since = ? WHERE id = ?`, now, id);
  }

  /** Notes that all keys follow what had changed at a moment; a change that has come since stays open. */
  confirmKeys(id: string, since: number): void {
    this.#sql.exec(
      `UPDATE users SET unconfirmed_since = NULL WHERE id = ? AND unconfirmed_since <= ?`,
      id,
      since,
    );
  }

  /** Sets what a person may do. */
  settle(id: string, standing: Standing): void {
    this.#sql.exec(
      `UPDATE users SET roles = ?, vault_roles = ?, active = ?, scim_id = ?, claims_void_before = ? WHERE id = ?`,
      JSON.stringify(standing.roles),
      JSON.stringify(standing.vaultRoles),
      standing.active ? 1 : 0,
      standing.scimId,
      standing.claimsVoidBefore,
      id,
    );
  }
}
