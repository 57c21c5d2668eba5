/** The scopes that an operation needs. */

import { z } from "zod";
import { isRefusal, problemOf } from "../core/refusal.ts";
import {
  checkFilter,
  formatResource,
  shapeOf,
  type ResourceTemplate,
  type ResourceTypes,
} from "../core/policy/resource-types.ts";
import { ACTIONS, parseScope } from "../core/policy/scope.ts";
import type { Findings } from "./problem.ts";
import { readResource } from "./resources.ts";

/** What an operation needs: alternatives of scopes, which may name parameters; none where no credential is looked at. */
export interface Needs {
  readonly public: boolean;
  readonly security: readonly (readonly string[])[];
}

/** One requirement object: security scheme → scopes. */
const Security = z.array(z.record(z.string(), z.array(z.string())));

const ACTION_SUFFIX = new RegExp(
  String.raw`:(?:${ACTIONS.map((action) => action.replace("*", String.raw`\*`)).join("|")})$`,
);

/** What is known of an operation when its scopes are read. */
interface SecurityContext {
  readonly where: string;
  readonly method: string;
  readonly parameters: readonly string[];
  readonly many: ReadonlySet<string>;
  /** The type of the operation's resource. */
  readonly type: string;
  /** The types that `x-portcullis-resources` declares, and all that there are. */
  readonly declared: ResourceTypes;
  readonly types: ResourceTypes;
  readonly findings: Findings;
}

/**
 * Reads `x-portcullis-scopes`, or else `security`: the operation's or the document's. Where it names no scope of ours,
 * reading needs `read`, and the rest `write`, on the operation's own type.
 */
export function readNeeds(
  scopes: readonly string[] | undefined,
  security: unknown,
  context: SecurityContext,
): Needs {
  if (scopes !== undefined) return { public: false, security: [readScopes(scopes, context)] };
  const usual = { public: false, security: [[defaultScope(context)]] };
  if (security === undefined) return usual;
  const read = Security.safeParse(security);
  if (!read.success) {
    context.findings.mistake(
      context.where,
      "security must be a list of objects, each a scheme with a list of scopes",
      "security: [{ apiKey: [] }]",
    );
    return usual;
  }
  if (read.data.length === 0) return { public: true, security: [] };
  const isPublic = read.data.some((alternative) => Object.keys(alternative).length === 0);
  const ours = read.data
    .map((alternative) => ownScopes(Object.values(alternative).flat(), context))
    .filter((alternative) => alternative.length > 0);
  return { ...usual, public: isPublic, ...(ours.length > 0 && { security: ours }) };
}

function defaultScope({ method, type }: SecurityContext): string {
  return `${type}:${method === "GET" || method === "HEAD" ? "read" : "write"}`;
}

/** Those of an alternative that are ours. Beside one of ours, a scope of our form and an undeclared type is a slip. */
function ownScopes(scopes: readonly string[], context: SecurityContext): string[] {
  const { declared, where, findings } = context;
  const ours = scopes.filter((text) => isOurs(text, declared));
  const foreign = scopes.filter((text) => !ours.includes(text) && ACTION_SUFFIX.test(text));
  for (const text of declared.size > 0 ? foreign : []) {
    const problem = `scope ${text}: ${typeIn(text)} is not a resource type of this API`;
    if (ours.length > 0)
      findings.mistake(where, problem, `security: [{ apiKey: ["${defaultScope(context)}"] }]`);
    else findings.warn(where, `${problem}, so the scope counts for nothing`);
  }
  for (const text of ours) {
    const scope = parseScope(text);
    const problem = isRefusal(scope) ? problemOf(scope) : checkFilter(declared, scope.resource);
    if (problem !== null)
      findings.mistake(
        where,
        `scope ${text}: ${problem}`,
        `security: [{ apiKey: ["${defaultScope(context)}"] }]`,
      );
  }
  return ours.filter((text) => !isRefusal(parseScope(text)));
}

/** Whether `security` names any scope of ours. */
export function namesOwnScopes(security: unknown, declared: ResourceTypes): boolean {
  const read = Security.safeParse(security);
  return (
    read.success &&
    read.data.some((each) =>
      Object.values(each)
        .flat()
        .some((text) => isOurs(text, declared)),
    )
  );
}

function isOurs(text: string, declared: ResourceTypes): boolean {
  return declared.has(typeIn(text)) || text.startsWith("*:");
}

function typeIn(text: string): string {
  return /^[^/:]*/.exec(text)?.[0] ?? "";
}

function readScopes(texts: readonly string[], context: SecurityContext): string[] {
  return texts.filter((text) => {
    const problem = scopeProblem(text, context);
    if (problem === null) return true;
    context.findings.mistake(
      context.where,
      `x-portcullis-scopes: ${text}: ${problem}`,
      `x-portcullis-scopes: ["${defaultScope(context)}"]`,
    );
    return false;
  });
}

function scopeProblem(text: string, { parameters, many, types }: SecurityContext): string | null {
  if (!ACTION_SUFFIX.test(text))
    return "a scope is <resource>:<action>, where the action is read, write, admin or *";
  const resource = text.slice(0, text.lastIndexOf(":"));
  if (!resource.includes("{")) return checkFilter(types, resource);
  const template = readResource(resource, parameters, many);
  if (isRefusal(template)) return problemOf(template);
  return checkFilter(types, shapeOf(template).join("/"));
}

/** The types that scopes are of; `*` for all. */
export function typesNeeded(alternative: readonly string[]): string[] {
  return alternative.map(typeIn);
}

/** Names a type in front of an operation's scopes, or none where there is no resource. */
export function typeName(resource: ResourceTemplate): string {
  return formatResource(resource.slice(0, 1));
}
