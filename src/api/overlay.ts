/** Overlays (OpenAPI Overlay 1.0): changes to a document that somebody else owns. */

import { jsonpath } from "json-p3";
import { z } from "zod";
import { ownCopy, type Findings, type JsonObject } from "./problem.ts";
import { messageOf } from "../core/thrown.ts";

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
  const changed = ownCopy(document) as JsonObject;
  for (const [i, action] of overlay.data.actions.entries()) {
    const where = `overlay: action ${i + 1} (${action.target})`;
    const problem = carryOut(changed, action) ?? withoutEffect(document, action);
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

/** Carries one action out; returns a problem as a sentence. */
function carryOut(
  document: JsonObject,
  { target, update, remove }: { target: string; update?: unknown; remove?: boolean | undefined },
): string | null {
  let nodes;
  try {
    nodes = [...jsonpath.query(target, document as JsonValue)];
  } catch (error) {
    return `target is no JSONPath (RFC 9535): ${messageOf(error)}`;
  }
  if (nodes.length === 0) return NO_MATCH;
  if (remove === true) {
    const locations = nodes.map(({ location }) => location);
    if (locations.some((location) => location.length === 0)) return "cannot remove the whole document";
    for (const location of inOrderOfRemoval(locations)) removeAt(document, location);
    return null;
  }
  for (const { value } of nodes) {
    if (typeof value !== "object" || value === null) return "must select objects or arrays, not plain values";
    if (Array.isArray(value)) (value as unknown[]).push(...[update].flat().map(ownCopy));
    else if (!isPlainObject(update)) return "update must be an object, as what it changes is";
    else merge(value, update);
  }
  return null;
}

type Location = readonly (string | number)[];

/** Each once, and items of an array from the last to the first, so that the indexes before stay what they are. */
function inOrderOfRemoval(locations: readonly Location[]): Location[] {
  const once = [...new Map(locations.map((location) => [JSON.stringify(location), location])).values()];
  return once.toSorted((a, b) => {
    const at = a.findIndex((step, i) => step !== b[i]);
    const [one, other] = [a[at], b[at]];
    if (one === undefined || other === undefined) return b.length - a.length;
    if (typeof one === "number" && typeof other === "number") return other - one;
    return String(one) < String(other) ? -1 : 1;
  });
}

/** Path items and parameters were put in where they are used, before the overlay: what they came from is used no more. */
function withoutEffect(
  document: JsonObject,
  { target, update }: { target: string; update?: unknown },
): string | null {
  const locations = jsonpath.query(target, document as JsonValue).locations();
  const places = [...locations].flatMap((location) => placesOf(location, update));
  const inert = places.find((place) => isInlined(document, place));
  if (inert === undefined || places.some(([first]) => first === "paths")) return null;
  return `changes ${inert.slice(0, 3).join(".")}, which has no effect: the target must be where it is used, under $.paths`;
}

/** The places that an update of a place changes, as deep as components have names. */
function placesOf(location: Location, update: unknown): Location[] {
  if (location.length > 2 || !isPlainObject(update)) return [location];
  return Object.entries(update).flatMap(([member, inner]) => placesOf([...location, member], inner));
}

function isInlined({ components }: JsonObject, [first, kind = "", name = ""]: Location): boolean {
  if (first !== "components" || !(kind === "pathItems" || kind === "parameters")) return false;
  if (!isPlainObject(components)) return false;
  const known = components[kind];
  return isPlainObject(known) && Object.hasOwn(known, name);
}

function removeAt(document: unknown, location: Location): void {
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
    else if (Array.isArray(there) && Array.isArray(value)) there.push(...value.map(ownCopy));
    else Object.defineProperty(target, member, { value: ownCopy(value), ...WRITABLE });
  }
}

/** A member may have any name, `__proto__` too. */
const WRITABLE = { configurable: true, enumerable: true, writable: true };

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
