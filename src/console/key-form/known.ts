import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { VaultId } from "../../api-types/vaults.ts";
import { ApiRefusal } from "../api.ts";
import type { ConsoleContext } from "../context.ts";
import { endOf } from "../parts/key-banners.tsx";

const MOST = 500;

/** Ids of vaults that keys and roles name; `null` where it cannot be told whether there are more. */
export async function knownVaults(c: ConsoleContext): Promise<readonly string[] | null> {
  const vaults = await c.get("api").get<Page<VaultId>>("/-/vaults", { limit: `${MOST}` });
  if (vaults instanceof ApiRefusal || vaults.pagination.nextCursor !== null) return null;
  return vaults.data.map(({ id }) => id);
}

/** How many keys of an owner are neither revoked nor expired; `null` where that is not told. */
export async function countLiveKeys(c: ConsoleContext, owner: string): Promise<number | null> {
  const pages = await Promise.all(
    ["active", "disabled"].map((status) =>
      c.get("api").get<Page<Key>>("/-/api-keys", { owner, status, limit: `${MOST}` }),
    ),
  );
  if (pages.some((page) => page instanceof ApiRefusal)) return null;
  const now = new Date().toISOString();
  const keys = pages.flatMap((page) => (page instanceof ApiRefusal ? [] : page.data));
  return keys.filter((key) => (endOf(key) ?? "9999") > now).length;
}
