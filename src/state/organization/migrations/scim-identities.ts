const TABLES = `
CREATE TABLE scim_emails (
  email_key TEXT NOT NULL,
  scim_id TEXT NOT NULL REFERENCES scim_users (id),
  PRIMARY KEY (email_key, scim_id)
) WITHOUT ROWID;
CREATE INDEX scim_emails_by_user ON scim_emails (scim_id);

CREATE TABLE scim_former_names (
  name_key TEXT NOT NULL,
  scim_id TEXT NOT NULL REFERENCES scim_users (id),
  at INTEGER NOT NULL,
  PRIMARY KEY (name_key, scim_id)
) WITHOUT ROWID;
CREATE INDEX scim_former_names_by_user ON scim_former_names (scim_id, at);

CREATE TABLE scim_bindings (
  person_id TEXT NOT NULL REFERENCES users (id),
  scim_id TEXT NOT NULL REFERENCES scim_users (id),
  PRIMARY KEY (person_id, scim_id)
) WITHOUT ROWID;
CREATE INDEX scim_bindings_by_user ON scim_bindings (scim_id);
`;

/** Addresses, earlier names and people of SCIM users; filled when people are judged. */
export function scimIdentities(sql: SqlStorage): void {
  sql.exec(TABLES);
}
