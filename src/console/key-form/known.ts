import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { KeyCounts } from "../../api-types/key-acts.ts";
import type { VaultId } from "../../api-types/vaults.ts";
import type { ConsoleContext } from "../context.ts";

const MOST = 500;

/** Ids of vaults that are known here by name. */
export interface KnownVaults {
  /** Those that a role names, or a key that was used. */
  readonly inUse: readonly string[];
  /** Those that only keys name which were never used: they may be mistyped. */
  readonly unproven: readonly string[];
}

/** Ids of vaults that keys and roles name; `null` where it cannot be told whether there are more. */
export async function knownVaults(c: ConsoleContext): Promise<KnownVaults | null> {
  const vaults = await c.get("api").get<Page<VaultId>>("/-/vaults", { limit: `${MOST}` });
  if (isRefusal(vaults) || vaults.pagination.nextCursor !== null) return null;
  const ids = (inUse: boolean) => vaults.data.filter((each) => each.inUse === inUse).map(({ id }) => id);
  return { inUse: ids(true), unproven: ids(false) };
}

/** How many keys of an owner are neither revoked nor expired; `null` where that is not told. */
export async function countLiveKeys(c: ConsoleContext, owner: string): Promise<number | null> {
  const counted = await c.get("api").get<KeyCounts>("/-/api-keys/counts", { owner });
  return isRefusal(counted) ? null : (counted.counts?.live ?? null);
}
