import { json, type SqlRow, number, numberOrNull, text } from "../sql-row.ts";
import type {
  Cut,
  RevocationRequest,
  RevocationResult,
  RevocationStatus,
} from "../../core/organization/revocation.ts";

/**
 * A row for each key that is to be cut. `key_id` is empty while the organisation has not said which keys are meant;
 * `due_at` is when the alarm is to look after the row, and `NULL` when nothing is left to do. Of a target that has
 * leaked, `revocation_leaks` says where; of an organisation of which not all keys are known yet, `revocation_guards` says
 * which guards have listed theirs.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS revocation_requests (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  operator TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS revocations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL REFERENCES revocation_requests (id),
  target INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  org_id TEXT,
  owner_id TEXT,
  hash TEXT,
  status TEXT NOT NULL DEFAULT 'unconfirmed' CHECK (status IN ('unconfirmed', 'revoked', 'not_found')),
  requested_at INTEGER,
  effective_at INTEGER,
  version INTEGER,
  organization_told INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,
  UNIQUE (request_id, target, key_id)
);
CREATE TABLE IF NOT EXISTS revocation_leaks (
  request_id TEXT NOT NULL REFERENCES revocation_requests (id),
  target INTEGER NOT NULL,
  leak TEXT NOT NULL,
  PRIMARY KEY (request_id, target)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revocation_guards (
  request_id TEXT NOT NULL REFERENCES revocation_requests (id),
  target INTEGER NOT NULL,
  guard TEXT NOT NULL,
  PRIMARY KEY (request_id, target, guard)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS revocation_requests_by_age ON revocation_requests (at);
CREATE INDEX IF NOT EXISTS revocations_by_due ON revocations (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS revocations_by_status ON revocations (status, id);
`;

/** What is left to do by the alarm. */
export interface DueRevocation extends RevocationResult {
  readonly requestId: string;
  readonly orgId: string | null;
  readonly ownerId: string | null;
  readonly hash: string | null;
}

/** What became of a target, and whose it is, if that is known. */
export interface SettledTarget extends RevocationResult {
  readonly orgId: string | null;
}

/** A cut that its organisation has not taken in. */
export interface UntoldCut extends Cut {
  readonly orgId: string;
  readonly target: number;
}

/** The row that a value of `json_each` names, of the request that is bound next. */
export const NAMED = `revocations.id = (SELECT named.id FROM revocations AS named WHERE named.request_id = ?
  AND named.target = value ->> 'target' AND named.key_id = coalesce(value ->> 'keyId', ''))`;

/** Names a row of a request. */
export type TargetName = Pick<RevocationResult, "target" | "keyId">;

/** Requests of which nothing is left to do. */
export const FINISHED = `NOT EXISTS (SELECT 1 FROM revocations
  WHERE request_id = revocation_requests.id AND due_at IS NOT NULL)`;

export function nameOf({ target, keyId }: TargetName): TargetName {
  return { target, keyId };
}

export function readResult(row: SqlRow): RevocationResult {
  return {
    target: number(row, "target"),
    keyId: text(row, "key_id") === "" ? null : text(row, "key_id"),
    status: text<RevocationStatus>(row, "status"),
    requestedAt: numberOrNull(row, "requested_at"),
    effectiveAt: numberOrNull(row, "effective_at"),
    version: numberOrNull(row, "version"),
  };
}

export function readRequest(row: SqlRow): RevocationRequest {
  return {
    id: text(row, "id"),
    at: number(row, "at"),
    reason: text(row, "reason"),
    operator: json(row, "operator"),
  };
}
