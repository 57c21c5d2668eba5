import type { PathTemplate } from "./path-template.ts";

/** Values of the path parameters, byte for byte as sent. It has no prototype, so that any name can be a parameter. */
export type PathParams = Readonly<Record<string, string>>;

/** The part of a path that is the same for all routes below it. */
interface Node<Target> {
  readonly literals: Map<string, Node<Target>>;
  parameter: Node<Target> | null;
  /** By method. */
  readonly routes: Map<string, Route<Target>>;
}

interface Route<Target> {
  readonly template: PathTemplate;
  readonly target: Target;
}

/** Finds what a method and a path lead to, in a tree with one level for each segment. */
export class RouteTable<Target> {
  readonly #root: Node<Target> = emptyNode();

  add(method: string, template: PathTemplate, target: Target): void {
    let node = this.#root;
    for (const segment of template.segments) {
      if ("literal" in segment) {
        const next = node.literals.get(segment.literal) ?? emptyNode();
        node.literals.set(segment.literal, next);
        node = next;
      } else {
        node.parameter ??= emptyNode();
        node = node.parameter;
      }
    }
    node.routes.set(method, { template, target });
  }

  /**
   * Matches a canonical path byte by byte. A parameter takes any one segment that is not empty; literal segments go
   * before parameters; HEAD follows GET (RFC 9110 section 9.3.2).
   */
  match(method: string, path: string): { readonly target: Target; readonly params: PathParams } | null {
    const segments = path.slice(1).split("/");
    const route = find(this.#root, segments, 0, method);
    if (route === null) return null;
    const params = Object.create(null) as Record<string, string>;
    for (const [i, segment] of route.template.segments.entries()) {
      if ("parameter" in segment) params[segment.parameter] = segments[i] ?? "";
    }
    return { target: route.target, params };
  }

  /** The methods that a path may be called with. */
  methodsOf(path: string): string[] {
    const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    return methods.filter((method) => this.match(method, path) !== null);
  }
}

function emptyNode<Target>(): Node<Target> {
  return { literals: new Map(), parameter: null, routes: new Map() };
}

function find<Target>(
  node: Node<Target>,
  segments: readonly string[],
  depth: number,
  method: string,
): Route<Target> | null {
  const segment = segments[depth];
  if (segment === undefined) {
    return node.routes.get(method) ?? (method === "HEAD" ? (node.routes.get("GET") ?? null) : null);
  }
  const literal = node.literals.get(segment);
  const route = literal === undefined ? null : find(literal, segments, depth + 1, method);
  if (route !== null || node.parameter === null || segment === "") return route;
  return find(node.parameter, segments, depth + 1, method);
}
