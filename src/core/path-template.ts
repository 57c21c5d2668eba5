import { PolicyError } from "./api-document.ts";
import { isCanonicalPath } from "./canonical-path.ts";

/** A path of the document, with its parameters, such as `/v1/vaults/{vaultId}`. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly ({ readonly literal: string } | { readonly parameter: string })[];
  /** The names of the parameters, in order. */
  readonly parameters: readonly string[];
}

/**
 * Reads a path template. Its parameters must be whole segments, and some canonical path must fit it.
 * @throws PolicyError
 */
export function readPathTemplate(text: string, where: string): PathTemplate {
  if (!text.startsWith("/")) throw new PolicyError(where, "a path starts with /");
  if (/^\/(?:-|\.well-known)\//.test(text)) {
    throw new PolicyError(where, "paths under /-/ and /.well-known/ are the gateway's own");
  }
  const segments = text
    .slice(1)
    .split("/")
    .map((segment) => {
      const parameter = /^\{([^{}]+)\}$/.exec(segment)?.[1];
      if (parameter !== undefined) return { parameter };
      if (/[{}]/.test(segment)) {
        throw new PolicyError(where, `${segment} must be a parameter as a whole or not at all`);
      }
      return { literal: segment };
    });
  const parameters = segments.flatMap((segment) => ("parameter" in segment ? [segment.parameter] : []));
  if (new Set(parameters).size < parameters.length) {
    throw new PolicyError(where, "two parameters have the same name");
  }
  const example = segments.map((segment) => ("literal" in segment ? segment.literal : "x")).join("/");
  if (!isCanonicalPath(`/${example}`)) {
    throw new PolicyError(where, "no canonical path can match this template");
  }
  return { text, segments, parameters };
}

/**
 * Whether a path can fit both templates while neither is the more literal one: the gateway and the API behind it could
 * then choose differently.
 */
export function ambiguous(a: PathTemplate, b: PathTemplate): boolean {
  if (a.segments.length !== b.segments.length) return false;
  let aMoreLiteral = false;
  let bMoreLiteral = false;
  for (const [i, segment] of a.segments.entries()) {
    const text = "literal" in segment ? segment.literal : null;
    const other = b.segments[i];
    const otherText = other !== undefined && "literal" in other ? other.literal : null;
    if (text !== null && otherText !== null && text !== otherText) return false;
    if (text !== null && otherText === null) aMoreLiteral = true;
    if (text === null && otherText !== null) bMoreLiteral = true;
  }
  return aMoreLiteral === bMoreLiteral;
}
