/**
 * The organisation's tables at version 1, which never changes: later versions are steps in `migrations.ts`. Times are
 * milliseconds since the epoch; lists and objects are JSON text.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'service')),
  name TEXT NOT NULL,
  email TEXT,
  description TEXT,
  roles TEXT NOT NULL,
  vault_roles TEXT NOT NULL,
  active INTEGER NOT NULL,
  claims_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER,
  claimed_roles TEXT NOT NULL DEFAULT '[]',
  claimed_vault_roles TEXT NOT NULL DEFAULT '{}',
  id_key TEXT,
  email_key TEXT,
  scim_id TEXT,
  claims_iat INTEGER NOT NULL DEFAULT 0,
  claims_void_before INTEGER NOT NULL DEFAULT 0,
  unconfirmed_since INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS users_by_id_key ON users (id_key);
CREATE INDEX IF NOT EXISTS users_by_email_key ON users (email_key);
CREATE INDEX IF NOT EXISTS users_by_scim_id ON users (scim_id);

CREATE TABLE IF NOT EXISTS scim_users (
  id TEXT PRIMARY KEY,
  user_name_key TEXT NOT NULL,
  external_id_key TEXT,
  active INTEGER NOT NULL,
  resource TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  deleted_at INTEGER,
  claims_void_before INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS scim_users_by_name ON scim_users (user_name_key) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS scim_users_by_any_name ON scim_users (user_name_key);
CREATE INDEX IF NOT EXISTS scim_users_by_external_id ON scim_users (external_id_key);
CREATE INDEX IF NOT EXISTS scim_users_by_age ON scim_users (created_at, id);

CREATE TABLE IF NOT EXISTS scim_groups (
  id TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  resource TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS scim_members (
  group_id TEXT NOT NULL REFERENCES scim_groups (id),
  user_id TEXT NOT NULL REFERENCES scim_users (id),
  PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS scim_members_by_user ON scim_members (user_id);

CREATE TABLE IF NOT EXISTS scim_withdrawals (
  scim_id TEXT NOT NULL REFERENCES scim_users (id),
  role TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (scim_id, role)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS keys (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  description TEXT,
  key_prefix TEXT NOT NULL,
  hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  vaults TEXT NOT NULL,
  allowed_ips TEXT NOT NULL,
  rate_limit TEXT,
  disabled INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  retires_at INTEGER,
  successor_id TEXT,
  revoked_at INTEGER,
  revoked_by TEXT,
  revocation_reason TEXT,
  revocation_effective_at INTEGER,
  revocation_version INTEGER,
  last_used_at INTEGER,
  last_used_ip TEXT,
  usage_sequence INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_age ON keys (created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS keys_by_retirement ON keys (retires_at) WHERE retires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS keys_by_owner ON keys (owner_id, created_at DESC, id DESC);

CREATE TABLE IF NOT EXISTS outbox (
  key_id TEXT PRIMARY KEY REFERENCES keys (id),
  version INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS leaks (
  key_id TEXT NOT NULL REFERENCES keys (id),
  source TEXT NOT NULL,
  url TEXT NOT NULL,
  PRIMARY KEY (key_id, source, url)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS token_cuts (
  token_id TEXT NOT NULL,
  source TEXT NOT NULL,
  url TEXT NOT NULL,
  PRIMARY KEY (token_id, source, url)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS webhook (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  url TEXT NOT NULL,
  description TEXT,
  disabled INTEGER NOT NULL,
  disabled_reason TEXT,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_until INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS webhook_messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  key_id TEXT,
  payload TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER,
  last_error TEXT,
  next_attempt_at INTEGER,
  settled_at INTEGER,
  created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS webhook_messages_by_due ON webhook_messages (next_attempt_at)
  WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS webhook_messages_settled ON webhook_messages (settled_at) WHERE status <> 'pending';

CREATE TABLE IF NOT EXISTS expiry_notices (
  key_id TEXT PRIMARY KEY REFERENCES keys (id),
  expires_at INTEGER NOT NULL,
  next_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expiry_notices_by_time ON expiry_notices (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS creations (
  actor_id TEXT NOT NULL,
  request TEXT NOT NULL,
  key_id TEXT NOT NULL REFERENCES keys (id),
  at INTEGER NOT NULL,
  PRIMARY KEY (actor_id, request)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS creations_by_age ON creations (at);
CREATE INDEX IF NOT EXISTS creations_by_key ON creations (key_id);

CREATE TABLE IF NOT EXISTS usage (
  key_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  admitted INTEGER NOT NULL,
  limited INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (key_id, hour)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS calls (
  key_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (key_id, hour)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_by_hour ON calls (hour);

CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  refusal TEXT,
  address TEXT,
  request_id TEXT,
  before TEXT,
  after TEXT
);
CREATE INDEX IF NOT EXISTS audit_by_target ON audit (target, id);
CREATE INDEX IF NOT EXISTS audit_by_actor ON audit (actor_id, id);
`;
