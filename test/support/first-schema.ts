/** The organisation's tables as they were first kept, before the schema had versions. */
export const FIRST_SCHEMA = `
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
  created_at INTEGER NOT NULL
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
CREATE INDEX IF NOT EXISTS keys_by_owner ON keys (owner_id, created_at DESC, id DESC);

CREATE TABLE IF NOT EXISTS outbox (
  key_id TEXT PRIMARY KEY REFERENCES keys (id),
  version INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS usage (
  key_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  admitted INTEGER NOT NULL,
  limited INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (key_id, hour)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  address TEXT,
  request_id TEXT,
  before TEXT,
  after TEXT
);
`;
