/** The resource types that an API declares (`x-portcullis-resources`), and typed paths over them. */

import { PolicyError, type ApiDocument } from "./api-document.ts";
import { filterProblem, type Segments } from "./scope.ts";

/**
 * One type of resource. A resource of it is the type's name and then values for the first few segments or all of them.
 * The first segment of type {@link VAULT} is the vault id to which vault allowlists apply.
 */
export interface ResourceType {
  readonly name: string;
  readonly segments: readonly {
    readonly name: string;
    /** The only values that the segment can have; `null` for any. */
    readonly values: readonly string[] | null;
  }[];
}

export type ResourceTypes = ReadonlyMap<string, ResourceType>;

export const VAULT = "vault";

/** A typed path such as `vault/{vaultId}/balance`, whose parameters stand for one segment each. */
export type ResourceTemplate = readonly ({ readonly literal: string } | { readonly parameter: string })[];

export function readResourceTypes(declared: ApiDocument["x-portcullis-resources"]): ResourceTypes {
  return new Map(
    Object.entries(declared).map(([name, { segments }]) => [
      name,
      { name, segments: segments.map((segment) => ({ name: segment.name, values: segment.values ?? null })) },
    ]),
  );
}

/** What is wrong with a filter under these types, or `null`. `#` stands in for any segment but the type. */
export function checkFilter(types: ResourceTypes, filter: string): string | null {
  const problem = filterProblem(filter);
  return problem !== null || filter === "*" ? problem : checkSegments(types, filter.split("/"));
}

function checkSegments(types: ResourceTypes, [typeName = "", ...segments]: Segments): string | null {
  const type = types.get(typeName);
  if (type === undefined) return `${typeName} is not a resource type of this API`;
  if (segments.length > type.segments.length) {
    return `Too many segments: after ${typeName} come at most ${type.segments.length}`;
  }
  for (const [i, segment] of segments.entries()) {
    const { name, values } = type.segments[i] ?? { name: "", values: null };
    if (segment !== "#" && values !== null && !values.includes(segment)) {
      return `${segment} is not a ${name} of ${typeName}; there are: ${values.join(", ")}`;
    }
  }
  return null;
}

/**
 * Reads a typed path. Its parameters must be among those given.
 * @throws PolicyError
 */
export function readTemplate(
  types: ResourceTypes,
  text: string,
  parameters: readonly string[],
  where: string,
): ResourceTemplate {
  const template = text.split("/").map((segment) => {
    const parameter = /^\{(.*)\}$/.exec(segment)?.[1];
    if (parameter === undefined) return { literal: segment };
    if (parameters.includes(parameter)) return { parameter };
    throw new PolicyError(where, `${text} has the parameter {${parameter}}, which is not in the path`);
  });
  if (template.some((segment) => "literal" in segment && /^[#*]$/.test(segment.literal))) {
    throw new PolicyError(where, `${text} must name a resource, without wildcards`);
  }
  // A parameter can take any value, as `#` can in a filter.
  const shape = template.map((segment) => ("literal" in segment ? segment.literal : "#")).join("/");
  const problem = checkFilter(types, shape);
  if (problem !== null) throw new PolicyError(where, `${text}: ${problem}`);
  return template;
}

/** Puts the values of the parameters in; the values are taken as they are. */
export function fillTemplate(template: ResourceTemplate, params: Readonly<Record<string, string>>): Segments {
  return template.map((segment) => {
    if ("literal" in segment) return segment.literal;
    const value = params[segment.parameter];
    if (value === undefined) throw new Error(`No value for the parameter {${segment.parameter}}`);
    return value;
  });
}
