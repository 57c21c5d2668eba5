import { describe, expect, test, vi } from "vitest";
import {
  allowedOrigin,
  EXPOSED_HEADERS,
  grantedHeaders,
  mayBeCalledByPages,
  readCorsOrigins,
} from "../../../src/core/http/cors.ts";

const A = "https://a.example";
const B = "https://b.example:8443";

describe("the origins whose pages may call", () => {
  test.each<[string, readonly string[]]>([
    ["", []],
    [" , ", []],
    [A, [A]],
    [`${A}, ${B},`, [A, B]],
    ["https://A.Example/", [A]],
    ["https://a.example:443", [A]],
    ["http://127.0.0.1:3000", ["http://127.0.0.1:3000"]],
    ["http://[::1]:3000", ["http://[::1]:3000"]],
    [
      "capacitor://localhost, chrome-extension://abcdef",
      ["capacitor://localhost", "chrome-extension://abcdef"],
    ],
  ])("%j are read as %j", (text, origins) => {
    expect(readCorsOrigins(text)).toEqual(new Set(origins));
  });

  test.each(["*", " * "])("%j is all of them", (text) => {
    expect(readCorsOrigins(text)).toBe("*");
  });

  test.each([
    "a.example",
    "null",
    "https://",
    `${A}/path`,
    `${A}?q`,
    `${A}, *`,
    "https://*.example",
    "https://a:b",
  ])("%j is no such list", (text) => {
    expect(readCorsOrigins(text)).toBeNull();
  });

  test.each<[string, boolean]>([
    ["", false],
    [A, true],
    [`${A},${B}`, true],
    ["*", true],
  ])("with %j any page may call: %s", (text, may) => {
    expect(mayBeCalledByPages(readCorsOrigins(text) ?? new Set())).toBe(may);
  });

  test.each<[string, string | null, string | null]>([
    ["*", "https://c.example", "*"],
    ["*", null, "*"],
    [A, A, A],
    [A, B, null],
    [A, null, null],
    ["", A, null],
  ])("with %j a page of %s is told %s", (text, origin, allowed) => {
    expect(allowedOrigin(readCorsOrigins(text) ?? new Set(), origin)).toBe(allowed);
  });
});

test("pages may read the headers of limits, of caching, of pages and of deprecation, and the request's id", () => {
  expect(EXPOSED_HEADERS).toBe(
    "Content-Range, Deprecation, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset, " +
      "WWW-Authenticate, X-Portcullis-Key-Expires, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, " +
      "X-Request-Id, X-Total-Count",
  );
});

test.each([
  ["Authorization, Content-Type", "authorization, content-type"],
  ["x-trace , X-Forwarded-For,x-portcullis-key-id", "x-trace"],
  ["connection", ""],
  ["bad name, x:y, ,ok", "ok"],
])("of the headers %j a page may send %j", (requested, granted) => {
  expect(grantedHeaders(requested)).toBe(granted);
});

test("nothing is remembered of the headers that a preflight names: anybody may name any number of any length", () => {
  const set = vi.spyOn(Map.prototype, "set");
  try {
    expect(grantedHeaders("x-named-by-a-page, x-forwarded-by-a-page")).toBe("x-named-by-a-page");
    expect(set).not.toHaveBeenCalled();
  } finally {
    set.mockRestore();
  }
});
