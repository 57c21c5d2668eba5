import { allowlistCovers } from "../key/ip-allowlist.ts";
import type { KeyRecord, RateLimit } from "../key/key-record.ts";
import { holdsScope, holdsVaults } from "../key/narrowing.ts";
import type { VaultRoles } from "../organization/organization.ts";

/** The settings of a key that decide what it may do. */
export type KeySettings = Pick<
  KeyRecord,
  "scopes" | "vaults" | "allowedIps" | "expiresAt" | "disabled" | "rateLimit"
>;

/** Whether an edit gives a key access that it did not have. `defaultLimit` is the rate limit of a key without its own. */
export function widensKey(before: KeySettings, after: KeySettings, defaultLimit: RateLimit): boolean {
  return (
    (before.disabled && !after.disabled) ||
    (after.expiresAt ?? Infinity) > (before.expiresAt ?? Infinity) ||
    !after.scopes.every((scope) => holdsScope(before.scopes, scope)) ||
    !holdsVaults(before.vaults, after.vaults) ||
    !allowlistCovers(before.allowedIps, after.allowedIps) ||
    widensLimit(before.rateLimit ?? defaultLimit, after.rateLimit ?? defaultLimit)
  );
}

function widensLimit(before: RateLimit, after: RateLimit): boolean {
  return after.requests > before.requests || after.windowSeconds < before.windowSeconds;
}

/** Whether a change activates a user, or gives them a role on a vault that they did not have. */
export function widensUser(before: UserSettings, after: UserSettings): boolean {
  if (after.active && !before.active) return true;
  // A vault may have any name, also one that every object has.
  const held = new Map(Object.entries(before.vaultRoles));
  return Object.entries(after.vaultRoles).some(([vault, roles]) =>
    roles.some((role) => ![vault, "*"].some((each) => held.get(each)?.includes(role))),
  );
}

interface UserSettings {
  readonly vaultRoles: VaultRoles;
  readonly active: boolean;
}
