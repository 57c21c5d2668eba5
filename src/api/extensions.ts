/** The `x-portcullis-` members of a document, and their shapes. */

import { z } from "zod";
import { PLAIN_SEGMENT } from "../core/policy/scope.ts";
import { isObject, type Findings, type JsonObject } from "./problem.ts";

const NAME = /^[A-Za-z][\w-]*$/;
const MAX_TIMEOUT_MS = 600_000;

const link = z.url({ protocol: /^https?$/, error: "must be an absolute http or https URL" });
const date = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "must be an RFC 3339 date or date-time",
});
const segment = z.strictObject({
  name: z.string().regex(NAME),
  description: z.string().optional(),
  values: z.array(z.string().regex(PLAIN_SEGMENT)).min(1).optional(),
});
const resourceType = z.strictObject({ description: z.string().optional(), segments: z.array(segment) });

const DOCUMENT = z.object({
  "x-portcullis-resources": z.record(z.string().regex(NAME), resourceType).optional(),
  "x-portcullis-deprecation-link": link.optional(),
});

const OPERATION = z.object({
  "x-portcullis-scopes": z.array(z.string()).min(1).optional(),
  "x-portcullis-resource": z.string().nullable().optional(),
  "x-portcullis-list": z
    .strictObject({ items: z.string(), id: z.string(), resource: z.string(), total: z.string().optional() })
    .optional(),
  "x-portcullis-deprecation": date.optional(),
  "x-portcullis-sunset": date.optional(),
  "x-portcullis-deprecation-link": link.optional(),
  "x-portcullis-limits": z
    .strictObject({
      maxBodyBytes: z.int().min(0).optional(),
      timeoutMs: z.int().min(1).max(MAX_TIMEOUT_MS).optional(),
      cost: z.int().min(0).optional(),
    })
    .optional(),
  "x-portcullis-origin": z.string().min(1).optional(),
});

const PARAMETER = z.object({ "x-portcullis-many-segments": z.boolean().optional() });

export type DocumentExtensions = z.infer<typeof DOCUMENT>;
export type OperationExtensions = z.infer<typeof OPERATION>;

/** What to write, for a member that is there and wrong. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "x-portcullis-resources": "x-portcullis-resources: { vault: { segments: [{ name: vaultId }] } }",
  "x-portcullis-scopes": 'x-portcullis-scopes: ["vault:read"]',
  "x-portcullis-resource": "x-portcullis-resource: vault/{vaultId}",
  "x-portcullis-list": 'x-portcullis-list: { items: data, id: id, resource: "vault/{id}" }',
  "x-portcullis-deprecation": 'x-portcullis-deprecation: "2026-01-31"',
  "x-portcullis-sunset": 'x-portcullis-sunset: "2026-12-31"',
  "x-portcullis-deprecation-link": "x-portcullis-deprecation-link: https://docs.example.com/changes",
  "x-portcullis-limits": "x-portcullis-limits: { maxBodyBytes: 1048576, timeoutMs: 60000, cost: 1 }",
  "x-portcullis-origin": "x-portcullis-origin: uploads",
  "x-portcullis-many-segments": "x-portcullis-many-segments: true",
};

export function readDocumentExtensions(document: JsonObject, findings: Findings): DocumentExtensions {
  return readExtensions(DOCUMENT, document, "document", findings);
}

export function readOperationExtensions(
  operation: JsonObject,
  where: string,
  findings: Findings,
): OperationExtensions {
  return readExtensions(OPERATION, operation, where, findings);
}

/** Whether a parameter is declared to take many segments. */
export function takesManySegments(parameter: JsonObject, where: string, findings: Findings): boolean {
  return readExtensions(PARAMETER, parameter, where, findings)["x-portcullis-many-segments"] === true;
}

/** Mistakes are reported and left out. */
function readExtensions<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  value: JsonObject,
  where: string,
  findings: Findings,
): z.infer<z.ZodObject<Shape>> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const wrong = new Set<string>();
  for (const { path, message } of result.error.issues) {
    const [member = ""] = path.map(String);
    findings.mistake(where, `${path.map(String).join(": ")}: ${message}`, EXAMPLES[member]);
    wrong.add(member);
  }
  const rest = Object.entries(value).filter(([member]) => !wrong.has(member));
  return schema.parse(Object.fromEntries(rest));
}

const IN_DOCUMENT = new Set(Object.keys(DOCUMENT.shape));
const IN_OPERATION = new Set(Object.keys(OPERATION.shape));
const IN_PARAMETER = new Set(Object.keys(PARAMETER.shape));
const NOWHERE: ReadonlySet<string> = new Set();

/**
 * Tells of every `x-portcullis-` member that means nothing where it is: a misspelled one would leave an operation
 * without its guard, and nobody would see it.
 */
export function findStrayExtensions(document: JsonObject, findings: Findings): void {
  const visit = (value: unknown, path: readonly string[]): void => {
    if (Array.isArray(value)) value.forEach((item, i) => visit(item, [...path, String(i)]));
    if (!isObject(value)) return;
    for (const [member, inner] of Object.entries(value)) {
      if (!isOurs(member, path)) visit(inner, [...path, member]);
      else if (!knownAt(path).has(member)) tellStray(member, path, findings);
    }
  };
  visit(document, []);
}

/** Where members of ours mean something, one in another spelling is a slip; elsewhere it may be the name of a header. */
function isOurs(member: string, path: readonly string[]): boolean {
  if (member.startsWith("x-portcullis-")) return true;
  return folded(member).startsWith("x-portcullis-") && knownAt(path).size > 0;
}

function folded(member: string): string {
  return member.toLowerCase().replaceAll("_", "-");
}

function tellStray(member: string, path: readonly string[], findings: Findings): void {
  const likely = closest(folded(member), [...knownAt(path)]);
  findings.mistake(placeName(path), `${member} means nothing here`, likely && EXAMPLES[likely]);
}

/** The members that mean something at a place of the document. */
function knownAt(path: readonly string[]): ReadonlySet<string> {
  const [first, second, , fourth, fifth] = path;
  if (path.length === 0) return IN_DOCUMENT;
  if (first === "components" && second === "parameters") return path.length === 3 ? IN_PARAMETER : NOWHERE;
  const item =
    first === "paths"
      ? path.slice(2)
      : first === "components" && second === "pathItems"
        ? path.slice(3)
        : null;
  if (item === null) return NOWHERE;
  if (item.length === 1) return item[0] === "parameters" ? NOWHERE : IN_OPERATION;
  if (item.length === 2 && item[0] === "parameters") return IN_PARAMETER;
  if (item.length === 3 && item[1] === "parameters") return IN_PARAMETER;
  return fourth === "parameters" && fifth !== undefined && path.length === 5 ? IN_PARAMETER : NOWHERE;
}

/** How a place is called in a message. */
function placeName(path: readonly string[]): string {
  const [first, second = "", third] = path;
  if (path.length === 0) return "document";
  if (first !== "paths") return path.join(".");
  if (third === undefined) return second;
  return third === "parameters"
    ? `${second}: ${path.slice(2).join(".")}`
    : [`${third.toUpperCase()} ${second}`, ...(path.length > 3 ? [path.slice(3).join(".")] : [])].join(": ");
}

/** The name that a misspelled one was probably meant to be. */
function closest(name: string, known: readonly string[]): string | undefined {
  const shared = (other: string) => {
    let length = 0;
    while (length < other.length && other[length] === name[length]) length++;
    return length;
  };
  const [best] = known.toSorted((a, b) => shared(b) - shared(a));
  return best !== undefined && shared(best) > "x-portcullis-".length + 1 ? best : undefined;
}
