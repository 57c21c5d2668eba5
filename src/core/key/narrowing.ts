import type { VaultSet } from "./key-record.ts";
import {
  filterSegments,
  filtersOverlap,
  formatScope,
  permits,
  segmentsCover,
  type Action,
  type Scope,
} from "../policy/scope.ts";

/** The part of its key's access that a token may use at most. */
export interface Narrowing {
  readonly scopes: readonly Scope[];
  readonly vaults: VaultSet;
}

/** Whether everything that a scope allows is allowed by one of those held. */
export function holdsScope(held: readonly Scope[], scope: Scope): boolean {
  return held.some(
    (each) =>
      permits(each, scope.action) &&
      segmentsCover(filterSegments(each.resource), filterSegments(scope.resource)),
  );
}

/** Whether a vault allowlist includes all of another. */
export function holdsVaults(held: VaultSet, vaults: VaultSet): boolean {
  return held === "*" || (vaults !== "*" && vaults.every((vault) => held.includes(vault)));
}

/** What two have in common. */
export function narrowed(a: Narrowing, b: Narrowing): Narrowing {
  return { scopes: commonScopes(a.scopes, b.scopes), vaults: commonVaults(a.vaults, b.vaults) };
}

/** What two vault allowlists have in common. */
export function commonVaults(a: VaultSet, b: VaultSet): VaultSet {
  if (a === "*") return b;
  return b === "*" ? a : a.filter((vault) => b.includes(vault));
}

/** What two lists of scopes have in common, each scope once and none that another includes. */
export function commonScopes(a: readonly Scope[], b: readonly Scope[]): Scope[] {
  const common = b.flatMap((scope) =>
    holdsScope(a, scope) ? [scope] : a.flatMap((other) => commonScope(other, scope) ?? []),
  );
  const distinct = [...new Map(common.map((scope) => [formatScope(scope), scope])).values()];
  return distinct.filter((scope) => !distinct.some((other) => other !== scope && holdsScope([other], scope)));
}

function commonScope(a: Scope, b: Scope): Scope | null {
  const action = commonAction(a.action, b.action);
  const resource = commonFilter(a.resource, b.resource);
  return action === null || resource === null ? null : { action, resource };
}

function commonAction(a: Action, b: Action): Action | null {
  if (a === "*") return b;
  return b === "*" || a === b ? a : null;
}

/** The intersection of two filters: the longer one, with the id of the other in the place of its `#`. */
function commonFilter(a: string, b: string): string | null {
  const [long, short] = [filterSegments(a), filterSegments(b)].toSorted((x, y) => y.length - x.length);
  if (long === undefined || short === undefined || !filtersOverlap(long, short)) return null;
  const segments = long.map((segment, i) => (segment === "#" ? (short[i] ?? "#") : segment));
  return segments.length === 0 ? "*" : segments.join("/");
}
