import type { Context } from "hono";
import { parseFilter } from "../../core/scim/filter-parser.ts";
import { scimProblem, type ScimProblem, type ScimProblemName } from "../../core/scim/problem.ts";
import { readProjection, type Projection } from "../../core/scim/projection.ts";
import { isObject, type ScimObject } from "../../core/scim/resource.ts";
import type { ResourceType } from "../../core/scim/schemas.ts";
import { isRefusal, type RefusalCode } from "../../core/refusal.ts";
import type { ScimCommand } from "../../state/organization/people/scim-command.ts";
import { fieldWithKey } from "../body-secrets.ts";
import { readBody } from "../body.ts";
import type { ControlEnv } from "../endpoint.ts";
import { MEDIA_TYPES } from "./answer.ts";
import type { PresentedToken } from "./token.ts";

export interface ScimEnv {
  readonly Bindings: ControlEnv["Bindings"];
  readonly Variables: ControlEnv["Variables"] & { readonly token: PresentedToken };
}

/** How many resources a page holds at most, and unless asked otherwise. */
export const MAX_RESULTS = 200;
const DEFAULT_COUNT = 100;

const BODY_PROBLEMS: Partial<Record<RefusalCode, ScimProblemName>> = {
  payload_too_large: "tooLarge",
  unsupported_media_type: "unsupportedMediaType",
};

/** Reads a body that must be a JSON object, and may hold no API key: what people are called is kept and shown. */
export async function readObject(
  c: Context<ScimEnv>,
  keyPrefix: string,
): Promise<{ body: ScimObject } | ScimProblem> {
  const read = await readBody(c.req.raw, MEDIA_TYPES);
  if (isRefusal(read)) {
    return scimProblem(BODY_PROBLEMS[read.code] ?? "invalidSyntax", "The body cannot be read as JSON");
  }
  if (!isObject(read.value)) return scimProblem("invalidSyntax", "The body must be an object");
  const exposed = fieldWithKey(read.value, keyPrefix);
  if (exposed !== null) return scimProblem("invalidValue", `${exposed} must not hold an API key`);
  return { body: read.value };
}

export function readShown(c: Context<ScimEnv>): Projection | ScimProblem {
  return (
    readProjection(c.req.query("attributes"), c.req.query("excludedAttributes")) ??
    scimProblem("invalidValue", "attributes and excludedAttributes hold names, and exclude each other")
  );
}

/** Reads what a list is asked for (RFC 7644 section 3.4.2). */
export function readListing(
  c: Context<ScimEnv>,
  type: ResourceType,
): Extract<ScimCommand, { kind: "list" }> | ScimProblem {
  const startIndex = readInteger(c.req.query("startIndex"), 1);
  const count = readInteger(c.req.query("count"), DEFAULT_COUNT);
  if (startIndex === null || count === null) {
    return scimProblem("invalidValue", "startIndex and count must be whole numbers");
  }
  const text = c.req.query("filter");
  const filter = text === undefined ? null : parseFilter(text);
  if (text !== undefined && filter === null) return scimProblem("invalidFilter", "filter cannot be read");
  const offset = Math.max(startIndex, 1) - 1;
  return { kind: "list", type, filter, offset, limit: Math.min(Math.max(count, 0), MAX_RESULTS) };
}

/** The versions in `If-Match` (RFC 7644 section 3.14, RFC 9110 section 13.1.1); `null` when any will do. */
export function readExpected(c: Context<ScimEnv>): { versions: readonly number[] | null } | ScimProblem {
  const value = c.req.header("If-Match")?.trim();
  if (value === undefined || value === "*") return { versions: null };
  const versions = value.split(",").map((tag) => /^(?:W\/)?"(\d{1,15})"$/.exec(tag.trim())?.[1]);
  const known = versions.filter((version) => version !== undefined).map(Number);
  return known.length === 0
    ? scimProblem("versionConflict", "If-Match holds no version of this resource")
    : { versions: known };
}

function readInteger(text: string | undefined, absent: number): number | null {
  if (text === undefined) return absent;
  return /^-?\d{1,9}$/.test(text) ? Number(text) : null;
}
