/** Follows `$ref`s as far as they decide what operations there are. Schemas are left as they are. */

import { isObject, ownCopy, type Findings, type JsonObject } from "./problem.ts";

const METHOD = /^(?:get|put|post|delete|options|head|patch|trace)$/;
const MAX_HOPS = 32;

/**
 * Puts the path items, operations and parameters in that a document's paths refer to, so that an overlay finds them where
 * they are used. What stands beside a `$ref` goes before what it leads to.
 */
export function inlinePaths(document: JsonObject, findings: Findings): JsonObject {
  if (!isObject(document["paths"])) return document;
  const paths = Object.entries(document["paths"]).map(([path, item]) => {
    if (path.startsWith("x-")) return [path, item];
    return [path, inlineItem(item, path, document, findings)];
  });
  return { ...document, paths: Object.fromEntries(paths) };
}

function inlineItem(value: unknown, path: string, document: JsonObject, findings: Findings): unknown {
  const item = follow(value, path, document, findings);
  if (!isObject(item)) return item;
  const members = Object.entries(item).map(([member, inner]) => {
    if (member === "parameters") return [member, inlineAll(inner, path, document, findings)];
    if (!METHOD.test(member)) return [member, ownCopy(inner)];
    const where = `${member.toUpperCase()} ${path}`;
    const operation = ownCopy(follow(inner, where, document, findings));
    if (!isObject(operation) || operation["parameters"] === undefined) return [member, operation];
    const parameters = inlineAll(operation["parameters"], where, document, findings);
    return [member, { ...operation, parameters }];
  });
  return Object.fromEntries(members);
}

function inlineAll(value: unknown, where: string, document: JsonObject, findings: Findings): unknown {
  if (!Array.isArray(value)) return ownCopy(value);
  return value.map((each) => ownCopy(follow(each, `${where}: parameters`, document, findings)));
}

function follow(value: unknown, where: string, document: JsonObject, findings: Findings): unknown {
  let found = value;
  for (let hops = 0; isObject(found) && found["$ref"] !== undefined; hops++) {
    const { $ref: reference, ...beside } = found;
    const target = hops < MAX_HOPS ? targetOf(reference, document) : undefined;
    if (target === undefined) {
      const end = hops < MAX_HOPS ? "leads nowhere" : "leads on and on, or in a circle";
      findings.mistake(where, `the $ref ${JSON.stringify(reference)} ${end}`);
      return beside;
    }
    found = isObject(target) ? { ...target, ...beside } : target;
  }
  return found;
}

function targetOf(reference: unknown, document: JsonObject): unknown {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
  let value: unknown = document;
  for (const token of reference.slice(2).split("/")) {
    const name = decode(token)?.replaceAll("~1", "/").replaceAll("~0", "~");
    if (name === undefined || typeof value !== "object" || value === null) return undefined;
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as JsonObject)[name];
  }
  return value;
}

function decode(token: string): string | undefined {
  try {
    return decodeURIComponent(token);
  } catch {
    return undefined;
  }
}
