import { generateKey, type NewKey } from "../../src/core/key-secret.ts";
import type { KeyRecord } from "../../src/core/key-record.ts";

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
