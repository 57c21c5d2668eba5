import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { ServiceUser } from "../../api-types/service-users.ts";
import { ADMIN, developerVaults } from "../../core/organization/organization.ts";
import type { VaultSet } from "../../core/key/key-record.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext } from "../context.ts";

/** Whose key it is, or is to be. */
export interface Owner {
  /** Empty for oneself. */
  readonly id: string;
  readonly name: string;
  /** The vaults on which the owner holds the Developer role; `null` where that is not told. */
  readonly vaults: VaultSet | null;
}

/**
 * The owners that somebody may make keys for: oneself with the role on a vault, and for admins, service users; among them
 * the one that is asked for.
 */
export async function possibleOwners(c: ConsoleContext, me: Me, wanted: string): Promise<ApiResult<Owner[]>> {
  const vaults = developerVaults(me.vaultRoles);
  const own = vaults.length === 0 ? [] : [{ id: "", name: `${me.name} (you)`, vaults }];
  if (!me.roles.includes(ADMIN) && wanted === "") return own;
  const users = await c.get("api").get<Page<ServiceUser>>("/-/service-users", { limit: "500" });
  if (isRefusal(users)) return users;
  const listed = users.data.filter(({ active, id }) => active || id === wanted);
  if (wanted === "" || listed.some(({ id }) => id === wanted)) return [...own, ...listed.map(serviceOwner)];
  const user = await serviceUser(c, wanted);
  return isRefusal(user) ? user : [...own, ...[user, ...listed].map(serviceOwner)];
}

function serviceUser(c: ConsoleContext, id: string): Promise<ApiResult<ServiceUser>> {
  return c.get("api").get<ServiceUser>(`/-/service-users/${encodeURIComponent(id)}`);
}

/** The owner of a key that there is. */
export async function ownerOfKey(c: ConsoleContext, { owner }: Key, me: Me): Promise<Owner> {
  if (owner.id === me.id) return { id: "", name: owner.name, vaults: developerVaults(me.vaultRoles) };
  const unknown = { ...owner, vaults: null };
  if (owner.kind === "user") return unknown;
  const user = await serviceUser(c, owner.id);
  return isRefusal(user) ? unknown : serviceOwner(user);
}

function serviceOwner({ id, name, vaultRoles }: ServiceUser): Owner {
  return { id, name: `${name} (service user)`, vaults: developerVaults(vaultRoles) };
}
