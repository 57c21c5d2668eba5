/** What the gateway needs to know of each request, from the table that the build has made of the API's document. */

import { isRefusal, problemOf } from "../refusal.ts";
import { plainSpelling } from "./canonical-path.ts";
import { filterSegments, formatScope, type Action, type Scope } from "./scope.ts";
import { ITEM_ID, type Deprecation, type Operation, type Pointer, type RequiredScope } from "./operation.ts";
import { ANY_VALUE, parseTemplate, type PathTemplate } from "./path-template.ts";
import {
  checkFilter,
  formatResource,
  parametersOf,
  parseResource,
  shapeOf,
  type ResourceTemplate,
  type ResourceType,
  type ResourceTypes,
} from "./resource-types.ts";
import { RouteTable, type Found, type PathParams } from "./route-table.ts";

/** An operation as the build writes it; absent members have their defaults. */
export interface OperationEntry {
  readonly method: string;
  readonly path: string;
  readonly id?: string;
  /** Parameters that take many segments, beside those written `{+name}`. */
  readonly many?: readonly string[];
  readonly public?: true;
  /** Alternatives of scopes in their shorthand, which may name parameters of the path. */
  readonly security?: readonly (readonly string[])[];
  /** As a typed path. */
  readonly resource?: string;
  readonly list?: {
    readonly items: Pointer;
    readonly id: Pointer;
    readonly total: Pointer | null;
    readonly resource: string;
  };
  readonly cost?: number;
  readonly maxBodyBytes?: number;
  readonly timeoutMs?: number;
  readonly origin?: readonly string[];
  readonly deprecation?: Deprecation;
}

/** All that the Worker loads of an API's document. */
export interface PolicyTable {
  readonly basePath: string;
  readonly types: readonly ResourceType[];
  readonly operations: readonly OperationEntry[];
}

export interface Match {
  readonly operation: Operation;
  readonly params: PathParams;
}

/**
 * The outcome of a look-up. Where several templates fit and none is the more specific, `also` holds the other ones: the
 * request must be allowed by each of them. `operation` then has the strictest values of all, and is deprecated if all are.
 */
type RouteMatch =
  | (Match & { readonly kind: "operation"; readonly also: readonly Match[] })
  /** The path is known, but with other methods. */
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  /** A server that decodes escapes before it looks for the operation would find another one. */
  | { readonly kind: "invalid_path" }
  | { readonly kind: "not_found" };

export type { Operation };

export interface RoutePolicy {
  readonly operations: readonly Operation[];
  readonly resourceTypes: ResourceTypes;
  /** What the paths of all operations without servers of their own begin with; empty or without a slash at the end. */
  readonly basePath: string;
  /** Looks a method and a canonical path up, by its bytes as sent and as a server could decode them; HEAD follows GET. */
  match(method: string, path: string): RouteMatch;
  /** What makes a scope impossible for this API, as a sentence, or `null`. */
  checkScope(scope: Scope): string | null;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The scopes that operations need, each once, as they are written. */
export function scopesOf({ operations }: Pick<RoutePolicy, "operations">): string[] {
  return [...new Set(operations.flatMap(({ security }) => security.flat().map(formatScope)))];
}

/**
 * Loads a table that the build has made. Of a large API an isolate needs few operations: templates are read when a path
 * comes that begins like them, and the rest of an operation when it is asked for.
 */
export function loadPolicy(table: PolicyTable): RoutePolicy {
  const resourceTypes: ResourceTypes = new Map(table.types.map((type) => [type.name, type]));
  // Templates hardly ever escape a character that needs no escape.
  const isPlain = table.operations.every(({ path }) => !path.includes("%") || plainSpelling(path) === path);
  const routes = new RouteTable<LazyOperation>();
  const decoded = isPlain ? routes : new RouteTable<LazyOperation>();
  const all = table.operations.map((entry) => new LazyOperation(entry));
  const add = (operation: LazyOperation): void => {
    routes.add(operation.entry.method, operation.template, operation);
    if (!isPlain) decoded.add(operation.entry.method, withPlainTexts(operation.template), operation);
  };
  const waiting = new Map<string, LazyOperation[]>();
  for (const operation of all) {
    const segment = literalStart(operation.entry.path);
    const same = waiting.get(segment ?? "");
    if (segment === null) add(operation);
    else if (same === undefined) waiting.set(segment, [operation]);
    else same.push(operation);
  }
  const prepare = (path: string): void => {
    const segment = firstSegment(path);
    waiting.get(segment)?.forEach(add);
    waiting.delete(segment);
  };
  return {
    get operations() {
      return all.map(({ operation }) => operation);
    },
    resourceTypes,
    basePath: table.basePath,
    match(method, path) {
      const hasEscapes = path.includes("%");
      if (waiting.size > 0) {
        prepare(path);
        if (hasEscapes) prepare(plainSpelling(path));
      }
      const found = routes.match(method, path);
      if (found.length > 0) {
        if (isPlain && !hasEscapes) return matchOf(found);
        const agreed = agreeOn(found, decoded.match(method, plainSpelling(path)));
        return agreed === null ? { kind: "invalid_path" } : matchOf(agreed);
      }
      const allow = METHODS.filter((each) => routes.match(each, path).length > 0);
      return allow.length === 0 ? { kind: "not_found" } : { kind: "method_not_allowed", allow };
    },
    checkScope: (scope) => checkFilter(resourceTypes, scope.resource),
  };
}

/** An operation of the table; its members are read when they are first needed. */
class LazyOperation {
  readonly entry: OperationEntry;
  #template: PathTemplate | null = null;
  #operation: Operation | null = null;

  constructor(entry: OperationEntry) {
    this.entry = entry;
  }

  get template(): PathTemplate {
    return (this.#template ??= readTemplate(this.entry));
  }

  get operation(): Operation {
    return (this.#operation ??= loadOperation(this.entry, this.template));
  }
}

function readTemplate({ path, many }: OperationEntry): PathTemplate {
  const template = parseTemplate(path, new Set(many));
  if (isRefusal(template)) throw new Error(`${path}: ${problemOf(template)}`);
  return template;
}

function firstSegment(path: string): string {
  const end = path.indexOf("/", 1);
  return end === -1 ? path.slice(1) : path.slice(1, end);
}

/** The segment that every path of a template begins with, if it is plain text that has one spelling; else `null`. */
function literalStart(path: string): string | null {
  const segment = firstSegment(path);
  return /^[\w.~-]+$/.test(segment) ? segment : null;
}

function withPlainTexts(template: PathTemplate): PathTemplate {
  const segments = template.segments.map((pattern) => ({
    ...pattern,
    texts: pattern.texts.map(plainSpelling),
  }));
  return { ...template, segments };
}

/**
 * What a path is both as it was sent and as a server may decode it: `null` for two different things. A value that is
 * another one once it is decoded is left open.
 */
function agreeOn(
  sent: readonly Found<LazyOperation>[],
  decoded: readonly Found<LazyOperation>[],
): readonly Found<LazyOperation>[] | null {
  if (sent.length !== decoded.length) return null;
  const agreed: Found<LazyOperation>[] = [];
  for (const { target, params } of sent) {
    const other = decoded.find((each) => each.target === target);
    if (other === undefined) return null;
    const values: Record<string, string> = Object.create(null);
    for (const [name, value] of Object.entries(params)) {
      values[name] = plainSpelling(value) === other.params[name] ? value : ANY_VALUE;
    }
    agreed.push({ target, params: values });
  }
  return agreed;
}

function loadOperation(entry: OperationEntry, template: PathTemplate): Operation {
  const { many, parameters } = template;
  const security = (entry.security ?? []).map((scopes) => scopes.map((text) => loadScope(text, many)));
  const resource = entry.resource === undefined ? null : parseResource(entry.resource, many);
  const list = entry.list ? { ...entry.list, resource: parseResource(entry.list.resource, many) } : null;
  const needed = new Set([
    ...parametersOf(resource ?? []),
    ...parametersOf(list?.resource ?? []).filter((name) => name !== ITEM_ID),
    ...security.flat().flatMap((scope) => parametersOf(scope.template ?? [])),
  ]);
  return {
    id: entry.id ?? `${entry.method} ${entry.path}`,
    method: entry.method,
    template: entry.path,
    public: entry.public ?? false,
    security,
    resource,
    list,
    accessParams: parameters.filter((name) => needed.has(name)),
    cost: entry.cost ?? 1,
    maxBodyBytes: entry.maxBodyBytes ?? null,
    timeoutMs: entry.timeoutMs ?? null,
    boundedBySetting: [],
    origin: entry.origin ?? null,
    deprecation: entry.deprecation ?? null,
  };
}

function loadScope(text: string, many: ReadonlySet<string>): RequiredScope {
  const colon = text.lastIndexOf(":");
  const action = text.slice(colon + 1) as Action;
  const template: ResourceTemplate = parseResource(text.slice(0, colon), many);
  if (parametersOf(template).length === 0) {
    const resource = formatResource(template);
    return { action, resource, segments: filterSegments(resource), template: null };
  }
  const segments = shapeOf(template);
  return { action, resource: segments.join("/"), segments, template };
}

function matchOf(found: readonly Found<LazyOperation>[]): RouteMatch {
  if (found.length === 1 && found[0] !== undefined) {
    const { target, params } = found[0];
    return { kind: "operation", operation: target.operation, params, also: NONE };
  }
  // An operation that looks at the credential decides, if any of them does.
  const [first, ...also] = found
    .map(({ target, params }) => ({ operation: target.operation, params }))
    .toSorted((a, b) => Number(b.operation.security.length > 0) - Number(a.operation.security.length > 0));
  if (first === undefined) return { kind: "not_found" };
  const { operation, params } = first;
  return {
    kind: "operation",
    operation: strictest([operation, ...also.map((other) => other.operation)], operation),
    params,
    also: also.filter((other) => other.operation.security.length > 0),
  };
}

const NONE: readonly Match[] = [];

const LIMITS = ["maxBodyBytes", "timeoutMs"] as const;

function strictest(all: readonly Operation[], first: Operation): Operation {
  return {
    ...first,
    public: all.every((operation) => operation.public),
    deprecation: all.every((operation) => operation.deprecation !== null) ? first.deprecation : null,
    cost: Math.max(...all.map((operation) => operation.cost)),
    maxBodyBytes: least(all.map((operation) => operation.maxBodyBytes)),
    timeoutMs: least(all.map((operation) => operation.timeoutMs)),
    boundedBySetting: LIMITS.filter((limit) => all.some((operation) => operation[limit] === null)),
  };
}

function least(limits: readonly (number | null)[]): number | null {
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}
