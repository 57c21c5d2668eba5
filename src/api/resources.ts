/** Resources of operations and the types that an API has, declared or read off its paths. */

import { invalid, type Result } from "../core/refusal.ts";
import { literalOf, type PathTemplate } from "../core/policy/path-template.ts";
import {
  checkFilter,
  formatResource,
  parametersOf,
  parseResource,
  shapeOf,
  type ResourceSegment,
  type ResourceTemplate,
  type ResourceType,
  type ResourceTypes,
} from "../core/policy/resource-types.ts";
import type { DocumentExtensions } from "./extensions.ts";
import type { Findings } from "./problem.ts";

/** The resource type of a path that begins with a parameter and so has no name. */
const ROOT = "root";
/** `v1`, `v2.1`, digits or a date. */
const VERSION = /^(?:v?\d+(?:\.\d+)*|\d{4}-\d{2}-\d{2})$/;
const MAX_VERSION_SEGMENTS = 3;
const WORD = /[A-Za-z][\w.]*/;

/**
 * The resource that a path without its base path stands for: its segments without the version prefix. Of a parameter
 * within a segment the value counts, and the word before it as well where it is asked for. A path that begins with a
 * parameter begins with the type `root`.
 */
export function resourceOfPath({ segments }: PathTemplate, withTexts = false): ResourceTemplate {
  const resource = segments
    .slice(versionPrefix(segments.map(literalOf)))
    .flatMap((pattern): ResourceSegment[] => {
      const literal = literalOf(pattern);
      if (literal === "") return [];
      if (literal !== null) return [{ literal }];
      const text = withTexts ? WORD.exec(pattern.texts[0] ?? "")?.[0] : undefined;
      const parameters = pattern.parameters.map((parameter) =>
        pattern.many ? ({ parameter, many: true } as const) : { parameter },
      );
      return text === undefined ? parameters : [{ literal: text }, ...parameters];
    });
  const [first] = resource;
  return first !== undefined && "literal" in first ? resource : [{ literal: ROOT }, ...resource];
}

/** How many segments lead through the version. No parameter is among them: two of its values are two resources. */
function versionPrefix(literals: readonly (string | null)[]): number {
  for (const [i, literal] of literals.slice(0, MAX_VERSION_SEGMENTS).entries()) {
    if (literal === null) return 0;
    if (VERSION.test(literal)) return i + 1;
  }
  return 0;
}

/**
 * Tells of paths that stand for one resource and differ in the text before a parameter, such as `/Users({id})` and
 * `/Groups({id})`: the values count alone, so a key that is narrowed to one of them may call the other.
 */
export function tellSharedNames(
  operations: readonly {
    readonly where: string;
    readonly template: PathTemplate;
    readonly pathResource: ResourceTemplate;
    readonly named: unknown;
  }[],
  findings: Findings,
): void {
  const known = new Map<string, { readonly where: string; readonly texts: string }>();
  const told = new Set<string>();
  for (const { where, template, pathResource, named } of operations) {
    if (named !== undefined) continue;
    const name = formatResource(pathResource);
    const texts = template.segments
      .flatMap((segment) => (segment.parameters.length === 0 ? [] : [segment.texts[0]]))
      .join("/");
    const other = known.get(name);
    if (other === undefined) known.set(name, { where, texts });
    else if (other.texts !== texts && !told.has(name)) {
      told.add(name);
      findings.warn(
        where,
        `is about ${name}, as ${other.where} is, so a key for the one may call the other`,
        `x-portcullis-resource: ${formatResource(resourceOfPath(template, true))}`,
      );
    }
  }
}

/** Reads a typed path, whose parameters must be among those given. */
export function readResource(
  text: string,
  parameters: readonly string[],
  many: ReadonlySet<string>,
): Result<ResourceTemplate> {
  const template = parseResource(text, many);
  const unknown = parametersOf(template).find((name) => !parameters.includes(name));
  if (unknown !== undefined)
    return invalid(`${text} has the parameter {${unknown}}, which is not in the path`);
  if (template.some((segment) => "literal" in segment && /^[#*]$/.test(segment.literal))) {
    return invalid(`${text} must name a resource, without wildcards`);
  }
  return template;
}

/** What is wrong with a typed path under the API's types, or `null`. */
export function resourceProblem(types: ResourceTypes, template: ResourceTemplate): string | null {
  const text = formatResource(template);
  const [type] = template;
  if (type === undefined || !("literal" in type)) return `${text} must begin with a type`;
  // A parameter can take any value, as `#` can in a filter.
  const problem = checkFilter(types, shapeOf(template).join("/"));
  return problem === null ? null : `${text}: ${problem}`;
}

/** The types that are declared. */
export function declaredTypes({
  "x-portcullis-resources": declared = {},
}: DocumentExtensions): ResourceType[] {
  return Object.entries(declared).map(([name, { segments }]) => ({
    name,
    segments: segments.map((segment) => ({ name: segment.name, values: segment.values ?? null })),
    open: false,
  }));
}

/** The types that resources make up, with places for as many segments as they have. */
export function typesOf(resources: readonly ResourceTemplate[]): ResourceType[] {
  const byName = new Map<string, { names: string[]; open: boolean }>();
  for (const [type, ...segments] of resources) {
    if (type === undefined || !("literal" in type)) continue;
    const known = byName.get(type.literal) ?? { names: [], open: false };
    byName.set(type.literal, known);
    for (const [i, segment] of segments.entries()) {
      const name = "parameter" in segment ? segment.parameter : "";
      known.names[i] = known.names[i] || name;
      known.open ||= "parameter" in segment && segment.many === true;
    }
  }
  return [...byName].map(([name, { names, open }]) => ({
    name,
    segments: names.map((each) => ({ name: each === "" ? "part" : each, values: null })),
    open,
  }));
}
