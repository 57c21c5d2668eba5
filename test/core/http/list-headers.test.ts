import { describe, expect, test } from "vitest";
import type { ItemCounts } from "../../../src/core/http/filtered-list.ts";
import { tidyListHeaders } from "../../../src/core/http/list-headers.ts";

/** A list of five items, of which two are shown. */
const COUNTS: ItemCounts = { all: 5, shown: 2 };

function tidied(name: string, value: string, counts: ItemCounts | null = COUNTS): string | null {
  const headers = new Headers({ [name]: value });
  tidyListHeaders(headers, counts);
  return headers.get(name);
}

describe("of a list that has been filtered", () => {
  test.each([
    "Accept-Ranges",
    "Content-Digest",
    "Content-Length",
    "Content-MD5",
    "Digest",
    "ETag",
    "Last-Modified",
    "Repr-Digest",
  ])("%s says something of its bytes, and is left out", (name) => {
    expect(tidied(name, "x", COUNTS)).toBeNull();
    expect(tidied(name, "x", null)).toBeNull();
  });

  test.each<[string, ItemCounts | null, string | null]>([
    ["5", COUNTS, "2"],
    [" 5 ", COUNTS, "2"],
    ["57", COUNTS, null],
    ["many", COUNTS, null],
    ["5", null, null],
    ["0", { all: 0, shown: 0 }, "0"],
  ])("a number of items %j becomes that of the visible ones, or nothing", (value, counts, shown) => {
    expect(tidied("X-Total-Count", value, counts)).toBe(shown);
  });

  test.each<[string, ItemCounts | null, string | null]>([
    ["items 0-4/5", COUNTS, "items 0-1/2"],
    ["0-4/5", COUNTS, "0-1/2"],
    ["items 0-4/5", { all: 5, shown: 0 }, "items */0"],
    ["items 0-4/5", null, null],
    ["items 0-4/57", COUNTS, null],
    ["items 0-3/5", COUNTS, null],
    ["items 5-9/57", COUNTS, null],
    ["items */5", COUNTS, null],
    ["nonsense", COUNTS, null],
  ])("the range %j becomes that of the visible ones, or nothing", (value, counts, shown) => {
    expect(tidied("Content-Range", value, counts)).toBe(shown);
  });

  test.each<[string, string | null]>([
    ['</v?page=2>; rel="next"', '</v?page=2>; rel="next"'],
    ['</v?page=1>; rel=prev, </v?page=9>; rel="last"', "</v?page=1>; rel=prev"],
    ['</v>; rel="first self"', '</v>; rel="first self"'],
    ['</v>; rel="next last"', null],
    ['</v>; REL=" Next "; title="a, b"', '</v>; REL=" Next "; title="a, b"'],
    ['</v>; rel="item"; rel="next"', null],
    ['</v>; rel="next"; rel="item"', '</v>; rel="next"; rel="item"'],
    ["</v>", null],
    ['</v;rel=next>; title="x"', null],
    ["</v;rel=next;a>; rel=item", null],
    ["</v>; rel", null],
    ["nonsense", null],
    ['</v?page=0>;rel=previous, </v?a=",">; rel=next', '</v?page=0>;rel=previous, </v?a=",">; rel=next'],
  ])("of the links %j are left %j: those that lead from page to page", (value, left) => {
    expect(tidied("Link", value)).toBe(left);
  });

  test("what says nothing of its items stays as it is", () => {
    const headers = { "cache-control": "no-cache", "content-type": "application/json", "x-cache-hits": "5" };
    const after = new Headers(headers);
    tidyListHeaders(after, COUNTS);
    expect(Object.fromEntries(after)).toEqual(headers);
  });
});
