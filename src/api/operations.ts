/** The operations of a document, one by one, as far as each can be read without the others. */

import { isRefusal, problemOf } from "../core/refusal.ts";
import type { Deprecation } from "../core/policy/operation.ts";
import { canBeRequested, literalOf, parseTemplate, type PathTemplate } from "../core/policy/path-template.ts";
import type { ResourceTemplate } from "../core/policy/resource-types.ts";
import { readDeprecation } from "./deprecation.ts";
import {
  readOperationExtensions,
  takesManySegments,
  type DocumentExtensions,
  type OperationExtensions,
} from "./extensions.ts";
import { readList, type List } from "./lists.ts";
import { isObject, type Findings, type JsonObject } from "./problem.ts";
import { readResource, resourceOfPath } from "./resources.ts";
import { placeOf, readServers, type Place, type Server } from "./servers.ts";

/** An operation before it is known what types of resources the API has. */
export interface ReadOperation {
  /** Method and path, as messages name it. */
  readonly where: string;
  readonly method: string;
  /** Base path included. */
  readonly template: PathTemplate;
  /** The document's own name for it. */
  readonly operationId: string | null;
  readonly security: unknown;
  readonly extensions: OperationExtensions;
  /** The resource that the path stands for. */
  readonly pathResource: ResourceTemplate;
  /** The one that the document names; `null` for none, and `undefined` where the document says nothing. */
  readonly named: ResourceTemplate | null | undefined;
  readonly list: List | null;
  readonly place: Place;
  readonly deprecation: Deprecation | null;
}

/** What is the same for all operations. */
interface Shared {
  readonly document: JsonObject;
  readonly extensions: DocumentExtensions;
  readonly servers: readonly Server[];
  readonly findings: Findings;
}

/** Methods as a path item spells them. */
const METHODS = new Set(["get", "put", "post", "delete", "options", "head", "patch"]);
const OTHER_MEMBERS = new Set(["summary", "description", "servers", "parameters"]);

/** Reads all operations; leaves out one that cannot be served, and reports it. */
export function readOperations(shared: Shared): ReadOperation[] {
  const { document, findings } = shared;
  if (!isObject(document["paths"])) {
    findings.mistake("paths", "must be an object: the paths of the API and what is there", "paths: {}");
    return [];
  }
  return Object.entries(document["paths"]).flatMap(([path, item]) => {
    if (path.startsWith("x-")) return [];
    if (isObject(item)) return readItem(path, item, shared);
    findings.mistake(path, "must be an object: methods and their operations");
    return [];
  });
}

function readItem(path: string, item: JsonObject, shared: Shared): ReadOperation[] {
  const { findings } = shared;
  const operations = Object.entries(item).flatMap(([member, value]) => {
    const where = `${member.toUpperCase()} ${path}`;
    if (METHODS.has(member)) {
      if (isObject(value)) return readOperation({ member, path, item, operation: value }, shared) ?? [];
      findings.mistake(where, "must be an object: an operation");
    } else if (METHODS.has(member.toLowerCase())) {
      findings.mistake(path, `${member} is no method in this spelling`, `${member.toLowerCase()}:`);
    } else if (member === "trace") {
      findings.warn(where, "not served: a Worker cannot send TRACE on");
    } else if (!OTHER_MEMBERS.has(member) && !member.startsWith("x-")) {
      findings.warn(path, `${member} means nothing in a path item`);
    }
    return [];
  });
  return withListOfGet(operations);
}

/** HEAD has the headers of GET (RFC 9110 section 9.3.2), so what they tell of a list is filtered alike. */
function withListOfGet(operations: readonly ReadOperation[]): ReadOperation[] {
  const list = operations.find(({ method }) => method === "GET")?.list ?? null;
  return operations.map((operation) =>
    operation.method === "HEAD" && operation.list === null ? { ...operation, list } : operation,
  );
}

/** An operation as it stands in the document: a member of the item of its path. */
interface Written {
  readonly member: string;
  readonly path: string;
  readonly item: JsonObject;
  readonly operation: JsonObject;
}

function readOperation({ member, path, item, operation }: Written, shared: Shared): ReadOperation | null {
  const { document, servers, findings } = shared;
  const method = member.toUpperCase();
  const where = `${method} ${path}`;
  const extensions = readOperationExtensions(operation, where, findings);
  const own = readServers(operation["servers"] ?? item["servers"], where, findings);
  const place = placeOf(own, servers, extensions["x-portcullis-origin"]);
  const many = manySegments([item["parameters"], operation["parameters"]], where, findings);
  const local = readTemplate(path, many, where, findings);
  const template = local && parseTemplate(place.basePath + path, many);
  if (local === null || template === null || isRefusal(template)) return null;
  if (!canBeServed(template, where, findings)) return null;
  const { operationId } = operation;
  return {
    where,
    method,
    template,
    operationId: typeof operationId === "string" && operationId !== "" ? operationId : null,
    // One that is there and blank is a mistake, never the document's.
    security: operation["security"] === undefined ? document["security"] : operation["security"],
    extensions,
    pathResource: resourceOfPath(local),
    named: readNamed(extensions["x-portcullis-resource"], local, where, findings),
    list: readList(extensions["x-portcullis-list"], local.parameters, where, findings),
    place,
    deprecation: readDeprecation({ operation, extensions }, shared, where, findings),
  };
}

/** The parameters that are declared to take many segments; an operation's declaration goes before its path's. */
function manySegments(lists: readonly unknown[], where: string, findings: Findings): ReadonlySet<string> {
  const many = new Set<string>();
  for (const parameter of lists.flat()) {
    if (!isObject(parameter) || parameter["in"] !== "path" || typeof parameter["name"] !== "string") continue;
    if (takesManySegments(parameter, where, findings)) many.add(parameter["name"]);
    else many.delete(parameter["name"]);
  }
  return many;
}

function readTemplate(
  path: string,
  many: ReadonlySet<string>,
  where: string,
  findings: Findings,
): PathTemplate | null {
  const template = parseTemplate(path, many);
  if (!isRefusal(template)) return template;
  findings.mistake(where, problemOf(template), path.startsWith("/") ? undefined : `/${path}:`);
  return null;
}

/** Whether a request can reach it: the gateway refuses paths that servers could read in two ways, and has some itself. */
function canBeServed(template: PathTemplate, where: string, findings: Findings): boolean {
  const [first] = template.segments.map(literalOf);
  if (first === "-" || first === ".well-known") {
    findings.warn(where, "not served: paths under /-/ and /.well-known/ are the gateway's own");
    return false;
  }
  if (canBeRequested(template)) return true;
  findings.warn(
    where,
    "not served: no canonical path can match it, so every request for it is 400 invalid_path",
  );
  return false;
}

function readNamed(
  text: string | null | undefined,
  { parameters, many }: PathTemplate,
  where: string,
  findings: Findings,
): ResourceTemplate | null | undefined {
  if (text === undefined || text === null) return text;
  const resource = readResource(text, parameters, many);
  if (!isRefusal(resource)) return resource;
  findings.mistake(
    where,
    `x-portcullis-resource: ${problemOf(resource)}`,
    "x-portcullis-resource: vault/{vaultId}",
  );
  return undefined;
}
