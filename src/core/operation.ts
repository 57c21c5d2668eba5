import {
  operationSchema,
  PolicyError,
  readPart,
  type ApiDocument,
  type ApiOperation,
} from "./api-document.ts";
import { readDeprecation, type Deprecation } from "./deprecation.ts";
import type { PathTemplate } from "./path-template.ts";
import { checkFilter, readTemplate, type ResourceTemplate, type ResourceTypes } from "./resource-types.ts";
import { filterSegments, parseScope, type Scope, type Segments } from "./scope.ts";

/** A scope that an operation needs, with its filter taken apart. */
export interface RequiredScope extends Scope {
  readonly segments: Segments;
}

/** Member names and array indexes that lead from a JSON value to one within it; none for the value itself. */
export type Pointer = readonly string[];

/** A list in an answer, of which the client gets the items that its credential may see. */
export interface ListRule {
  /** From the body to the array. */
  readonly items: Pointer;
  /** From an item to its id, a text or a number. */
  readonly id: Pointer;
  /** From the body to the number of all items, hidden ones included; `null` where the body has none. */
  readonly total: Pointer | null;
  /** The resource that an item is; its parameter {@link ITEM_ID} is the item's id. */
  readonly resource: ResourceTemplate;
}

export const ITEM_ID = "id";

export interface Operation {
  /** The document's `operationId`, or the method and the template. */
  readonly id: string;
  readonly method: string;
  readonly template: string;
  /** Whether it may be called without a credential. Where `security` is empty, none is looked at. */
  readonly public: boolean;
  /** Alternatives; each needs all of its scopes. */
  readonly security: readonly (readonly RequiredScope[])[];
  /** The resource that the operation is about; `null` for data that everyone with the scope may see. */
  readonly resource: ResourceTemplate | null;
  readonly list: ListRule | null;
  /** The path parameters on which access depends, in the order of the path. */
  readonly accessParams: readonly string[];
  /** How many units of the key's budget a call takes; 0 is not held to the budget. */
  readonly cost: number;
  /** The most bytes of a request's body, and how long nothing may move; `null` for the gateway's setting. */
  readonly maxBodyBytes: number | null;
  readonly timeoutMs: number | null;
  /**
   * Where the origin of its own is to be found among `ORIGINS`: the first of these names and URLs that is there. When
   * none is, the operation is not served. `null` for `ORIGIN_URL`.
   */
  readonly origin: readonly string[] | null;
  readonly deprecation: Deprecation | null;
}

/**
 * Reads one operation of the document.
 * @throws PolicyError
 */
export function readOperation(
  value: unknown,
  method: string,
  { text: template, parameters }: PathTemplate,
  document: ApiDocument,
  types: ResourceTypes,
): Operation {
  const where = `${method} ${template}`;
  const operation = readPart(operationSchema, value, where);
  const security = readSecurity(operation, document, types, where);
  const resourceText = operation["x-portcullis-resource"];
  const resource =
    resourceText === undefined
      ? null
      : readTemplate(types, resourceText, parameters, `${where}: x-portcullis-resource`);
  const list = readList(operation, parameters, types, `${where}: x-portcullis-list`);
  for (const guarded of [resource, list?.resource ?? null]) {
    if (guarded !== null) requireScopeOfType(guarded, security, where);
  }
  return {
    id: operation.operationId ?? where,
    method,
    template,
    public: false,
    security,
    resource,
    list,
    accessParams: parameters.filter((name) =>
      [...(resource ?? []), ...(list?.resource ?? [])].some(
        (segment) => "parameter" in segment && segment.parameter === name,
      ),
    ),
    cost: 1,
    maxBodyBytes: null,
    timeoutMs: null,
    origin: null,
    deprecation: readDeprecation(operation, document, where),
  };
}

function readSecurity(
  operation: ApiOperation,
  document: ApiDocument,
  types: ResourceTypes,
  where: string,
): Operation["security"] {
  const alternatives = operation.security ?? document.security ?? [];
  if (alternatives.length === 0) {
    throw new PolicyError(where, "security must name the scopes that are needed");
  }
  const schemes = new Set(Object.keys(document.components?.securitySchemes ?? {}));
  return alternatives.map((alternative) => {
    const undeclared = Object.keys(alternative).find((scheme) => !schemes.has(scheme));
    if (undeclared !== undefined) {
      throw new PolicyError(where, `security scheme ${undeclared} is not in components.securitySchemes`);
    }
    const scopes = Object.values(alternative).flat();
    if (scopes.length === 0) throw new PolicyError(where, "each alternative of security must name a scope");
    return scopes.map((text) => readScope(text, types, where));
  });
}

function readScope(text: string, types: ResourceTypes, where: string): RequiredScope {
  const scope = parseScope(text);
  const problem = "problem" in scope ? scope.problem : checkFilter(types, scope.resource);
  if ("problem" in scope || problem !== null) throw new PolicyError(where, `scope ${text}: ${problem}`);
  return { ...scope, segments: filterSegments(scope.resource) };
}

function readList(
  operation: ApiOperation,
  parameters: readonly string[],
  types: ResourceTypes,
  where: string,
): ListRule | null {
  const list = operation["x-portcullis-list"];
  if (list === undefined) return null;
  if (parameters.includes(ITEM_ID)) {
    throw new PolicyError(
      where,
      `{${ITEM_ID}} is the id of an item, so the path cannot have a parameter of that name`,
    );
  }
  const resource = readTemplate(types, list.resource, [...parameters, ITEM_ID], where);
  if (!resource.some((segment) => "parameter" in segment && segment.parameter === ITEM_ID)) {
    throw new PolicyError(where, `resource ${list.resource} must have the parameter {${ITEM_ID}}`);
  }
  return { items: list.items.split("."), id: [list.id], total: null, resource };
}

/** Without a scope of the resource's type, holding the scopes would say nothing about the resource. */
function requireScopeOfType([type]: ResourceTemplate, security: Operation["security"], where: string): void {
  const name = type !== undefined && "literal" in type ? type.literal : "";
  const covered = security.every((scopes) =>
    scopes.some(({ segments }) => segments.length === 0 || segments[0] === name),
  );
  if (!covered) {
    throw new PolicyError(where, `each alternative of security must name a scope of type ${name}`);
  }
}
