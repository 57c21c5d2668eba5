import type { KeyRecord, VaultSet } from "./key-record.ts";
import { ITEM_ID, type Operation, type RequiredScope } from "./operation.ts";
import { refuse, type Refusal } from "./refusal.ts";
import { fillTemplate, VAULT } from "./resource-types.ts";
import type { PathParams } from "./route-table.ts";
import {
  filterSegments,
  filtersOverlap,
  formatScope,
  permits,
  segmentsCover,
  type Segments,
} from "./scope.ts";

/** What a credential may do: its scopes, its vault allowlist, and the vaults on which its owner holds the role. */
export type Grants = Pick<KeyRecord, "scopes" | "vaults" | "ownerVaults">;

export interface Allowed {
  readonly kind: "allowed";
  /** For a list of which the credential may not see every item: whether it may see the one with this id. */
  readonly visible: ((id: string) => boolean) | null;
}

export interface Access {
  /** The vaults that the credential can reach now. */
  readonly effectiveVaults: VaultSet;
  /** Whether a request for an operation goes on. Parameters are the raw segments of the canonical path. */
  decide(operation: Operation, params: PathParams): Refusal | Allowed;
}

const ALLOWED: Allowed = { kind: "allowed", visible: null };
const WITHDRAWN = refuse("access_withdrawn");
/** For what does not exist and for what the credential may not see: the answer does not tell which. */
const NOT_FOUND = refuse("not_found");
/** No filter and no allowlist can name it, so a credential that may see the item with this id may see all. */
export const ANY_ITEM = "";

/** The vault allowlist, as far as the owner may still use it. */
export function effectiveVaults({ vaults, ownerVaults }: Omit<Grants, "scopes">): VaultSet {
  if (vaults === "*") return ownerVaults;
  if (ownerVaults === "*") return vaults;
  const owned = new Set(ownerVaults);
  return vaults.filter((vault) => owned.has(vault));
}

/** Whether the owner no longer holds the role on any vault that the key may use. */
export function isWithdrawn(grants: Omit<Grants, "scopes">): boolean {
  return effectiveVaults(grants).length === 0;
}

/**
 * Prepares a credential's grants, once, for the decisions about its requests. A token's are narrower than its key's:
 * then `withdrawn` tells of the key whether its owner still holds a role for it.
 */
export function compileAccess(grants: Grants, withdrawn = isWithdrawn(grants)): Access {
  const held = grants.scopes.map((scope) => ({ scope, filter: filterSegments(scope.resource) }));
  const reachable = effectiveVaults(grants);
  const vaultIds = reachable === "*" ? null : new Set(reachable);

  /** Whether the scopes of an alternative are held, for this resource or else for any. */
  function hasScopes(operation: Operation, resource: Segments | null): boolean {
    return operation.security.some((alternative) =>
      alternative.every((required) =>
        held.some(
          ({ scope, filter }) => permits(scope, required.action) && reaches(filter, required, resource),
        ),
      ),
    );
  }

  function sees(operation: Operation, resource: Segments): boolean {
    return hasScopes(operation, resource) && (vaultIds === null || withinVaults(resource, vaultIds));
  }

  return {
    effectiveVaults: reachable,
    decide(operation, params) {
      if (!hasScopes(operation, null)) {
        const needed = operation.security[0] ?? [];
        return refuse("insufficient_scope", { scope: needed.map(formatScope).join(" ") });
      }
      if (withdrawn) return WITHDRAWN;
      const { resource, list } = operation;
      if (resource !== null && !sees(operation, fillTemplate(resource, params))) return NOT_FOUND;
      if (list === null) return ALLOWED;
      const visible = (id: string) =>
        sees(operation, fillTemplate(list.resource, { ...params, [ITEM_ID]: id }));
      return visible(ANY_ITEM) ? ALLOWED : { kind: "allowed", visible };
    },
  };
}

/**
 * Whether a filter holds a required scope: it is `*`, or the two have something in common. Where the scope is of the
 * resource's type, the filter must cover the resource, too. A required `*` is held by nothing less.
 */
function reaches(
  filter: Segments,
  { segments: required }: RequiredScope,
  resource: Segments | null,
): boolean {
  if (filter.length > 0 && (required.length === 0 || !filtersOverlap(filter, required))) return false;
  return resource === null || required[0] !== resource[0] || segmentsCover(filter, resource);
}

/** A resource of type vault without an id stands for all vaults, which no list of vaults includes. */
function withinVaults([type, vaultId]: Segments, vaultIds: ReadonlySet<string>): boolean {
  return type !== VAULT || (vaultId !== undefined && vaultIds.has(vaultId));
}
