import { endOfKey, type KeyRecord } from "../key/key-record.ts";
import { writePoint, type Dataset } from "./metrics.ts";

/** When a key stops working by itself, in seconds since the epoch; 0 for never. */
export function keyEndSeconds(key: KeyRecord): number {
  return Math.floor((endOfKey(key) ?? 0) / 1000);
}

/**
 * Writes that changes of keys are in force everywhere, `waitMs` after they were committed; `leaseMs` is the longest lease
 * of their guard.
 */
export function recordCuts(
  dataset: Dataset | undefined,
  records: readonly KeyRecord[],
  { waitMs, leaseMs }: { readonly waitMs: number; readonly leaseMs: number },
): void {
  if (dataset === undefined) return;
  for (const record of records) {
    const { orgId, id: keyId, revokedAt, disabled } = record;
    const outcome = revokedAt === null ? (disabled ? "disabled" : "changed") : "revoked";
    const keyExpiresAt = keyEndSeconds(record);
    writePoint(dataset, { kind: "cut", orgId, keyId, outcome, waitMs, leaseMs, keyExpiresAt });
  }
}

/** Writes that a key expires soon, or has expired; times are milliseconds since the epoch. */
export function recordExpiry(
  dataset: Dataset | undefined,
  { orgId, keyId, expiresAt }: { readonly orgId: string; readonly keyId: string; readonly expiresAt: number },
): void {
  if (dataset === undefined) return;
  writePoint(dataset, { kind: "expiry", orgId, keyId, keyExpiresAt: Math.floor(expiresAt / 1000) });
}

/** Writes how much an organisation stores. */
export function recordStorage(dataset: Dataset, orgId: string, bytes: number): void {
  writePoint(dataset, { kind: "storage", orgId, bytes });
}
