import { shownCount, type ItemCounts } from "./filtered-list.ts";
import { tellsCount, VOID_AFTER_FILTERING } from "./header-policy.ts";

/** `items 0-9/57`, or the same without a unit (RFC 9110 section 14.4). */
const CONTENT_RANGE = /^((?:\S+ )?)0-(\d+)\/(\d+)$/;
/** One link with its parameters (RFC 8288 section 3). */
const LINK = /<[^<>]*>(?:\s*;\s*[\w*-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]*))?)*/g;
const LINK_PARAMETER = /;\s*([\w*-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s",;]*)))?/g;
/** Links that a client needs to read a list page by page. Others lead to items, or tell how many there are. */
const NEIGHBORS = new Set(["first", "next", "prev", "previous", "self"]);

/**
 * Takes out of an answer what it says of a list that has been filtered: of its bytes, since that is not true any more,
 * and of the number of its items, which counts those that are hidden. Where the list came whole, its number is known.
 */
export function tidyListHeaders(headers: Headers, counts: ItemCounts | null): void {
  for (const name of VOID_AFTER_FILTERING) headers.delete(name);
  for (const [name, value] of Array.from(headers)) {
    if (!tellsCount(name)) continue;
    const shown = shownCount(value.trim(), counts);
    if (shown === null) headers.delete(name);
    else headers.set(name, `${shown}`);
  }
  replace(headers, "Content-Range", (value) => shownRange(value, counts));
  replace(headers, "Link", withNeighborsAlone);
}

function replace(headers: Headers, name: string, change: (value: string) => string | null): void {
  const value = headers.get(name);
  if (value === null) return;
  const changed = change(value);
  if (changed === null) headers.delete(name);
  else if (changed !== value) headers.set(name, changed);
}

/** The range of a complete list; the range of an extract would count hidden items. */
function shownRange(value: string, counts: ItemCounts | null): string | null {
  const [, unit, last, total] = CONTENT_RANGE.exec(value.trim()) ?? [];
  const shown = shownCount(total, counts);
  if (shown === null || Number(last) + 1 !== Number(total)) return null;
  return shown === 0 ? `${unit}*/0` : `${unit}0-${shown - 1}/${shown}`;
}

function withNeighborsAlone(value: string): string | null {
  const links = value.match(LINK) ?? [];
  const kept = links.filter((link) => relationsOf(link).every((relation) => NEIGHBORS.has(relation)));
  return kept.length === 0 ? null : kept.join(", ");
}

/** Of several `rel` the first counts (RFC 8288 section 3.3); a link without one could be any. */
function relationsOf(link: string): string[] {
  for (const [, name = "", quoted, token] of link.slice(link.indexOf(">")).matchAll(LINK_PARAMETER)) {
    if (name.toLowerCase() === "rel") return (quoted ?? token ?? "").trim().toLowerCase().split(/\s+/);
  }
  return [""];
}
