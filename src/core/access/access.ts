import type { KeyRecord, VaultSet } from "../key/key-record.ts";
import { ITEM_ID, type ListRule, type Operation, type RequiredScope } from "../policy/operation.ts";
import { refuse, type Result } from "../refusal.ts";
import { fillTemplate, VAULT } from "../policy/resource-types.ts";
import type { PathParams } from "../policy/route-table.ts";
import {
  filterSegments,
  filtersOverlap,
  formatScope,
  permits,
  segmentsCover,
  type Segments,
} from "../policy/scope.ts";

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
  decide(operation: Operation, params: PathParams): Result<Allowed>;
}

const ALLOWED: Allowed = { kind: "allowed", visible: null };
const WITHDRAWN = refuse("access_withdrawn");
/** For what does not exist and for what the credential may not see: the answer does not tell which. */
const NOT_FOUND = refuse("not_found");
/** No filter and no allowlist can name it, so a credential that may see the item with this id may see all. */
export const ANY_ITEM = "";
/** Stands for the id of an unknown item; every filter overlaps it. */
const SOME_ITEM = "#";

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
 * Prepares a credential's grants, once, for the decisions about its requests. For a token, whose grants are narrower than
 * its key's, `withdrawn` is the key's own.
 */
export function compileAccess(grants: Grants, withdrawn = isWithdrawn(grants)): Access {
  const held = grants.scopes.map((scope) => ({ scope, filter: filterSegments(scope.resource) }));
  const reachable = effectiveVaults(grants);
  const vaultIds = reachable === "*" ? null : new Set(reachable);

  /** Whether the credential holds every scope of one alternative, each in a way that `reaches` accepts. */
  function holds(operation: Operation, reaches: Reaches): boolean {
    return operation.security.some((alternative) =>
      alternative.every((required) =>
        held.some(
          ({ scope, filter }) =>
            permits(scope, required.action) &&
            overlaps(filter, required) &&
            reaches(filter, required, alternative),
        ),
      ),
    );
  }

  /** Whether the held scopes reach what the request names: by parameters in a scope, and by its resource. */
  function meetsAll(
    operation: Operation,
    resource: Segments | null,
    params: PathParams,
    meets: (filter: Segments, resource: Segments) => boolean,
  ): boolean {
    return holds(operation, (filter, required, alternative) => {
      const named = required.template && fillTemplate(required.template, params);
      if (named !== null && !(segmentsCover(filter, named) && withinVaults(named))) return false;
      if (resource === null) return true;
      if (required.segments[0] === resource[0]) return meets(filter, resource);
      if (alternative.some(({ segments }) => segments[0] === resource[0])) return true;
      return reachesAll(filter, required);
    });
  }

  /**
   * Where no scope of an alternative is of the resource's type, filters and the allowlist do not apply to the resource:
   * they must cover all required scopes.
   */
  function reachesAll(filter: Segments, { segments, template }: RequiredScope): boolean {
    return segmentsCover(filter, segments) && (template !== null || withinVaults(segments));
  }

  /** A resource of type vault without an id stands for all vaults, which no list of vaults includes. */
  function withinVaults([type, vaultId]: Segments): boolean {
    return type !== VAULT || vaultIds === null || (vaultId !== undefined && vaultIds.has(vaultId));
  }

  function sees(operation: Operation, resource: Segments | null, params: PathParams): boolean {
    if (!meetsAll(operation, resource, params, segmentsCover)) return false;
    return resource === null || withinVaults(resource);
  }

  /** Whether a list, in the place that the path names, can have an item that the credential may see. */
  function mayShowSome(operation: Operation, list: ListRule, params: PathParams): boolean {
    const item = fillTemplate(list.resource, { ...params, [ITEM_ID]: SOME_ITEM });
    if (!meetsAll(operation, item, params, filtersOverlap)) return false;
    return item[1] === SOME_ITEM || withinVaults(item);
  }

  return {
    effectiveVaults: reachable,
    decide(operation, params) {
      if (operation.public && operation.security.length === 0) return ALLOWED;
      if (!holds(operation, anywhere)) {
        const needed = operation.security[0] ?? [];
        return refuse("insufficient_scope", { scope: needed.map(formatScope).join(" ") });
      }
      if (withdrawn) return WITHDRAWN;
      const { resource, list } = operation;
      const about = resource && fillTemplate(resource, params);
      if (!sees(operation, about, params)) return NOT_FOUND;
      if (list === null) return ALLOWED;
      if (about === null && !mayShowSome(operation, list, params)) return NOT_FOUND;
      const visible = (id: string) =>
        sees(operation, fillTemplate(list.resource, { ...params, [ITEM_ID]: id }), params);
      return visible(ANY_ITEM) ? ALLOWED : { kind: "allowed", visible };
    },
  };
}

type Reaches = (filter: Segments, required: RequiredScope, alternative: readonly RequiredScope[]) => boolean;

const anywhere: Reaches = () => true;

/** Whether a filter is `*` or has something in common with a required scope. A required `*` is held by nothing less. */
function overlaps(filter: Segments, { segments: required }: RequiredScope): boolean {
  return filter.length === 0 || (required.length > 0 && filtersOverlap(filter, required));
}
