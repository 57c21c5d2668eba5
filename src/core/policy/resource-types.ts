/** The types of resources that an API has, and typed paths over them. */

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
  /** Whether more segments than these may follow. */
  readonly open: boolean;
}

export type ResourceTypes = ReadonlyMap<string, ResourceType>;

export const VAULT = "vault";

/** A segment of a typed path: a text, or a parameter, whose value may be several segments (`many`). */
export type ResourceSegment =
  | { readonly literal: string }
  | { readonly parameter: string; readonly many?: true };

/** A typed path such as `vault/{vaultId}/balance`. */
export type ResourceTemplate = readonly ResourceSegment[];

/** What is wrong with a filter under these types, or `null`. `#` stands in for any segment but the type. */
export function checkFilter(types: ResourceTypes, filter: string): string | null {
  const problem = filterProblem(filter);
  return problem !== null || filter === "*" ? problem : checkSegments(types, filter.split("/"));
}

function checkSegments(types: ResourceTypes, [typeName = "", ...segments]: Segments): string | null {
  const type = types.get(typeName);
  if (type === undefined) return `${typeName} is not a resource type of this API`;
  if (segments.length > type.segments.length && !type.open) {
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

/** Reads a typed path as it is written. */
export function parseResource(text: string, many: ReadonlySet<string>): ResourceTemplate {
  return text.split("/").map((segment) => {
    const parameter = /^\{(.*)\}$/.exec(segment)?.[1];
    if (parameter === undefined) return { literal: segment };
    return many.has(parameter) ? { parameter, many: true } : { parameter };
  });
}

/** The typed path as it is written. */
export function formatResource(template: ResourceTemplate): string {
  return template
    .map((segment) => ("literal" in segment ? segment.literal : `{${segment.parameter}}`))
    .join("/");
}

/** The parameters of a typed path. */
export function parametersOf(template: ResourceTemplate): string[] {
  return template.flatMap((segment) => ("literal" in segment ? [] : [segment.parameter]));
}

/** A filter for every value of the parameters. */
export function shapeOf(template: ResourceTemplate): Segments {
  return template.map((segment) => ("literal" in segment ? segment.literal : "#"));
}

/** Puts the values of the parameters in; the values are taken as they are. */
export function fillTemplate(template: ResourceTemplate, params: Readonly<Record<string, string>>): Segments {
  return template.flatMap((segment) => {
    if ("literal" in segment) return segment.literal;
    const value = params[segment.parameter];
    if (value === undefined) throw new Error(`No value for the parameter {${segment.parameter}}`);
    return segment.many ? value.split("/") : value;
  });
}
