import type { OwnerKind } from "../../core/key-record.ts";
import type { Actor, VaultRoles } from "../../core/organization.ts";

/** Somebody who can own keys, with what the organisation knows of their roles now. */
export interface DirectoryUser {
  readonly id: string;
  readonly kind: OwnerKind;
  readonly name: string;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
  readonly active: boolean;
  /** When the identity provider last told; milliseconds since the epoch. */
  readonly claimsAt: number;
}

/** The people of an organisation, as rows. */
export class UserTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(id: string): DirectoryUser | null {
    const [row] = this.#sql.exec<Record<string, SqlStorageValue>>(`SELECT * FROM users WHERE id = ?`, id);
    if (row === undefined) return null;
    return {
      id: row["id"] as string,
      kind: row["kind"] as OwnerKind,
      name: row["name"] as string,
      roles: JSON.parse(row["roles"] as string) as string[],
      vaultRoles: JSON.parse(row["vault_roles"] as string) as VaultRoles,
      active: row["active"] === 1,
      claimsAt: row["claims_at"] as number,
    };
  }

  /** Brings a person up to date with what their identity token says. */
  upsert(actor: Actor, now: number): void {
    this.#sql.exec(
      `INSERT INTO users (id, kind, name, email, roles, vault_roles, active, claims_at, created_at)
       VALUES (?1, 'user', ?2, ?3, ?4, ?5, 1, ?6, ?7)
       ON CONFLICT DO UPDATE SET name = ?2, email = ?3, roles = ?4, vault_roles = ?5, claims_at = ?6`,
      actor.id,
      actor.name,
      actor.email,
      JSON.stringify(actor.roles),
      JSON.stringify(actor.vaultRoles),
      actor.claimsAt,
      now,
    );
  }
}
