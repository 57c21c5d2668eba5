import {
  ANY_VALUE,
  isWholeParameter,
  literalOf,
  moreSpecific,
  shapeOf,
  valuesIn,
  type PathTemplate,
  type SegmentPattern,
} from "./path-template.ts";

/** Values of the path parameters, byte for byte as sent. It has no prototype, so that any name can be a parameter. */
export type PathParams = Readonly<Record<string, string>>;

/** A template that a path fits. */
export interface Found<Target> {
  readonly target: Target;
  readonly params: PathParams;
}

/** The part of a path that is the same for all routes below it. */
interface Node<Target> {
  readonly literals: Map<string, Node<Target>>;
  /** Parameters within a segment. */
  affixes: AffixIndex<Target> | null;
  parameter: Node<Target> | null;
  /** Parameters that take many segments. */
  readonly many: Edge<Target>[];
  /** By method. */
  readonly routes: Map<string, Route<Target>[]>;
}

interface Edge<Target> {
  readonly pattern: SegmentPattern;
  readonly node: Node<Target>;
}

interface Route<Target> {
  readonly template: PathTemplate;
  readonly target: Target;
}

/** A route on the way to be found, with the values of its parameters in order. */
interface Candidate<Target> {
  readonly route: Route<Target>;
  readonly values: readonly string[];
}

/** A segment that is a parameter. */
const WHOLE: SegmentPattern = { texts: ["", ""], parameters: ["segment"], many: false };

/** What is looked for: where the segments of the path begin, and its end. */
interface Search {
  readonly method: string;
  readonly path: string;
  readonly starts: readonly number[];
}

/**
 * Finds what a method and a path lead to, in a tree with one level for each segment: text before parameters, from the
 * left. How long it takes depends on the path and on how deep templates go, not on how many there are.
 */
export class RouteTable<Target> {
  readonly #root: Node<Target> = emptyNode();

  add(method: string, template: PathTemplate, target: Target): void {
    let node = this.#root;
    for (const pattern of template.segments) node = childOf(node, pattern);
    const routes = node.routes.get(method) ?? [];
    node.routes.set(method, [...routes, { template, target }]);
  }

  /**
   * Matches a canonical path byte by byte. The most specific template answers that has the method; there are several
   * where none is more specific than the others. HEAD follows GET (RFC 9110 section 9.3.2).
   */
  match(method: string, path: string): readonly Found<Target>[] {
    const starts = [1];
    for (let at = path.indexOf("/", 1); at !== -1; at = path.indexOf("/", at + 1)) starts.push(at + 1);
    return find(this.#root, { method, path, starts }, 0, []).map(({ route, values }) => ({
      target: route.target,
      params: paramsOf(route.template, values),
    }));
  }
}

function emptyNode<Target>(): Node<Target> {
  return { literals: new Map(), affixes: null, parameter: null, many: [], routes: new Map() };
}

function childOf<Target>(node: Node<Target>, pattern: SegmentPattern): Node<Target> {
  const literal = literalOf(pattern);
  if (literal !== null) {
    const next = node.literals.get(literal) ?? emptyNode<Target>();
    node.literals.set(literal, next);
    return next;
  }
  if (pattern.many) return edgeIn(node.many, pattern).node;
  if (isWholeParameter(pattern)) return (node.parameter ??= emptyNode());
  return (node.affixes ??= new AffixIndex()).edge(pattern).node;
}

function edgeIn<Target>(edges: Edge<Target>[], pattern: SegmentPattern): Edge<Target> {
  const known = edges.find((edge) => shapeOf(edge.pattern) === shapeOf(pattern));
  if (known !== undefined) return known;
  const edge = { pattern, node: emptyNode<Target>() };
  edges.push(edge);
  return edge;
}

function paramsOf({ parameters }: PathTemplate, values: readonly string[]): PathParams {
  const params: Record<string, string> = Object.create(null);
  for (let i = 0; i < parameters.length; i++) params[parameters[i] ?? ""] = values[i] ?? ANY_VALUE;
  return params;
}

function find<Target>(
  node: Node<Target>,
  search: Search,
  depth: number,
  values: readonly string[],
): readonly Candidate<Target>[] {
  if (depth === search.starts.length) return routesOf(node, search.method, values);
  const segment = textOf(search, depth, 1);
  const literal = node.literals.get(segment);
  if (literal !== undefined) {
    const found = find(literal, search, depth + 1, values);
    if (found.length > 0) return found;
  }
  // Only a trailing slash is an empty segment, and only a template with one fits it.
  if (segment === "") return [];
  if (node.affixes === null && node.many.length === 0) {
    return node.parameter === null ? [] : find(node.parameter, search, depth + 1, [...values, segment]);
  }
  const edges = [...(node.affixes?.fitting(segment) ?? []), ...node.many];
  if (node.parameter !== null) edges.push({ pattern: WHOLE, node: node.parameter });
  return mostSpecific(edges, (edge) => {
    if (edge.pattern.many) return findMany(edge, search, depth, values);
    const taken = valuesIn(edge.pattern, segment);
    return taken === null ? [] : find(edge.node, search, depth + 1, [...values, ...taken]);
  });
}

function routesOf<Target>(
  { routes }: Node<Target>,
  method: string,
  values: readonly string[],
): readonly Candidate<Target>[] {
  const found = routes.get(method) ?? (method === "HEAD" ? routes.get("GET") : undefined);
  return found?.map((route) => ({ route, values })) ?? [];
}

/** A parameter that takes one segment, two, and so on. Ways that lead to the same route leave its values open. */
function findMany<Target>(
  { pattern, node }: Edge<Target>,
  search: Search,
  depth: number,
  values: readonly string[],
): readonly Candidate<Target>[] {
  const rest = search.starts.length - depth;
  const isEnd = node.literals.size === 0 && node.parameter === null && node.affixes === null;
  const found = new Map<Route<Target>, readonly string[]>();
  for (let count = isEnd ? rest : 1; count <= rest; count++) {
    const taken = valuesIn(pattern, textOf(search, depth, count));
    if (taken === null || taken.some((value) => value.startsWith("/") || value.endsWith("/"))) continue;
    for (const candidate of find(node, search, depth + count, [...values, ...taken])) {
      const other = found.get(candidate.route);
      const agreed = other?.map((value, i) => (value === candidate.values[i] ? value : ANY_VALUE));
      found.set(candidate.route, agreed ?? candidate.values);
    }
  }
  return [...found].map(([route, agreed]) => ({ route, values: agreed }));
}

function textOf({ path, starts }: Search, depth: number, count: number): string {
  const next = starts[depth + count];
  return path.slice(starts[depth], next === undefined ? path.length : next - 1);
}

/** What is found by the edges that lead anywhere, without those that are less specific than another of them. */
function mostSpecific<Target>(
  edges: readonly Edge<Target>[],
  candidatesOf: (edge: Edge<Target>) => readonly Candidate<Target>[],
): readonly Candidate<Target>[] {
  const leading = edges
    .map((edge) => ({ edge, found: candidatesOf(edge) }))
    .filter(({ found }) => found.length > 0);
  if (leading.length < 2) return leading[0]?.found ?? [];
  return leading
    .filter(({ edge }) => !leading.some((other) => moreSpecific(other.edge.pattern, edge.pattern)))
    .flatMap(({ found }) => found);
}

/** Patterns by the texts with which they begin and end, so that only those are looked at that a segment has. */
class AffixIndex<Target> {
  readonly #byPrefix = new Map<string, Map<string, Edge<Target>[]>>();
  /** Lengths that prefixes and suffixes have. */
  readonly #prefixes = new Set<number>();
  readonly #suffixes = new Set<number>();

  /** The edge of a pattern, a new one if there is none. */
  edge(pattern: SegmentPattern): Edge<Target> {
    const [prefix = "", suffix = ""] = [pattern.texts[0], pattern.texts.at(-1)];
    const bySuffix = this.#byPrefix.get(prefix) ?? new Map<string, Edge<Target>[]>();
    const edges = bySuffix.get(suffix) ?? [];
    this.#byPrefix.set(prefix, bySuffix.set(suffix, edges));
    this.#prefixes.add(prefix.length);
    this.#suffixes.add(suffix.length);
    return edgeIn(edges, pattern);
  }

  fitting(segment: string): Edge<Target>[] {
    const fitting: Edge<Target>[] = [];
    for (const length of this.#prefixes) {
      const bySuffix = this.#byPrefix.get(segment.slice(0, length));
      if (bySuffix === undefined || length > segment.length) continue;
      for (const end of this.#suffixes) {
        if (end > segment.length) continue;
        fitting.push(...(bySuffix.get(segment.slice(segment.length - end)) ?? []));
      }
    }
    return fitting;
  }
}
