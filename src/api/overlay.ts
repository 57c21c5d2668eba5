/** Overlays (OpenAPI Overlay 1.0): changes to a document that somebody else owns. */

import { jsonpath } from "json-p3";
import { z } from "zod";
import type { Findings, JsonObject } from "./problem.ts";

type JsonValue = Parameters<typeof jsonpath.query>[1];

const Overlay = z.looseObject({
  overlay: z.string().regex(/^1\.0\.\d+$/, "must be a 1.0 version"),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  actions: z
    .array(
      z.looseObject({ target: z.string(), update: z.unknown().optional(), remove: z.boolean().optional() }),
    )
    .min(1),
});

/** The document with the overlay's actions carried out in their order. */
export function applyOverlay(document: JsonObject, value: unknown, findings: Findings): JsonObject {
  const overlay = Overlay.safeParse(value);
  if (!overlay.success) {
    for (const { path, message } of overlay.error.issues) {
      findings.mistake("overlay", [...path.map(String), message].join(": "));
    }
    return document;
  }
  const changed = structuredClone(document);
  for (const [i, action] of overlay.data.actions.entries()) {
    const where = `overlay: action ${i + 1} (${action.target})`;
    const problem = carryOut(changed, action);
    if (problem === null) continue;
    if (problem === NO_MATCH && !isSingular(action.target)) findings.warn(where, problem);
    else findings.mistake(where, problem);
  }
  return changed;
}

const NO_MATCH = "matches nothing in the document";

function isSingular(target: string): boolean {
  return jsonpath.compile(target).singularQuery();
}

/** Carries one action out; a problem is told as a sentence. */
function carryOut(
  document: JsonObject,
  { target, update, remove }: { target: string; update?: unknown; remove?: boolean | undefined },
): string | null {
  let nodes;
  try {
    nodes = [...jsonpath.query(target, document as JsonValue)];
  } catch (error) {
    return `target is no JSONPath (RFC 9535): ${error instanceof Error ? error.message : String(error)}`;
  }
  if (remove === true) {
    // Items of an array from the last to the first, so that the indexes before stay what they are.
    for (const { location } of nodes.toReversed()) removeAt(document, location);
    return null;
  }
  if (nodes.length === 0) return NO_MATCH;
  for (const { value } of nodes) {
    if (typeof value !== "object" || value === null) return "must select objects or arrays, not plain values";
    if (Array.isArray(value)) value.push(...(Array.isArray(update) ? update : [update]));
    else if (!isPlainObject(update)) return "update must be an object, as what it changes is";
    else merge(value as Record<string, unknown>, update);
  }
  return null;
}

function removeAt(document: unknown, location: readonly (string | number)[]): void {
  let parent = document;
  for (const step of location.slice(0, -1)) parent = (parent as Record<string | number, unknown>)[step];
  const last = location.at(-1);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (last !== undefined) delete (parent as Record<string | number, unknown>)[last];
}

function merge(target: Record<string, unknown>, update: Record<string, unknown>): void {
  for (const [member, value] of Object.entries(update)) {
    const there = Object.hasOwn(target, member) ? target[member] : undefined;
    if (isPlainObject(there) && isPlainObject(value)) merge(there, value);
    else if (Array.isArray(there) && Array.isArray(value))
      there.push(...(structuredClone(value) as unknown[]));
    else Object.defineProperty(target, member, { value: structuredClone(value), ...WRITABLE });
  }
}

/** A member may have any name, `__proto__` too. */
const WRITABLE = { configurable: true, enumerable: true, writable: true };

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
