import { generateKey, type NewKey } from "../../src/core/key/key-secret.ts";
import type { Env } from "../../src/env.ts";
import { isRefusal, type Refusal } from "../../src/core/refusal.ts";
import type { KeyRecord } from "../../src/core/key/key-record.ts";
import type { Actor, AuditQuery } from "../../src/core/organization/organization.ts";
import type { CreatedKey, KeyDraft, KeyQuery } from "../../src/core/organization/managed-key.ts";

/** The first page of an organisation's keys, without a filter. */
export const EVERY_KEY: KeyQuery = {
  status: "all",
  q: null,
  ownerId: "*",
  ownerKind: null,
  ownerName: null,
  expiresBefore: null,
  unusedSince: null,
  anyAddress: null,
  noExpiry: null,
  sort: { by: "createdAt", descending: true },
  limit: 100,
  after: null,
};

/** The first page of an organisation's audit, without a filter. */
export const EVERY_EVENT: AuditQuery = {
  actor: null,
  action: null,
  target: null,
  from: null,
  to: null,
  before: null,
  limit: 500,
};

/** A fresh key and its record, active and unrestricted unless said otherwise. */
export function makeRecord(changes: Partial<KeyRecord> = {}): { secret: NewKey; record: KeyRecord } {
  const secret = generateKey("fkc");
  const record: KeyRecord = {
    id: secret.id,
    orgId: "org_test",
    ownerId: "alice",
    ownerKind: "user",
    hash: secret.hash,
    version: 1,
    scopes: [{ action: "read", resource: "vault" }],
    vaults: "*",
    ownerVaults: "*",
    allowedIps: [],
    rateLimit: null,
    disabled: false,
    expiresAt: null,
    revokedAt: null,
    retiresAt: null,
    ...changes,
  };
  return { secret, record };
}

/** An admin who is a developer on every vault, with a fresh second factor. */
export function makeActor(orgId: string): Actor {
  return {
    orgId,
    id: "alice",
    name: "Alice",
    email: null,
    emailVerified: true,
    roles: ["admin"],
    vaultRoles: { "*": ["developer"] },
    claimsAt: Date.now(),
    freshMfa: true,
    operator: false,
    requestId: "",
    address: "",
  };
}

/** An unrestricted key that is to be made. */
export function makeDraft(): KeyDraft {
  return {
    name: "Test",
    description: null,
    ownerId: null,
    scopes: [{ action: "read", resource: "vault" }],
    vaults: "*",
    allowedIps: [],
    rateLimit: null,
    expiresAt: null,
    disabled: false,
  };
}

/** Has an organisation make a key. */
export async function makeKey(
  organization: ReturnType<Env["ORGANIZATION"]["getByName"]>,
  actor: Actor,
  changes: Partial<KeyDraft> = {},
): Promise<CreatedKey> {
  return taken((await organization.createKey(actor, { ...makeDraft(), ...changes })) as CreatedKey | Refusal);
}

/** What an organisation has answered, which is no refusal. */
export function taken<T extends object>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new Error(outcome.code);
  return outcome as T;
}
