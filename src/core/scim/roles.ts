import { foldName } from "../organization/folded-name.ts";
import { ADMIN, DEVELOPER, type VaultRoles } from "../organization/organization.ts";
import { plainName } from "../organization/plain-name.ts";
import { isObject, valueOf, type ScimObject, isList } from "./object.ts";

/** What somebody may do: roles in the organisation and on vaults, in one order. */
export interface Grants {
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
}

/** The provider's own names, as {@link foldName} spells them, to the names of roles that they stand for. */
export type RoleNames = ReadonlyMap<string, readonly string[]>;

/** How names of the identity provider are read. */
export interface RoleReading {
  readonly roleNames: RoleNames;
  /** Without vaults the name `developer` is enough of a role. */
  readonly hasVaults: boolean;
}

const AS_WRITTEN: RoleReading = { roleNames: new Map(), hasVaults: true };

/** The names of roles that a name of the identity provider stands for. */
export function rolesMeantBy(name: string, reading: RoleReading): readonly string[] {
  const roles = reading.roleNames.get(foldName(name)) ?? [name];
  if (reading.hasVaults) return roles;
  return roles.map((role) => (foldName(role) === DEVELOPER ? `*:${DEVELOPER}` : role));
}

/**
 * The roles that names stand for: `admin`, `<vaultId>:developer`, `*:developer`, and `developer` where there are no
 * vaults, as {@link foldName} compares them; the letter case of a vault's id counts. Other names stand for none.
 */
export function grantsOf(names: readonly string[], reading: RoleReading = AS_WRITTEN): Grants {
  const meant = names.flatMap((name) => rolesMeantBy(name, reading));
  const vaults = meant.flatMap((name) => developerVault(name) ?? []);
  return sorted(
    meant.some((name) => foldName(name) === ADMIN) ? [ADMIN] : [],
    vaults.map((vault) => [vault, DEVELOPER]),
  );
}

/** The vault of a name such as `<vaultId>:developer`; `null` for any other name. */
function developerVault(name: string): string | null {
  const [, vault, role] = /^([^\s:]+):([^\s:]+)$/.exec(plainName(name.normalize("NFKC"))) ?? [];
  return vault !== undefined && foldName(role ?? "") === DEVELOPER ? vault : null;
}

/** The names of roles, as {@link grantsOf} reads them. */
export function namesOf(grants: Grants): string[] {
  return [...grants.roles, ...pairsOf(grants).map(([vault, role]) => `${vault}:${role}`)];
}

export function isNothing(grants: Grants): boolean {
  return namesOf(grants).length === 0;
}

/** The names in a user's `roles` (RFC 7643 section 4.1.2). */
export function roleNames(user: ScimObject): string[] {
  const roles = valueOf(user, "roles");
  return (isList(roles) ? roles : []).flatMap((role) => {
    const name = isObject(role) ? valueOf(role, "value") : role;
    return typeof name === "string" ? [nameInText(name)] : [];
  });
}

/** The grants of both together. */
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

/** The name of a role, which Entra may write as JSON text. */
export function nameInText(name: string): string {
  if (!name.startsWith("{")) return name;
  try {
    const role: unknown = JSON.parse(name);
    const value = isObject(role) ? valueOf(role, "value") : undefined;
    return typeof value === "string" ? value : name;
  } catch {
    return name;
  }
}
