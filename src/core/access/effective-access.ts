/** A credential's effective access: the operations that it may call, and on what. */

import { ANY_ITEM, compileAccess, isWithdrawn, type Access, type Allowed, type Grants } from "./access.ts";
import { namedIds, namedValues, namedVaults } from "./named-values.ts";
import type { Operation, RequiredScope } from "../policy/operation.ts";
import { isRefusal } from "../refusal.ts";
import type { PathParams } from "../policy/route-table.ts";
import { filterSegments, filtersOverlap, permits } from "../policy/scope.ts";

/** The resources of an operation: `any`, or the values of its access parameters. */
type Objects = "any" | readonly (readonly string[])[];

/** An operation that the credential can call. */
export interface ReachableOperation {
  readonly operation: Operation;
  /** `null` where the operation is about nothing in particular. */
  readonly on: Objects | null;
  /** The visible items of a list; `null` unless it is filtered. */
  readonly shows: "any" | readonly string[] | null;
}

export interface EffectiveAccess {
  readonly operations: readonly ReachableOperation[];
  /** Operations that no call of the credential gets through. */
  readonly unreached: readonly Operation[];
  /** There were more combinations of ids than were looked at. */
  readonly shortened: boolean;
}

/** Combinations of values that are tried for one operation. */
const MAX_COMBINATIONS = 1000;

/** Asks, for every operation, what the gateway would decide; the values tried are those that the credential names. */
export function effectiveAccessOf(grants: Grants, operations: readonly Operation[]): EffectiveAccess {
  const access = compileAccess(grants);
  const ids = namedIds(grants.scopes, access);
  const filters = grants.scopes.map(({ resource }) => filterSegments(resource));
  const vaults = namedVaults(access);
  let shortened = false;
  const reached = operations.flatMap((operation) => {
    const combinations = namedValues(operation, filters, vaults, MAX_COMBINATIONS + 1);
    shortened ||= combinations.length > MAX_COMBINATIONS;
    return reachedBy(access, operation, combinations.slice(0, MAX_COMBINATIONS), ids) ?? [];
  });
  const called = new Set(reached.map(({ operation }) => operation));
  return {
    operations: reached,
    unreached: operations.filter((operation) => !called.has(operation)),
    shortened,
  };
}

/** Whether no operation that takes a credential lets this one through. */
export function reachesNothing(grants: Grants, operations: readonly Operation[]): boolean {
  if (isWithdrawn(grants)) return true;
  const access = compileAccess(grants);
  const vaults = namedVaults(access);
  const held = grants.scopes.map((scope) => ({ scope, filter: filterSegments(scope.resource) }));
  const filters = held.map(({ filter }) => filter);
  const isHeld = ({ action, segments }: RequiredScope) =>
    held.some(({ scope, filter }) => permits(scope, action) && filtersOverlap(filter, segments));
  return !operations.some((operation) => {
    const names = operation.accessParams;
    const isLet = (values: readonly string[]) =>
      !isRefusal(access.decide(operation, paramsOf(names, values)));
    // Most operations end here, before any value is tried.
    if (operation.public || !operation.security.some((scopes) => scopes.every(isHeld))) return false;
    return (
      isLet(names.map(() => ANY_ITEM)) ||
      namedValues(operation, filters, vaults, MAX_COMBINATIONS).some(isLet)
    );
  });
}

function reachedBy(
  access: Access,
  operation: Operation,
  combinations: readonly (readonly string[])[],
  ids: readonly string[],
): ReachableOperation | null {
  const names = operation.accessParams;
  const decide = (values: readonly string[]) => access.decide(operation, paramsOf(names, values));
  const any = decide(names.map(() => ANY_ITEM));
  const allowed = combinations.filter((values) => !isRefusal(decide(values)));
  const first = isRefusal(any) ? allowed[0] && (decide(allowed[0]) as Allowed) : any;
  if (first === undefined) return null;
  const on = isRefusal(any) ? allowed : "any";
  return { operation, on: names.length === 0 ? null : on, shows: shownBy(first, operation, ids) };
}

/** The items of a filtered list that the credential sees, of the ids that it names. */
function shownBy(
  { visible }: Allowed,
  { list }: Operation,
  ids: readonly string[],
): ReachableOperation["shows"] {
  if (list === null) return null;
  return visible === null ? "any" : ids.filter(visible);
}

function paramsOf(names: readonly string[], values: readonly string[]): PathParams {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? ANY_ITEM]));
}
