import type { Context } from "hono";
import { parseFilter } from "../../core/scim/filter-parser.ts";
import { problemsIn } from "../../core/http/field-problems.ts";
import { nestsTooDeep } from "../../core/http/json-depth.ts";
import { withNamesApart } from "../../core/http/json-names.ts";
import { isObject, valueOf, type ScimObject, isList } from "../../core/scim/object.ts";
import { readPlainPath } from "../../core/scim/path.ts";
import {
  scimProblem,
  type ScimProblem,
  type ScimProblemName,
  type ScimResult,
} from "../../core/scim/problem.ts";
import { readProjection, type Projection } from "../../core/scim/projection.ts";
import type { ResourceType } from "../../core/scim/schemas.ts";
import { isRefusal, problemOf } from "../../core/refusal.ts";
import type { RefusalCode } from "../../core/refusal-table.ts";
import type { ListCommand, Sorting } from "../../state/organization/people/scim-command.ts";
import { fieldsWithKey } from "../body-secrets.ts";
import { parseBody, readBytes, repetition } from "../body.ts";
import type { ControlEnv } from "../context.ts";
import { MEDIA_TYPES } from "./answer.ts";

export interface ScimEnv {
  readonly Bindings: ControlEnv["Bindings"];
  readonly Variables: ControlEnv["Variables"];
}

/** How many resources a page holds at most, and unless asked otherwise. */
export const MAX_RESULTS = 200;
const DEFAULT_COUNT = 100;
const MAX_INTEGER = 2 ** 31;

const BODY_PROBLEMS: Partial<Record<RefusalCode, ScimProblemName>> = {
  payload_too_large: "tooLarge",
  unsupported_media_type: "unsupportedMediaType",
};

/** The body of a request. */
export type Sent = (
  | { readonly body: ScimObject; readonly problem: null }
  | { readonly body: null; readonly problem: ScimProblem }
) & {
  /** The body as JSON even where it is refused; `undefined` if it is not JSON. */
  readonly json: unknown;
};

/** Reads a body that must be a JSON object, and may hold no API key: what people are called is kept and shown. */
export async function readBodyOf(c: Context<ScimEnv>, keyPrefixes: readonly string[]): Promise<Sent> {
  const bytes = await readBytes(c.req.raw);
  if (isRefusal(bytes))
    return unreadable(scimProblem(BODY_PROBLEMS[bytes.code] ?? "invalidSyntax", problemOf(bytes)), undefined);
  const read = parseBody(c.req.raw, bytes, MEDIA_TYPES);
  if (isRefusal(read)) {
    const name = BODY_PROBLEMS[read.code] ?? "invalidSyntax";
    return unreadable(scimProblem(name, "The body cannot be read as JSON"), jsonIn(bytes));
  }
  const json = read.value;
  const repeated = repetition(bytes);
  if (repeated !== null) {
    const [fault] = problemsIn(repeated);
    const problem = `${fault?.field} stands twice in one object`;
    return unreadable(scimProblem("invalidSyntax", problem), jsonIn(bytes));
  }
  if (!isObject(json)) return unreadable(scimProblem("invalidSyntax", "The body must be an object"), json);
  const [exposed] = fieldsWithKey(json, keyPrefixes);
  if (exposed === undefined) return { body: json, problem: null, json };
  return unreadable(scimProblem("invalidValue", `${exposed} must not hold an API key`), json);
}

function unreadable(problem: ScimProblem, json: unknown): Sent {
  return { body: null, problem, json };
}

/** What JSON there is in a body that is refused for its type, its letters, or what it says twice. */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder().decode(bytes);
    const json: unknown = JSON.parse(text);
    return nestsTooDeep(bytes) ? json : JSON.parse(withNamesApart(text));
  } catch {
    return undefined;
  }
}

export function readShown(
  attributes: string | undefined,
  excluded: string | undefined,
): ScimResult<Projection> {
  return (
    readProjection(attributes, excluded) ??
    scimProblem("invalidValue", "attributes and excludedAttributes hold names, and exclude each other")
  );
}

/** What a query may hold (RFC 7644 section 3.4.2), as a URL writes it. */
const QUERY = [
  "filter",
  "sortBy",
  "sortOrder",
  "startIndex",
  "count",
  "attributes",
  "excludedAttributes",
] as const;
type Query = Partial<Record<(typeof QUERY)[number], string>>;

/** Reads the parameters of a URL, in any letter case: a filter that is passed over would answer everybody. */
export function readParameters(sent: Readonly<Record<string, string>>): Query {
  const query: Query = {};
  for (const name of QUERY) {
    const value = valueOf(sent, name);
    if (typeof value === "string") query[name] = value;
  }
  return query;
}

/** Reads a query that was posted (RFC 7644 section 3.4.3). */
export function readQuery(body: ScimObject): ScimResult<Query> {
  const query: Query = {};
  for (const name of QUERY) {
    const value = valueOf(body, name);
    if (value === undefined || value === null) continue;
    const text = isList(value) ? value.join(",") : value;
    if (typeof text !== "string" && typeof text !== "number") {
      return scimProblem("invalidValue", `${name} has the wrong type`);
    }
    query[name] = `${text}`;
  }
  return query;
}

/** Reads what a list is asked for (RFC 7644 section 3.4.2). */
export function readListing(query: Query, types: readonly ResourceType[]): ScimResult<ListCommand> {
  const startIndex = readInteger(query.startIndex, 1);
  const count = readInteger(query.count, DEFAULT_COUNT);
  if (startIndex === null || count === null) {
    return scimProblem("invalidValue", "startIndex and count must be whole numbers");
  }
  const text = query.filter?.trim() ?? "";
  const filter = text === "" ? null : parseFilter(text);
  if (text !== "" && filter === null) return scimProblem("invalidFilter", "filter cannot be read");
  const sorting = readSorting(query);
  if (isRefusal(sorting)) return sorting;
  const offset = Math.max(startIndex, 1) - 1;
  return { kind: "list", types, filter, sorting, offset, limit: Math.min(Math.max(count, 0), MAX_RESULTS) };
}

function readSorting({ sortBy = "", sortOrder = "" }: Query): ScimResult<Sorting | null> {
  if (sortBy.trim() === "") return null;
  const path = readPlainPath(sortBy.trim());
  if (path === null || path.name === null) return scimProblem("invalidPath", "sortBy is not an attribute");
  return { path, descending: sortOrder.trim().toLowerCase() === "descending" };
}

/** The versions in `If-Match` (RFC 7644 section 3.14, RFC 9110 section 13.1.1); `null` when any will do. */
export function readExpected(c: Context<ScimEnv>): ScimResult<{ versions: readonly number[] | null }> {
  const value = c.req.header("If-Match")?.trim();
  if (value === undefined || value === "*") return { versions: null };
  const versions = value.split(",").map((tag) => /^(?:W\/)?"(\d{1,15})"$/.exec(tag.trim())?.[1]);
  const known = versions.filter((version) => version !== undefined).map(Number);
  return known.length === 0
    ? scimProblem("versionConflict", "If-Match holds no version of this resource")
    : { versions: known };
}

/** A whole number however large, of which the largest that can be counted is left. */
function readInteger(text: string | undefined, absent: number): number | null {
  if (text === undefined) return absent;
  if (!/^\s*-?\d+\s*$/.test(text)) return null;
  return Math.min(Math.max(Number(text), -MAX_INTEGER), MAX_INTEGER);
}
