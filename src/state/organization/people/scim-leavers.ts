/** An organisation remembers so many deleted users who have never signed in. */
const MAX_STRANGERS = 100_000;

/** SCIM users that were deleted: their names and addresses stay, so that a token of theirs makes no keys. */
export class ScimLeavers {
  readonly #sql: SqlStorage;
  readonly #maxStrangers: number;

  constructor(sql: SqlStorage, maxStrangers = MAX_STRANGERS) {
    this.#sql = sql;
    this.#maxStrangers = maxStrangers;
  }

  /**
   * Takes in a user that has just been deleted. Those of the same account that were deleted before become part of them:
   * a client may delete and create somebody time and again.
   */
  add(id: string): void {
    const earlier = this.#sql.exec<{ id: string }>(
      `SELECT old.id FROM scim_users AS latest JOIN scim_users AS old ON old.user_name_key = latest.user_name_key
         AND old.external_id_key IS latest.external_id_key
       WHERE latest.id = ?1 AND old.id <> ?1 AND old.deleted_at IS NOT NULL`,
      id,
    );
    for (const old of earlier.toArray()) this.#merge(old.id, id);
    this.#forgetStrangers();
  }

  /** The names of the older one, and the people bound to them, become the later one's. */
  #merge(old: string, id: string): void {
    for (const statement of MERGE) this.#sql.exec(statement, old, id);
    this.#forget(old);
  }

  /** Of deleted users that no person was bound to, only the latest are remembered. */
  #forgetStrangers(): void {
    const { n } = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${STRANGERS}`).one();
    if (n <= this.#maxStrangers) return;
    const oldest = this.#sql.exec<{ id: string }>(
      `SELECT id FROM ${STRANGERS} ORDER BY deleted_at, id LIMIT ?`,
      n - this.#maxStrangers,
    );
    for (const { id } of oldest.toArray()) this.#forget(id);
  }

  #forget(id: string): void {
    for (const table of ["scim_emails", "scim_former_names", "scim_bindings", "scim_withdrawals"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE scim_id = ?`, id);
    }
    this.#sql.exec(`DELETE FROM scim_users WHERE id = ?`, id);
  }
}

const STRANGERS = `scim_users WHERE deleted_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE scim_id = scim_users.id)
  AND NOT EXISTS (SELECT 1 FROM scim_bindings WHERE scim_id = scim_users.id)`;

/** What moves from the older user ?1 to the later ?2. */
const MERGE = [
  `UPDATE users SET scim_id = ?2 WHERE scim_id = ?1`,
  `INSERT INTO scim_bindings (person_id, scim_id) SELECT person_id, ?2 FROM scim_bindings WHERE scim_id = ?1
   ON CONFLICT DO NOTHING`,
  `INSERT INTO scim_withdrawals (scim_id, role, at) SELECT ?2, role, at FROM scim_withdrawals WHERE scim_id = ?1
   ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`,
  `INSERT INTO scim_former_names (name_key, scim_id, at)
     SELECT name_key, ?2, at FROM scim_former_names WHERE scim_id = ?1
     UNION ALL SELECT email_key, ?2, deleted_at FROM scim_emails JOIN scim_users ON id = scim_id WHERE scim_id = ?1
   ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`,
  `UPDATE scim_users SET claims_void_before =
     max(claims_void_before, (SELECT claims_void_before FROM scim_users WHERE id = ?1)) WHERE id = ?2`,
];
