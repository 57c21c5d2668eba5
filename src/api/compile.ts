/**
 * Compiles the document of an API into the table that the Worker loads.
 *
 * A request's path through the policy, by the example of
 *
 *     GET https://api.example.com/v1/repos/octocat/hello/hooks/7?page=2
 *
 * and a document that says, with `servers: [{ url: https://repos.example.net }]`,
 *
 *     /v1/repos/{owner}/{repo}/hooks/{id}:
 *       get: { security: [{ oauth: ["read:hooks"] }] }
 *
 * At build time, once:
 *
 *   read-files   parses the document, JSON or YAML, and puts the files in that it refers to
 *   references   puts path items, operations and parameters in the place of their `$ref`s
 *   overlay      adds what the gateway needs to a document that somebody else owns
 *   extensions   reads the `x-portcullis-` members; one that means nothing is a mistake
 *   servers      the base path (none here) goes before every path
 *   resources    names what an operation is about: `repos/{owner}/{repo}/hooks/{id}`, without the version
 *   security     `read:hooks` is no scope of ours, so the rule holds: GET needs `repos:read`
 *   lists, deprecation, and the other members of an operation
 *   compile      puts it together, and finds what is wrong between operations
 *
 * The outcome is the table, a few bytes an operation, and everything that is wrong at once. The build writes the table
 * to `policy.generated.js` and fails if there was a mistake; `npm run check` prints both for people.
 *
 * At run time, for each request:
 *
 *   canonical path   `/v1/repos/octocat/hello/hooks/7`, in the one spelling that means the same to every server, or 400
 *   route table      descends segment by segment, comparing bytes: `v1`, `repos`, then two parameters, `hooks`, and one
 *                    more. Text goes before parameters, `{id}.json` before `{id}`, one segment before many. Found is
 *                    the operation, with owner = octocat, repo = hello, id = 7; nothing is 404; a path that is there
 *                    for other methods is 405.
 *   several          where two templates fit and neither is more specific, the request must be allowed as both: the
 *                    API behind may choose either. A value that could be taken apart in two ways is left open, so that
 *                    only a credential which covers every value passes.
 *   resource         the values put in: `repos/octocat/hello/hooks/7`
 *   access           a scope that the credential holds must allow `read` and cover that resource: `repos:read` does, and
 *                    `repos/octocat/hello:read`, but not `repos/octocat/other:read`. No other template leads to it
 *                    under another name, because the name is the path.
 *   forward          the bytes that were matched are the bytes that the origin gets.
 *
 * So a document that says nothing about access is guarded all the same, and what it says can only be about more: other
 * scopes, other names of resources, lists to filter, limits, origins.
 */

import {
  formatResource,
  type ResourceTemplate,
  type ResourceType,
  type ResourceTypes,
} from "../core/policy/resource-types.ts";
import { PLAIN_SEGMENT } from "../core/policy/scope.ts";
import type { OperationEntry, PolicyTable } from "../core/policy/route-policy.ts";
import { findStrayExtensions, readDocumentExtensions } from "./extensions.ts";
import { readOperations, type ReadOperation } from "./operations.ts";
import { isTooDeep, TOO_DEEP } from "./nesting.ts";
import { findRivals } from "./rivals.ts";
import type { Findings, JsonObject } from "./problem.ts";
import { tellQueries } from "./queries.ts";
import { declaredTypes, resourceProblem, tellSharedNames, typesOf } from "./resources.ts";
import { namesOwnScopes, readNeeds, typeName, typesNeeded, type Needs } from "./security.ts";
import { readServers } from "./servers.ts";
import { tellUnforwarded } from "./unforwarded.ts";

/** The types of an API, the declared ones and all. */
interface Types {
  readonly declared: ResourceTypes;
  readonly all: ResourceTypes;
}

/** Compiles a document whose references are followed. Mistakes are reported and left out of the table. */
export function compileDocument(document: JsonObject, findings: Findings): PolicyTable {
  if (!isSupported(document, findings)) return { basePath: "", types: [], operations: [] };
  if (isTooDeep(document)) {
    findings.mistake("document", TOO_DEEP);
    return { basePath: "", types: [], operations: [] };
  }
  findStrayExtensions(document, findings);
  const extensions = readDocumentExtensions(document, findings);
  const servers = readServers(document["servers"], "servers", findings);
  const operations = readOperations({ document, extensions, servers, findings });
  const types = typesOfApi(declaredTypes(extensions), operations);
  const ids = new Set<string>();
  const entries = operations.map((operation) => entryOf(operation, types, ids, findings));
  findRivals(operations, findings);
  tellSharedNames(operations, findings);
  tellQueries(entries, findings);
  tellUnforwarded(document, findings);
  return { basePath: servers[0]?.basePath ?? "", types: [...types.all.values()], operations: entries };
}

function isSupported({ openapi, swagger }: JsonObject, findings: Findings): boolean {
  if (typeof openapi === "string" && /^3\.[01]\.\d+/.test(openapi)) return true;
  if (typeof swagger === "string") {
    findings.mistake(
      "openapi",
      `must be a 3.0 or 3.1 version, not Swagger ${swagger}: convert the document`,
      "npx swagger2openapi --patch swagger.json --outfile openapi.json",
    );
  } else if (openapi === undefined) {
    findings.mistake("openapi", "is missing, so this is no OpenAPI document", "openapi: 3.1.0");
  } else {
    const found = JSON.stringify(openapi);
    findings.mistake("openapi", `must be a 3.0 or 3.1 version, not ${found}`, "openapi: 3.1.0");
  }
  return false;
}

/** The declared types and those that follow from paths; where nothing is declared also those that operations name. */
function typesOfApi(declaredList: readonly ResourceType[], operations: readonly ReadOperation[]): Types {
  const declared = byName(declaredList);
  const usual = operations.filter(({ extensions, security }) => {
    return extensions["x-portcullis-scopes"] !== undefined || !namesOwnScopes(security, declared);
  });
  const ofPaths = usual.flatMap(({ named, list, pathResource, extensions }) => {
    if (extensions["x-portcullis-scopes"] !== undefined) return [pathResource];
    if (named === undefined && list === null) return [pathResource];
    // What has nothing to narrow by needs a scope all the same, of the type of its path.
    return named === null && list === null ? [pathResource.slice(0, 1)] : [];
  });
  const known = new Set(ofPaths.map(typeName));
  const named = operations
    .flatMap((operation) => [operation.named ?? [], operation.list?.resource ?? []])
    .filter((resource) => declared.size === 0 || known.has(typeName(resource)));
  return { declared, all: byName([...typesOf([...ofPaths, ...named]), ...declaredList]) };
}

function byName(types: readonly ResourceType[]): ResourceTypes {
  return new Map(types.map((type) => [type.name, type]));
}

function entryOf(
  operation: ReadOperation,
  types: Types,
  ids: Set<string>,
  findings: Findings,
): OperationEntry {
  const { method, template, list, place, deprecation, extensions } = operation;
  const { cost = 1, maxBodyBytes, timeoutMs } = extensions["x-portcullis-limits"] ?? {};
  const resource = resourceOf(operation);
  const needs = needsOf(operation, resource, types, findings);
  checkResources(operation, needs, types.all, findings);
  warnOfUnnamedType(operation, needs, findings);
  const written = [...template.many].filter((name) => !template.text.includes(`{+${name}}`));
  const id = takeId(operation, ids, findings);
  return {
    method,
    path: template.text,
    ...(id !== `${method} ${template.text}` && { id }),
    ...(written.length > 0 && { many: written }),
    ...(needs.public && { public: true }),
    ...(needs.security.length > 0 && { security: needs.security }),
    ...(resource !== null && { resource: formatResource(resource) }),
    ...(list !== null && { list: { ...list, resource: formatResource(list.resource) } }),
    ...(cost !== 1 && { cost }),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(place.origin !== null && { origin: place.origin }),
    ...(deprecation !== null && { deprecation }),
  };
}

/** Without a name of its own the resource is the path, except for a list, whose items are the resources. */
function resourceOf({ named, list, pathResource }: ReadOperation): ResourceTemplate | null {
  if (named !== undefined) return named;
  return list === null ? pathResource : null;
}

function needsOf(
  operation: ReadOperation,
  resource: ResourceTemplate | null,
  types: Types,
  findings: Findings,
): Needs {
  const { where, method, template, security, extensions, list, pathResource } = operation;
  const { parameters, many } = template;
  const type = typeName(resource ?? list?.resource ?? pathResource);
  const context = {
    where,
    method,
    parameters,
    many,
    type,
    declared: types.declared,
    types: types.all,
    findings,
  };
  return readNeeds(extensions["x-portcullis-scopes"], security, context);
}

/** Without a scope of the resource's type, holding the scopes would say nothing about the resource. */
function checkResources(
  operation: ReadOperation,
  needs: Needs,
  types: ResourceTypes,
  findings: Findings,
): void {
  const { where, named, list, pathResource } = operation;
  const covered = (type: string) =>
    needs.security.every((scopes) => typesNeeded(scopes).some((each) => each === "*" || each === type));
  const members = [
    ["x-portcullis-resource", named ?? null],
    ["x-portcullis-list", list?.resource ?? null],
  ] as const;
  for (const [member, resource] of members) {
    if (resource === null) continue;
    const problem = resourceProblem(types, resource);
    if (problem !== null) findings.mistake(`${where}: ${member}`, problem, declarationOf(resource));
    else if (!covered(typeName(resource))) {
      const type = typeName(resource);
      findings.mistake(
        where,
        `each alternative of security must name a scope of type ${type}`,
        `x-portcullis-scopes: ["${type}:read"]`,
      );
    }
  }
  if (needs.public) tellUnguarded(operation, needs, findings);
  if (named === null && list === null) warnOfNoResource(operation, needs, types, findings);
  const [first] = needs.security.flatMap(typesNeeded);
  if (named !== undefined || list !== null || covered(typeName(pathResource)) || first === undefined) return;
  findings.warn(
    where,
    `needs a scope of type ${first}, and its resource ${formatResource(pathResource)} is none, so only credentials that are not narrowed within ${first} may call it`,
    namedResource(operation, first, types),
  );
}

/** A caller without a credential sees all of a list, and where no credential is looked at, every resource. */
function tellUnguarded(
  { where, named, list, method }: ReadOperation,
  needs: Needs,
  findings: Findings,
): void {
  const resource = list?.resource ?? (needs.security.length === 0 ? named : null) ?? null;
  if (resource === null) return;
  const member = list === null ? "x-portcullis-resource" : "x-portcullis-list";
  const action = method === "GET" || method === "HEAD" ? "read" : "write";
  findings.mistake(
    where,
    `is public, so ${member} would keep nothing from anybody`,
    `x-portcullis-scopes: ["${typeName(resource)}:${action}"]`,
  );
}

/** A resource of `null`, as a member that is left blank, is for data that is the same for everyone. */
function warnOfNoResource(
  operation: ReadOperation,
  { security }: Needs,
  types: ResourceTypes,
  findings: Findings,
): void {
  const [first] = security.flatMap(typesNeeded);
  const open = operation.template.parameters.filter((name) =>
    security.some((scopes) => !scopes.some((scope) => scope.includes(`{${name}}`))),
  );
  if (first === undefined || open.length === 0) return;
  findings.warn(
    operation.where,
    `x-portcullis-resource is null, or left blank, so every credential with the scope may call it, however narrow, for any ${open.map((name) => `{${name}}`).join(", ")}`,
    namedResource(operation, first, types),
  );
}

/** A path may begin with what no scope can name, such as `$metadata`: then only `*` covers it. */
function warnOfUnnamedType(
  { where, pathResource }: ReadOperation,
  { security }: Needs,
  findings: Findings,
): void {
  const type = security.flatMap(typesNeeded).find((each) => each !== "*" && !PLAIN_SEGMENT.test(each));
  if (type === undefined) return;
  const plain = type.replaceAll(/%[0-9A-Fa-f]{2}|[^\w.~@-]/g, "");
  const named = formatResource([{ literal: plain === "" ? "root" : plain }, ...pathResource.slice(1)]);
  findings.warn(
    where,
    `needs a scope of the type ${type}, which no key can name, so only a scope on * covers it`,
    `x-portcullis-resource: ${named}`,
  );
}

/** What to write so that a path is about a resource of a type. */
function namedResource({ template }: ReadOperation, type: string, types: ResourceTypes): string {
  const [parameter] = template.parameters;
  if (parameter === undefined) return "x-portcullis-resource: null";
  const known = types.get(type);
  const takesOne = known !== undefined && (known.open || known.segments.length > 0);
  return `x-portcullis-resource: ${takesOne ? `${type}/{${parameter}}` : type}`;
}

function declarationOf(resource: ResourceTemplate): string {
  const segments = resource.slice(1).map((_, i) => `{ name: part${i + 1} }`);
  return `x-portcullis-resources: { ${typeName(resource)}: { segments: [${segments.join(", ")}] } }`;
}

/** The document's name for an operation, unless another one has it. */
function takeId(
  { where, method, template, operationId }: ReadOperation,
  ids: Set<string>,
  findings: Findings,
): string {
  const own = `${method} ${template.text}`;
  if (operationId === null) return own;
  if (ids.has(operationId)) {
    findings.warn(
      where,
      `the operationId ${operationId} is not unique, so the operation goes by its method and path`,
    );
    return own;
  }
  ids.add(operationId);
  return operationId;
}
