import { PolicyError, type ApiDocument, type ApiOperation } from "./api-document.ts";

/** The response headers of a deprecated operation. */
export interface Deprecation {
  /** `Deprecation` (RFC 9745): `@` and Unix seconds; `null` where no date is known. */
  readonly deprecation: string | null;
  /** `Sunset` (RFC 8594): an IMF-fixdate. */
  readonly sunset: string | null;
  /** `Link` to the explanation of both. */
  readonly link: string | null;
}

/**
 * Reads when an operation became or becomes deprecated and when it ends. A date without a time is its midnight in UTC.
 * The link is the operation's own, the document's, or else the documentation of either.
 * @throws PolicyError
 */
export function readDeprecation(
  operation: ApiOperation,
  document: ApiDocument,
  where: string,
): Deprecation | null {
  const from = operation["x-portcullis-deprecation"];
  const until = operation["x-portcullis-sunset"];
  if (operation.deprecated !== true) {
    if ((from ?? until) === undefined) return null;
    throw new PolicyError(where, "a deprecation or sunset date needs deprecated: true");
  }
  if (from === undefined) throw new PolicyError(where, "deprecated: true needs x-portcullis-deprecation");
  if (until !== undefined && Date.parse(until) < Date.parse(from)) {
    throw new PolicyError(where, "x-portcullis-sunset is before x-portcullis-deprecation");
  }
  const link =
    operation["x-portcullis-deprecation-link"] ??
    document["x-portcullis-deprecation-link"] ??
    operation.externalDocs?.url ??
    document.externalDocs?.url;
  return {
    deprecation: `@${Math.floor(Date.parse(from) / 1000)}`,
    sunset: until === undefined ? null : new Date(until).toUTCString(),
    link:
      link === undefined
        ? null
        : linkHeader(link, until === undefined ? ["deprecation"] : ["deprecation", "sunset"]),
  };
}

/** RFC 8288; the URL parser escapes what could end the `<…>`. */
function linkHeader(url: string, relations: readonly string[]): string {
  const { href } = new URL(url);
  return relations.map((relation) => `<${href}>; rel="${relation}"`).join(", ");
}
