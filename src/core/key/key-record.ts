import { z } from "zod";
import { ACTIONS, type Scope } from "../policy/scope.ts";

/** `"*"` stands for every vault that the owner may use, now and later. */
export type VaultSet = "*" | readonly string[];

export interface RateLimit {
  /** Requests in a window; a whole number, at least 1. */
  readonly requests: number;
  /** Length of the window in whole seconds, at least 1. */
  readonly windowSeconds: number;
}

export type OwnerKind = "user" | "service";

/**
 * What the gateway needs to know of a key to decide about a request. The organisation composes it from the key and
 * its owner; the key's guard is the authority on it; KV and the isolates hold copies. Times are milliseconds since
 * the Unix epoch. It holds no secret.
 */
export interface KeyRecord {
  /** `key_` and the 12 characters of the key's id. */
  readonly id: string;
  readonly orgId: string;
  readonly ownerId: string;
  readonly ownerKind: OwnerKind;
  /** SHA-256 of the whole key string, lower-case hex. */
  readonly hash: string;
  /** Grows by one at each change of the key or of its owner's roles. */
  readonly version: number;
  readonly scopes: readonly Scope[];
  readonly vaults: VaultSet;
  /** The vaults on which the owner holds the Developer role at this version. */
  readonly ownerVaults: VaultSet;
  /** Canonical addresses and CIDR ranges; empty means no restriction. */
  readonly allowedIps: readonly string[];
  /** `null` for the deployment's default. */
  readonly rateLimit: RateLimit | null;
  readonly disabled: boolean;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** When the key is revoked by itself, because it was rotated and its successor takes over. */
  readonly retiresAt: number | null;
}

export type KeyStatus = "revoked" | "disabled" | "expired" | "active";

/** The status of a key at a moment (milliseconds since the epoch), by order of precedence. */
export function keyStatus(
  key: Pick<KeyRecord, "revokedAt" | "retiresAt" | "disabled" | "expiresAt">,
  now: number,
): KeyStatus {
  if (key.revokedAt !== null || (key.retiresAt !== null && key.retiresAt <= now)) return "revoked";
  if (key.disabled) return "disabled";
  if (key.expiresAt !== null && key.expiresAt <= now) return "expired";
  return "active";
}

/** When a key stops working by itself: when it expires or, once rotated, retires; `null` for never. */
export function endOfKey({
  expiresAt,
  retiresAt,
}: Pick<KeyRecord, "expiresAt" | "retiresAt">): number | null {
  if (expiresAt === null || retiresAt === null) return expiresAt ?? retiresAt;
  return Math.min(expiresAt, retiresAt);
}

/** When a rotated key stops working: at the end of the overlap, or when it expires before that; `null` if not rotated. */
export function rotatedKeyEnd(key: KeyRecord): number | null {
  return key.retiresAt === null ? null : endOfKey(key);
}

const VaultSetSchema = z.union([z.literal("*"), z.array(z.string())]);

const KeyRecordSchema = z.object({
  id: z.string(),
  orgId: z.string(),
  ownerId: z.string(),
  ownerKind: z.enum(["user", "service"]),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  version: z.int().min(1),
  scopes: z.array(z.object({ action: z.enum(ACTIONS), resource: z.string() })),
  vaults: VaultSetSchema,
  ownerVaults: VaultSetSchema,
  allowedIps: z.array(z.string()),
  rateLimit: z.object({ requests: z.int().min(1), windowSeconds: z.int().min(1) }).nullable(),
  disabled: z.boolean(),
  expiresAt: z.number().nullable(),
  revokedAt: z.number().nullable(),
  retiresAt: z.number().nullable(),
});

/** Reads a record back from JSON; `null` when it is not the record of this key. */
export function readKeyRecord(json: unknown, id: string): KeyRecord | null {
  const parsed = KeyRecordSchema.safeParse(json);
  return parsed.success && parsed.data.id === id ? parsed.data : null;
}
