import { ADMIN, DEVELOPER, type VaultRoles } from "../organization.ts";
import { isObject, valueOf, type ScimObject } from "./resource.ts";

/** What somebody may do: roles in the organisation and on vaults, in one order. */
export interface Grants {
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
}

const VAULT_ROLE = new RegExp(`^([^\\s:]+):${DEVELOPER}$`, "i");

/** The roles that names stand for, in any letters' case: `admin`, `<vaultId>:developer`, `*:developer`. */
export function grantsOf(names: readonly string[]): Grants {
  const vaults = names.flatMap((name) => VAULT_ROLE.exec(name)?.[1] ?? []);
  return sorted(
    names.flatMap((name) => (name.toLowerCase() === ADMIN ? [ADMIN] : [])),
    vaults.map((vault) => [vault, DEVELOPER]),
  );
}

/** The names in a user's `roles` (RFC 7643 section 4.1.2). Entra may write a role as JSON text. */
export function roleNames(user: ScimObject): string[] {
  const roles = valueOf(user, "roles");
  return (Array.isArray(roles) ? (roles as unknown[]) : []).flatMap((role) => {
    const name = isObject(role) ? valueOf(role, "value") : role;
    return typeof name === "string" ? [plainName(name)] : [];
  });
}

/** Everything that either grants. */
export function union(a: Grants, b: Grants): Grants {
  return sorted([...a.roles, ...b.roles], [...pairsOf(a), ...pairsOf(b)]);
}

/** What the first grants and the second does not. */
export function difference(a: Grants, b: Grants): Grants {
  const held = new Set(pairsOf(b).map((pair) => JSON.stringify(pair)));
  return sorted(
    a.roles.filter((role) => !b.roles.includes(role)),
    pairsOf(a).filter((pair) => !held.has(JSON.stringify(pair))),
  );
}

/** What both grant. */
export function intersection(a: Grants, b: Grants): Grants {
  return difference(a, difference(a, b));
}

export function sameGrants(a: Grants, b: Grants): boolean {
  return JSON.stringify(union(a, NOTHING)) === JSON.stringify(union(b, NOTHING));
}

export const NOTHING: Grants = { roles: [], vaultRoles: {} };

type Pair = readonly [vault: string, role: string];

function pairsOf({ vaultRoles }: Grants): Pair[] {
  return Object.entries(vaultRoles).flatMap(([vault, roles]) => roles.map((role): Pair => [vault, role]));
}

function sorted(roles: readonly string[], pairs: readonly Pair[]): Grants {
  const vaults = [...new Set(pairs.map(([vault]) => vault))].toSorted();
  const rolesOn = (vault: string) => pairs.flatMap(([each, role]) => (each === vault ? [role] : []));
  return {
    roles: [...new Set(roles)].toSorted(),
    vaultRoles: Object.fromEntries(vaults.map((vault) => [vault, [...new Set(rolesOn(vault))].toSorted()])),
  };
}

function plainName(name: string): string {
  if (!name.startsWith("{")) return name;
  try {
    const role = JSON.parse(name) as unknown;
    const value = isObject(role) ? valueOf(role, "value") : undefined;
    return typeof value === "string" ? value : name;
  } catch {
    return name;
  }
}
