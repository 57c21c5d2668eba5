/** Operations of which one request can be both, where neither is the more specific. */

import {
  literalOf,
  moreSpecific,
  shapeOf,
  type PathTemplate,
  type SegmentPattern,
} from "../core/policy/path-template.ts";
import { formatResource } from "../core/policy/resource-types.ts";
import type { ReadOperation } from "./operations.ts";
import type { Findings } from "./problem.ts";

/**
 * A request that is two operations at once must be allowed as both. What is done with it then has to be the same: the
 * origin, and how the answer is filtered.
 */
export function findRivals(operations: readonly ReadOperation[], findings: Findings): void {
  const special = operations.filter(({ list, place }) => list !== null || place.origin !== null);
  for (const one of special) {
    for (const other of operations) {
      if (one === other || one.method !== other.method || treatment(one) === treatment(other)) continue;
      if (!canBothFit(one.template, other.template)) continue;
      findings.mistake(
        one.where,
        `a request could be meant for this or for ${other.where}, so both need the same x-portcullis-list and origin`,
      );
    }
  }
}

function treatment({ list, place }: ReadOperation): string {
  const filter = list && { ...list, resource: formatResource(list.resource) };
  return JSON.stringify([filter, place.origin]);
}

/** Whether a path can fit both templates while neither is the more specific. In doubt it can. */
export function canBothFit(a: PathTemplate, b: PathTemplate): boolean {
  for (const [i, pattern] of a.segments.entries()) {
    const other = b.segments[i];
    if (other === undefined) return false;
    const [one, two] = [literalOf(pattern), literalOf(other)];
    if (one !== two && (one !== null || two !== null)) return false;
    if (one !== null || (isSame(pattern, other) && !pattern.many)) continue;
    if (pattern.many && other.many) return true;
    return !moreSpecific(pattern, other) && !moreSpecific(other, pattern);
  }
  return a.segments.length === b.segments.length;
}

function isSame(a: SegmentPattern, b: SegmentPattern): boolean {
  return a.many === b.many && shapeOf(a) === shapeOf(b);
}
