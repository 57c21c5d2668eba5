import type { AttributePath, Comparison, Filter } from "./filter.ts";
import { readPlainPath } from "./path.ts";

/** Longer and deeper filters than any client sends. The parser recurses, so their depth is bounded apart. */
const MAX_LENGTH = 4096;
const MAX_DEPTH = 32;
const TOKEN = /\s*([()[\]]|"(?:[^"\\]|\\.)*"|[^\s()[\]"]+)\s*/y;
const COMPARISONS: readonly Comparison[] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
const ORDERINGS: readonly string[] = ["gt", "ge", "lt", "le"];

/** Reads a filter (RFC 7644 section 3.4.2.2); `null` when it is none. */
export function parseFilter(text: string): Filter | null {
  const tokens = tokenize(text);
  return tokens && new Parser(tokens).wholeFilter();
}

/** Reads the path of a PATCH operation (RFC 7644 section 3.5.2); `null` when it is none. */
export function parsePath(text: string): AttributePath | null {
  const tokens = tokenize(text);
  return tokens && new Parser(tokens).wholePath();
}

function tokenize(text: string): string[] | null {
  if (text.length > MAX_LENGTH) return null;
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return null;
    tokens.push(token);
  }
  return tokens;
}

/** Each method reads one rule of the grammar and returns `null` when it does not fit. */
class Parser {
  readonly #tokens: readonly string[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  wholeFilter(): Filter | null {
    const filter = this.#or();
    return this.#next === this.#tokens.length ? filter : null;
  }

  wholePath(): AttributePath | null {
    const path = this.#path();
    return this.#next === this.#tokens.length ? path : null;
  }

  #or(): Filter | null {
    let left = this.#and();
    while (left !== null && this.#take("or")) {
      const right = this.#and();
      left = right && { kind: "or", left, right };
    }
    return left;
  }

  #and(): Filter | null {
    let left = this.#term();
    while (left !== null && this.#take("and")) {
      const right = this.#term();
      left = right && { kind: "and", left, right };
    }
    return left;
  }

  #term(): Filter | null {
    if (this.#take("not")) {
      const filter = this.#take("(") ? this.#grouped(")") : null;
      return filter && { kind: "not", filter };
    }
    return this.#take("(") ? this.#grouped(")") : this.#expression();
  }

  #grouped(end: ")" | "]"): Filter | null {
    if (this.#depth === MAX_DEPTH) return null;
    this.#depth++;
    const filter = this.#or();
    this.#depth--;
    return this.#take(end) ? filter : null;
  }

  #expression(): Filter | null {
    const path = this.#path();
    if (path === null || path.name === null) return null;
    if (this.#take("pr")) return { kind: "present", path };
    const token = this.#tokens[this.#next]?.toLowerCase();
    const operator = COMPARISONS.find((each) => each === token);
    // `emails[type eq "work"]` alone says that there is such a value.
    if (operator === undefined) {
      return path.where === null || path.sub !== null ? null : { kind: "present", path };
    }
    this.#next++;
    const value = readValue(this.#tokens[this.#next++]);
    if (value === undefined || (ORDERINGS.includes(operator) && typeof value === "boolean")) return null;
    return { kind: "compare", path, operator, value };
  }

  #path(): AttributePath | null {
    const path = readPlainPath(this.#tokens[this.#next++] ?? "");
    if (path === null || !this.#take("[")) return path;
    const where = this.#grouped("]");
    if (where === null || path.sub !== null || path.name === null) return null;
    const sub = /^\.([a-z$][\w$-]*)$/i.exec(this.#tokens[this.#next] ?? "")?.[1] ?? null;
    if (sub !== null) this.#next++;
    return { ...path, where, sub };
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next]?.toLowerCase() !== token) return false;
    this.#next++;
    return true;
  }
}

/** A value as JSON writes it, `true` and `null` in any letter case; `undefined` when it is none. */
function readValue(token: string | undefined): string | number | boolean | null | undefined {
  if (token === undefined || !/^("|-?\d|true$|false$|null$)/i.test(token)) return undefined;
  try {
    return JSON.parse(token.startsWith('"') ? token : token.toLowerCase());
  } catch {
    return undefined;
  }
}
