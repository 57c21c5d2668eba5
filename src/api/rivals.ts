/** Pairs of operations that one request can be, where neither is the more specific. */

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
  const all = operations.map((operation) => ({ ...operation, treatment: treatmentOf(operation) }));
  const special = all.filter(({ list, place }) => list !== null || place.origin !== null);
  const tree = new TemplateTree<(typeof all)[number]>();
  for (const each of all) tree.add(each);
  for (const one of special) {
    for (const other of tree.besides(one)) {
      if (one.treatment === other.treatment || !isAsked(one.method, other.method)) continue;
      if (!canBothFit(one.template, other.template)) continue;
      findings.mistake(
        one.where,
        `a request could be meant for this or for ${other.where}, so both need the same x-portcullis-list and origin`,
      );
    }
  }
}

/** The operations whose templates begin alike. */
interface Branch<T> {
  readonly ending: T[];
  readonly literals: Map<string, Branch<T>>;
  readonly patterns: Map<string, Branch<T>>;
}

/** Operations by the segments of their templates, so that not each has to be compared with all. */
class TemplateTree<T extends { readonly template: PathTemplate }> {
  readonly #root: Branch<T> = newBranch();

  add(item: T): void {
    let branch = this.#root;
    for (const pattern of item.template.segments) {
      const branches = branchesLike(pattern, branch);
      const name = nameOf(pattern);
      const next = branches.get(name) ?? newBranch<T>();
      branches.set(name, next);
      branch = next;
    }
    branch.ending.push(item);
  }

  /** Those that {@link canBothFit} may be true of: where one has text, so have the others. */
  *besides({ template }: T): Iterable<T> {
    let branch = this.#root;
    for (const pattern of template.segments) {
      const branches = branchesLike(pattern, branch);
      const name = nameOf(pattern);
      if (literalOf(pattern) === null) {
        for (const [other, below] of branches) if (other !== name || pattern.many) yield* allOf(below);
      }
      const next = branches.get(name);
      if (next === undefined || pattern.many) return;
      branch = next;
    }
    yield* branch.ending;
  }
}

function newBranch<T>(): Branch<T> {
  return { ending: [], literals: new Map(), patterns: new Map() };
}

function branchesLike<T>(pattern: SegmentPattern, { literals, patterns }: Branch<T>): Map<string, Branch<T>> {
  return literalOf(pattern) === null ? patterns : literals;
}

function* allOf<T>(branch: Branch<T>): Iterable<T> {
  const left = [branch];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    yield* next.ending;
    left.push(...next.literals.values(), ...next.patterns.values());
  }
}

function nameOf(pattern: SegmentPattern): string {
  return `${pattern.many} ${shapeOf(pattern)}`;
}

/** Whether a request can be to both methods: HEAD is answered as GET where there is no HEAD. */
function isAsked(one: string, other: string): boolean {
  const isRead = (method: string) => method === "GET" || method === "HEAD";
  return one === other || (isRead(one) && isRead(other));
}

function treatmentOf({ list, place }: ReadOperation): string {
  const filter = list && { ...list, resource: formatResource(list.resource) };
  return JSON.stringify([filter, place.origin]);
}

/** Whether a path can fit both templates while neither is the more specific. In doubt it can. */
export function canBothFit(a: PathTemplate, b: PathTemplate): boolean {
  if (!lengthsCanAgree(a, b) || !endsCanAgree(a, b)) return false;
  for (const [i, pattern] of a.segments.entries()) {
    const other = b.segments[i];
    if (other === undefined) return false;
    const [one, two] = [literalOf(pattern), literalOf(other)];
    if (one !== two && (one !== null || two !== null)) return false;
    if (!textsCanAgree(pattern, other)) return false;
    if (one !== null || (isSame(pattern, other) && !pattern.many)) continue;
    if (pattern.many && other.many) return true;
    return !moreSpecific(pattern, other) && !moreSpecific(other, pattern);
  }
  return a.segments.length === b.segments.length;
}

/** Whether a path can have as many segments as both templates; a parameter of many takes one at least. */
function lengthsCanAgree(a: PathTemplate, b: PathTemplate): boolean {
  const more = a.segments.length - b.segments.length;
  return more === 0 || (more > 0 ? b.many.size > 0 : a.many.size > 0);
}

/** Whether a path can end as both templates do, up to a parameter that takes many segments. */
function endsCanAgree(a: PathTemplate, b: PathTemplate): boolean {
  for (let back = 1; back <= Math.min(a.segments.length, b.segments.length); back++) {
    const [one, two] = [a.segments.at(-back), b.segments.at(-back)];
    if (one === undefined || two === undefined || !suffixesCanAgree(one, two)) return false;
    if (one.many || two.many) return true;
  }
  return true;
}

/** Whether a text can begin as both patterns do, and end as both do where neither takes more segments. */
function textsCanAgree(a: SegmentPattern, b: SegmentPattern): boolean {
  const [one = "", two = ""] = [a.texts[0], b.texts[0]];
  return (one.startsWith(two) || two.startsWith(one)) && (a.many || b.many || suffixesCanAgree(a, b));
}

function suffixesCanAgree(a: SegmentPattern, b: SegmentPattern): boolean {
  if (literalOf(a) !== null && literalOf(b) !== null) return literalOf(a) === literalOf(b);
  const [one = "", two = ""] = [a.texts.at(-1), b.texts.at(-1)];
  return one.endsWith(two) || two.endsWith(one);
}

function isSame(a: SegmentPattern, b: SegmentPattern): boolean {
  return a.many === b.many && shapeOf(a) === shapeOf(b);
}
