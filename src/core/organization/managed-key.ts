import type { RefusalCode } from "../refusal-table.ts";
import type { OwnerKind, RateLimit, VaultSet } from "../key/key-record.ts";
import type { Scope } from "../policy/scope.ts";

/** A key as its organisation keeps it. Times are milliseconds since the epoch. */
export interface ManagedKey {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly keyPrefix: string;
  readonly hash: string;
  readonly owner: { readonly id: string; readonly kind: OwnerKind; readonly name: string };
  /** On which the owner holds the Developer role now. */
  readonly ownerVaults: VaultSet;
  readonly scopes: readonly Scope[];
  readonly vaults: VaultSet;
  readonly allowedIps: readonly string[];
  readonly rateLimit: RateLimit | null;
  readonly disabled: boolean;
  readonly version: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
  readonly revocationReason: string | null;
  /** When a rotated key is revoked by itself. */
  readonly retiresAt: number | null;
  /** The key that took this one's place by rotation, and the one whose place it took. */
  readonly successorId: string | null;
  readonly predecessorId: string | null;
  /** The last request that reached the origin. */
  readonly lastUsedAt: number | null;
  readonly lastUsedIp: string | null;
  readonly lastRefusedAt: number | null;
  readonly lastRefusedIp: string | null;
}

/** What is kept of a newly generated key string. */
export interface KeyMaterial {
  readonly id: string;
  readonly keyPrefix: string;
  readonly hash: string;
}

/** A key that was just made, with the only copy of its secret. */
export interface CreatedKey {
  /** The whole key string. */
  readonly secret: string;
  readonly key: ManagedKey;
}

/** The settings of a new key. */
export interface KeyDraft {
  readonly name: string;
  readonly description: string | null;
  readonly ownerId: string | null;
  readonly scopes: readonly Scope[];
  readonly vaults: VaultSet;
  readonly allowedIps: readonly string[];
  readonly rateLimit: RateLimit | null;
  readonly expiresAt: number | null;
  readonly disabled: boolean;
}

/** The settings of a key that can change; absent ones stay. */
export type KeyChange = Partial<
  Pick<
    ManagedKey,
    "name" | "description" | "scopes" | "vaults" | "allowedIps" | "rateLimit" | "expiresAt" | "disabled"
  >
>;

type KeyStatusFilter = "active" | "expired" | "revoked" | "disabled" | "all";

export interface KeyQuery {
  readonly status: KeyStatusFilter;
  /** Part of the name as people read it, or how the id or the `keyPrefix` begins. */
  readonly q: string | null;
  /** `*` for everybody's; `null` for one's own, unless an owner's name is looked for. */
  readonly ownerId: string | null;
  /** Only keys of people, or only those of service users. */
  readonly ownerKind: OwnerKind | null;
  /** Part of the owner's name as people read it. */
  readonly ownerName: string | null;
  /** Milliseconds since the epoch. */
  readonly expiresBefore: number | null;
  /** Milliseconds since the epoch; keys that were never used are unused, too. */
  readonly unusedSince: number | null;
  /** Whether the key may be used from any address of a family. */
  readonly anyAddress: boolean | null;
  readonly noExpiry: boolean | null;
  /** Only keys that can see this vault now; objects of the version before take no notice of it. */
  readonly vault?: string | null;
  readonly sort: KeySort;
  readonly limit: number;
  readonly after: KeyPosition | null;
}

export const KEY_SORTS = ["name", "createdAt", "lastUsedAt", "expiresAt"] as const;

export interface KeySort {
  readonly by: (typeof KEY_SORTS)[number];
  readonly descending: boolean;
  /** With `expiresAt`: by when the key ends, which for a rotated one may be sooner. */
  readonly ends?: boolean;
}

/** Where a page of keys ends: the value that it is sorted by, and the id. */
export interface KeyPosition {
  readonly value: string | number | null;
  readonly id: string;
}

/** Confirms that a key is dead everywhere, and since when. */
export interface Receipt {
  readonly keyId: string;
  readonly status: "revoked";
  readonly requestedAt: number;
  readonly effectiveAt: number;
  readonly version: number;
}

/** How many keys there are, and how many of the active ones need attention. */
export interface KeySummary {
  /** Neither revoked nor expired nor replaced, disabled or not. */
  readonly live: number;
  readonly active: number;
  readonly disabled: number;
  readonly expired: number;
  readonly revoked: number;
  readonly expiringSoon: number;
  /** Made long ago and not used since, or never. */
  readonly unused: number;
  readonly neverUsed: number;
  readonly noExpiry: number;
  readonly anyAddress: number;
}

/** How many keys somebody has that are not revoked, and when one of them was used last. */
export interface OwnedKeys {
  readonly keys: number;
  readonly lastUsedAt: number | null;
}

/** What became of one of several keys. */
export interface KeyOutcome {
  readonly keyId: string;
  /** Why it was refused; `null` when it is in force. */
  readonly code: RefusalCode | null;
  /** For a revoked key. */
  readonly receipt: Receipt | null;
}
