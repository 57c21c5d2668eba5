import type { Deprecation } from "../core/policy/operation.ts";
import type { DocumentExtensions, OperationExtensions } from "./extensions.ts";
import { isObject, type Findings, type JsonObject } from "./problem.ts";

const DATE = 'x-portcullis-deprecation: "2026-01-31"';

/**
 * Reads when an operation became or becomes deprecated and when it ends. A date without a time is its midnight in UTC.
 * The link is the operation's own, the document's, or else the documentation of either. Without a date there is none.
 */
export function readDeprecation(
  { operation, extensions }: { operation: JsonObject; extensions: OperationExtensions },
  { document, extensions: shared }: { document: JsonObject; extensions: DocumentExtensions },
  where: string,
  findings: Findings,
): Deprecation | null {
  const from = extensions["x-portcullis-deprecation"];
  const until = extensions["x-portcullis-sunset"];
  if (operation["deprecated"] !== true) {
    if ((from ?? until) === undefined) return null;
    findings.mistake(where, "a deprecation or sunset date needs deprecated: true", "deprecated: true");
    return null;
  }
  if (from === undefined) findings.warn(where, "deprecated without a date: no header says so", DATE);
  if ((from ?? until) === undefined) return null;
  if (from !== undefined && until !== undefined && Date.parse(until) < Date.parse(from)) {
    findings.mistake(where, "x-portcullis-sunset is before x-portcullis-deprecation");
  }
  const link =
    extensions["x-portcullis-deprecation-link"] ??
    shared["x-portcullis-deprecation-link"] ??
    documentationOf(operation) ??
    documentationOf(document);
  const relations = [
    ...(from === undefined ? [] : ["deprecation"]),
    ...(until === undefined ? [] : ["sunset"]),
  ];
  return {
    deprecation: from === undefined ? null : `@${Math.floor(Date.parse(from) / 1000)}`,
    sunset: until === undefined ? null : new Date(until).toUTCString(),
    link: link === undefined ? null : linkHeader(link, relations),
  };
}

/** A relative URL is left out: nobody knows what it is relative to. */
function documentationOf({ externalDocs }: JsonObject): string | undefined {
  const url = isObject(externalDocs) ? externalDocs["url"] : undefined;
  return typeof url === "string" && /^https?:/i.test(url) && URL.canParse(url) ? url : undefined;
}

/** RFC 8288; the URL parser escapes what could end the `<…>`. */
function linkHeader(url: string, relations: readonly string[]): string {
  const { href } = new URL(url);
  return relations.map((relation) => `<${href}>; rel="${relation}"`).join(", ");
}
