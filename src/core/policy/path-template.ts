/** Paths with parameters, as OpenAPI documents write them, such as `/v1/vaults/{vaultId}` or `/files/{+path}`. */

import { invalid, isAccepted, isRefusal, type Result } from "../refusal.ts";
import { isCanonicalPath } from "./canonical-path.ts";

/** What a segment of a path must look like. */
export interface SegmentPattern {
  /** The text before, between and after the parameters: one more than there are parameters. */
  readonly texts: readonly string[];
  readonly parameters: readonly string[];
  /** Whether the parameter, which is the only one then, takes one or more whole segments. */
  readonly many: boolean;
}

export interface PathTemplate {
  readonly text: string;
  /** The last one is an empty text where the path ends in a slash. */
  readonly segments: readonly SegmentPattern[];
  /** The names of the parameters, in order. */
  readonly parameters: readonly string[];
  readonly many: ReadonlySet<string>;
}

/** Stands for a value that is not known for sure. No filter names it, so only what covers every value covers it. */
export const ANY_VALUE = "";

/** No byte of a canonical path. */
const PLACEHOLDER = "\0";
/** What the URL parser of every client escapes in a path. */
const ESCAPED_BY_CLIENTS = /[^\x21-\x7e]|["<>^`|]/gu;

/**
 * Reads a path template. Parameters may be parts of segments; `{+name}` and those in `many` take several segments
 * (RFC 6570 section 3.2.3). What follows is about the query or a fragment and is left out: see {@link pathPart}.
 */
export function parseTemplate(text: string, many: ReadonlySet<string> = new Set()): Result<PathTemplate> {
  if (!text.startsWith("/")) return invalid("a path starts with /");
  if (!text.isWellFormed()) return invalid("a path is Unicode text, and this one has half a character");
  const segments = pathPart(text)
    .slice(1)
    .split("/")
    .map((segment) => parseSegment(segment, many));
  const broken = segments.find(isRefusal);
  if (broken !== undefined) return broken;
  const patterns = segments.filter(isAccepted);
  const parameters = patterns.flatMap((pattern) => pattern.parameters);
  const known = new Set<string>();
  const twice = parameters.find((name) => known.size === known.add(name).size);
  if (twice !== undefined) return invalid(`the parameter {${twice}} is in it twice`);
  if (patterns.filter((pattern) => pattern.many).length > 1) {
    return invalid("one parameter of a path can take many segments, not several");
  }
  return {
    text,
    segments: patterns,
    parameters,
    many: new Set(patterns.filter((pattern) => pattern.many).flatMap((pattern) => pattern.parameters)),
  };
}

/**
 * A template without what requests are not told apart by: a query or a fragment, written out as in `/jobs?op=LIST` and
 * `/#Action=Run`, or `{?name}` and `{&name}` at the end (RFC 6570 sections 3.2.8 and 3.2.9).
 */
export function pathPart(text: string): string {
  const path = text.slice(0, startOfQuery(text));
  const at = path.search(/\{[?&]/);
  return at !== -1 && path.endsWith("}") && !path.includes("/", at) ? path.slice(0, at) : path;
}

/** Whether a template has a query or a fragment written out. */
export function hasQuery(text: string): boolean {
  return startOfQuery(text) < text.length;
}

/** Where the first `?` or `#` is that is not the name of a parameter, or the end of the text. */
function startOfQuery(text: string): number {
  let isName = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "}") isName = character === "{";
    else if (!isName && (character === "?" || character === "#")) return i;
  }
  return text.length;
}

/** Whether some canonical path fits a template. */
export function canBeRequested({ segments }: PathTemplate): boolean {
  return isCanonicalPath(`/${segments.map(({ texts }) => texts.join("x")).join("/")}`);
}

function parseSegment(segment: string, many: ReadonlySet<string>): Result<SegmentPattern> {
  // Most segments are plain text.
  if (/^[\w.~-]*$/.test(segment)) return { texts: [segment], parameters: [], many: false };
  const parts = segment.split(/\{([^{}]*)\}/);
  const texts = parts.filter((_, i) => i % 2 === 0);
  const names = parts.filter((_, i) => i % 2 === 1);
  if (texts.some((text) => /[{}]/.test(text))) return invalid(`${segment} has a brace without its other one`);
  if (names.some((name) => name === "" || name === "+")) return invalid("a parameter has no name");
  const operator = names.find((name) => /^[?&#./;]/.test(name));
  if (operator !== undefined) return invalid(`{${operator}} has an operator that is not supported`);
  const parameters = names.map((name) => name.replace(/^\+/, ""));
  const takesMany = names.some((name, i) => name.startsWith("+") || many.has(parameters[i] ?? ""));
  if (takesMany && names.length > 1) {
    return invalid(`${segment}: a parameter that takes many segments cannot share one with another`);
  }
  return {
    texts: texts.map((text) => text.replaceAll(ESCAPED_BY_CLIENTS, encodeURIComponent)),
    parameters,
    many: takesMany,
  };
}

/** The text of a segment without parameters. */
export function literalOf({ texts, parameters }: SegmentPattern): string | null {
  return parameters.length === 0 ? (texts[0] ?? "") : null;
}

/** Whether a segment is a parameter as a whole. */
export function isWholeParameter({ texts, parameters }: SegmentPattern): boolean {
  return parameters.length === 1 && texts.every((text) => text === "");
}

/** Names all patterns that fit the same texts. */
export function shapeOf({ texts }: SegmentPattern): string {
  return texts.join(PLACEHOLDER);
}

/**
 * The values of a pattern's parameters in a text, or `null` if it does not fit. Each has at least one byte. Where a text
 * can be taken apart in more than one way, another server may do it differently: the values are {@link ANY_VALUE}.
 */
export function valuesIn({ texts, parameters }: SegmentPattern, text: string): readonly string[] | null {
  if (parameters.length === 0) return text === texts[0] ? [] : null;
  const [first = "", last = ""] = [texts[0], texts.at(-1)];
  if (text.length < first.length + last.length + parameters.length) return null;
  if (!text.startsWith(first) || !text.endsWith(last)) return null;
  const middle = text.slice(first.length, text.length - last.length);
  if (parameters.length === 1) return [middle];
  const inner = texts.slice(1, -1);
  const early = splitEarly(middle, inner);
  const late = splitLate(middle, inner);
  if (early === null || late === null) return null;
  return early.every((value, i) => value === late[i]) ? early : parameters.map(() => ANY_VALUE);
}

/** Takes a text apart at the first place possible of each separator. */
function splitEarly(text: string, separators: readonly string[]): string[] | null {
  const values: string[] = [];
  let from = 0;
  for (const separator of separators) {
    const at = text.indexOf(separator, from + 1);
    if (at === -1 || at >= text.length) return null;
    values.push(text.slice(from, at));
    from = at + separator.length;
  }
  return from < text.length ? [...values, text.slice(from)] : null;
}

/** Takes a text apart at the last place possible of each separator. */
function splitLate(text: string, separators: readonly string[]): string[] | null {
  const values: string[] = [];
  let end = text.length;
  for (const separator of separators.toReversed()) {
    const at = end - 1 < separator.length ? -1 : text.lastIndexOf(separator, end - 1 - separator.length);
    if (at < 1) return null;
    values.unshift(text.slice(at + separator.length, end));
    end = at;
  }
  return [text.slice(0, end), ...values];
}

/** Whether every text that fits `a` fits `b`, too, and not the other way round. */
export function moreSpecific(a: SegmentPattern, b: SegmentPattern): boolean {
  return includes(b, a) && !includes(a, b);
}

function includes(wide: SegmentPattern, narrow: SegmentPattern): boolean {
  if (narrow.many && !wide.many) return false;
  return valuesIn(wide, shapeOf(narrow)) !== null;
}
