/** Scopes: an action on everything that a resource filter covers. */

import { invalid, type Result } from "../refusal.ts";

export const ACTIONS = ["read", "write", "admin", "*"] as const;
export type Action = (typeof ACTIONS)[number];

export interface Scope {
  readonly action: Action;
  /** `*` for everything, or typed segments separated by `/`, where `#` matches any one segment. */
  readonly resource: string;
}

/** A resource or a filter taken apart. The filter `*` has no segments: it asks for nothing, so it covers everything. */
export type Segments = readonly string[];

/** What a segment of a filter can name: ids and fixed values that need no escape in a path. */
export const PLAIN_SEGMENT = /^[\w.~:@-]+$/;

/** Reads the shorthand `<filter>:<action>`, for example `vault:read` or `vault/#/balance:read`. */
export function parseScope(input: string): Result<Scope> {
  const colon = input.lastIndexOf(":");
  const resource = input.slice(0, Math.max(colon, 0));
  const action = ACTIONS.find((known) => known === input.slice(colon + 1));
  if (colon === -1 || action === undefined) {
    return invalid("A scope is <filter>:<action>, where the action is read, write, admin or *");
  }
  const problem = filterProblem(resource);
  return problem === null ? { action, resource } : invalid(problem);
}

/** The shorthand that {@link parseScope} reads. */
export function formatScope(scope: Scope): string {
  return `${scope.resource}:${scope.action}`;
}

/** The syntax error of a filter, as a sentence, or `null`. Whether its type exists is for the route policy to say. */
export function filterProblem(filter: string): string | null {
  if (filter === "*") return null;
  for (const segment of filter.split("/")) {
    if (segment === "") return "A resource filter has no empty segments";
    if (segment === "*") return "The filter * stands alone; # matches any one segment";
    if (segment !== "#" && !PLAIN_SEGMENT.test(segment)) {
      return "A segment of a resource filter is # or made of letters, digits and the characters . _ ~ : @ -";
    }
  }
  return null;
}

export function filterSegments(filter: string): Segments {
  return filter === "*" ? [] : filter.split("/");
}

/** Whether a filter covers a resource: it is no longer, and each of its segments is equal or `#`. */
export function covers(filter: string, resource: string): boolean {
  return segmentsCover(filterSegments(filter), resource.split("/"));
}

/** {@link covers} for a filter and a resource already taken apart. Only the filter's `#` is a wildcard. */
export function segmentsCover(filter: Segments, resource: Segments): boolean {
  return (
    filter.length <= resource.length &&
    filter.every((segment, i) => segment === "#" || segment === resource[i])
  );
}

/** Whether some resource can be covered by both filters. */
export function filtersOverlap(a: Segments, b: Segments): boolean {
  return a.every((segment, i) => {
    const other = b[i];
    return other === undefined || segment === other || segment === "#" || other === "#";
  });
}

/** Whether a scope allows an action; no action but `*` includes another. */
export function permits(scope: Pick<Scope, "action">, action: Action): boolean {
  return scope.action === "*" || scope.action === action;
}
