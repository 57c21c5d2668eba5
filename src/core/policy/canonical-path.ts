/** A path in the one spelling that means the same to every server, and the query, both byte for byte as sent. */
interface CanonicalPath {
  readonly path: string;
  /** With its leading `?`; empty when there is none. */
  readonly query: string;
}

/** A query holds printable ASCII without `"` `#` `<` `>`. */
const URL_PARTS = /^https?:\/\/[^/?#]+(\/[^?#]*)(\?[!$-;=?-~]*)?$/;

/** Printable ASCII except `#` `%` `/` `;` `?` `\` and what the URL Standard escapes in a path: `"` `<` `>` `^` `` ` `` `{` `}`. */
const PLAIN = String.raw`[!$&-.0-:=@-[\]_a-z|~]`;
/** An escape of anything but a control byte, an unreserved character (RFC 3986 section 2.3), `%` `/` `;` or `\`. */
const ESCAPE = "%(?:2[0-46-9A-Ca-c]|3[AC-Fac-f]|40|5[BDEbde]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f])";
const CANONICAL = new RegExp(String.raw`^(?:/|(?:/(?!\.\.?(?:/|$))(?:${PLAIN}|${ESCAPE})+)+/?)$`);

/**
 * Takes path and query out of `request.url` as the runtime gives it, without decoding anything.
 *
 * `null` is `invalid_path`: the path has a spelling that two servers could read in two ways. That is an empty segment
 * (a slash at the end makes none), `.` or `..`, a backslash, `;`, a control or non-ASCII byte, a `%` that is no escape, an
 * escape of a character that has to be written plainly or not at all, or a character that a URL parser escapes. So is a
 * query with a control or non-ASCII byte or such a character: `fetch` would spell it anew. It does so with an apostrophe
 * (`%27`), too, but that one is in use and means the same either way.
 */
export function canonicalPath(url: string): CanonicalPath | null {
  const parts = URL_PARTS.exec(url);
  const path = parts?.[1];
  if (path === undefined || !isCanonicalPath(path)) return null;
  return { path, query: parts?.[2] ?? "" };
}

const PLAIN_CHARACTER = new RegExp(`^${PLAIN}$`);

/** A path with every character plain that may be, and the other escapes in upper case: how servers may read it. */
export function plainSpelling(path: string): string {
  return path.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return PLAIN_CHARACTER.test(character) ? character : escape.toUpperCase();
  });
}

/** Whether a path without its query is in canonical spelling. */
export function isCanonicalPath(path: string): boolean {
  return CANONICAL.test(path);
}
