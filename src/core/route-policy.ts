/** The API's own OpenAPI document, compiled into what the gateway needs to know of each request. */

import { documentSchema, listOperations, PolicyError, readPart } from "./api-document.ts";
import { readOperation, type Operation } from "./operation.ts";
import { ambiguous, readPathTemplate, type PathTemplate } from "./path-template.ts";
import { checkFilter, readResourceTypes, type ResourceTypes } from "./resource-types.ts";
import { RouteTable, type PathParams } from "./route-table.ts";
import { formatScope, type Scope } from "./scope.ts";

export interface Match {
  readonly operation: Operation;
  readonly params: PathParams;
}

/**
 * What a method and a path are. Where several templates fit and none is the more specific, `also` holds the other ones:
 * the request must be allowed by each of them. `operation` then has the strictest values of all.
 */
export type RouteMatch =
  | (Match & { readonly kind: "operation"; readonly also: readonly Match[] })
  /** The path is known, but with other methods. */
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "not_found" };

export { PolicyError, type Operation };

export interface RoutePolicy {
  readonly operations: readonly Operation[];
  readonly resourceTypes: ResourceTypes;
  /** What the paths of all operations without servers of their own begin with; empty or without a slash at the end. */
  readonly basePath: string;
  /** What a method and a canonical path are. Bytes are compared as sent; HEAD follows GET. */
  match(method: string, path: string): RouteMatch;
  /** What makes a scope impossible for this API, as a sentence, or `null`. */
  checkScope(scope: Scope): string | null;
}

/** The scopes that operations need, each once, as they are written. */
export function scopesOf({ operations }: Pick<RoutePolicy, "operations">): string[] {
  return [...new Set(operations.flatMap(({ security }) => security.flat().map(formatScope)))];
}

/**
 * Compiles an OpenAPI 3.1 document. Each operation must name the scopes that it needs.
 * @throws PolicyError naming the operation and the first mistake in it
 */
export function compilePolicy(value: unknown): RoutePolicy {
  const document = readPart(documentSchema, value, "OpenAPI document");
  const resourceTypes = readResourceTypes(document["x-portcullis-resources"]);
  const routes = new RouteTable<Operation>();
  const compiled: { operation: Operation; template: PathTemplate }[] = [];

  for (const { method, path, value: part } of listOperations(document)) {
    const where = `${method} ${path}`;
    const template = readPathTemplate(path, where);
    const operation = readOperation(part, method, template, document, resourceTypes);
    for (const earlier of compiled) {
      if (earlier.operation.id === operation.id) {
        throw new PolicyError(where, `the operationId ${operation.id} is not unique`);
      }
      if (earlier.operation.method === method && ambiguous(earlier.template, template)) {
        throw new PolicyError(where, `a path could be meant for this or for ${earlier.template.text}`);
      }
    }
    compiled.push({ operation, template });
    routes.add(method, template, operation);
  }

  return {
    operations: compiled.map(({ operation }) => operation),
    resourceTypes,
    basePath: "",
    match(method, path) {
      const found = routes.match(method, path);
      if (found !== null) {
        return { kind: "operation", operation: found.target, params: found.params, also: [] };
      }
      const allow = routes.methodsOf(path);
      return allow.length === 0 ? { kind: "not_found" } : { kind: "method_not_allowed", allow };
    },
    checkScope: (scope) => checkFilter(resourceTypes, scope.resource),
  };
}
