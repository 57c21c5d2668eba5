import { describe, expect, test } from "vitest";
import { canonicalPath } from "../../../src/core/policy/canonical-path.ts";

const ORIGIN = "https://api.example.com";
const hex = (byte: number) => byte.toString(16).padStart(2, "0");

describe("path and query are passed on byte for byte", () => {
  test.each([
    ["/", ""],
    ["/v1/vaults", ""],
    ["/v1/vaults/", "?page=2"],
    ["/v1/vaults/vault_3f8a2c1d9b/balances", "?limit=10&cursor=a%2Fb"],
    ["/v1/vaults", "?"],
    ["/v1/vaults", "?next=//x/../;%00%zz\\?/v2"],
    ["/a-b.c_d~e/!$&'()*+,=:@", ""],
    ["/.../..a/a../.a/a.", ""],
    ["/v1", "?q={a}|^`[]\\~()*!$'"],
    ["/caf%C3%A9/caf%c3%a9", ""],
    ["/%20%21%23%3F%40%5B%7c", ""],
    ["/a|[]'", ""],
    ["/http:/x", ""],
  ])("%s%s", (path, query) => {
    expect(canonicalPath(ORIGIN + path + query)).toEqual({ path, query });
  });

  test("whatever the host is", () => {
    for (const origin of ["http://localhost:8787", "http://[::1]:8787", "https://a"]) {
      expect(canonicalPath(`${origin}/v1?x=1`)).toEqual({ path: "/v1", query: "?x=1" });
    }
  });
});

describe("a path that two servers could read in two ways is refused", () => {
  test.each([
    ["an empty segment", ["//", "//v1/vaults", "/v1//vaults", "/v1/vaults//", "//v1/", "///"]],
    ["a dot segment", ["/.", "/..", "/./v1", "/v1/.", "/v1/./x", "/v1/..", "/v1/../x", "/../v1"]],
    ["an escaped dot", ["/%2e", "/%2E%2E/v1", "/v1/.%2e/x", "/v1/%2e./x", "/v1/a%2eb"]],
    ["an escaped slash", ["/v1%2fvaults", "/v1/vaults%2F", "/v1/a/..%2fb"]],
    ["a backslash", ["/v1\\vaults", "/\\", "/v1/%5c", "/v1/%5C..%5Cx"]],
    ["a parameter", ["/v1/vaults;a=b", "/v1/;/x", "/;", "/v1/vaults%3b", "/v1/..;/admin"]],
    ["double encoding", ["/%252e%252e/", "/v1%252fvaults", "/v1/%25", "/%2541"]],
    ["a broken escape", ["/%", "/v1/%zz", "/v1/%4", "/v1/%g1", "/v1/%1g", "/v1/%-1", "/v1/%u0041", "/%%41"]],
    ["an escaped letter, digit or mark", ["/%41", "/v1/%7a", "/v1/%30", "/v1/%2d", "/v1/%5f", "/v1/%7E"]],
    ["a control byte", ["/v1/\u0000", "/v1/\t", "/v1/\r\n", "/v1/a\n", "/\u007f", "/v1/\u001f"]],
    ["an escaped control byte", ["/v1/%00", "/v1/x%00.json", "/v1/%0d%0a", "/v1/%7f", "/v1/%1F"]],
    ["a space or non-ASCII", ["/v1/a b", "/v1/é", "/v1/\u0080", "/v1/／", "/v1/\u2028"]],
    ["a character that URL parsers escape", ['/v1/"', "/v1/<a>", "/v1/a^b", "/v1/`", "/v1/{a}"]],
    ["a fragment", ["/v1#x", "/#"]],
  ])("%s", (_kind, paths) => {
    for (const path of paths) {
      expect(canonicalPath(ORIGIN + path), path).toBeNull();
      expect(canonicalPath(`${ORIGIN + path}?x=1`), `${path}?x=1`).toBeNull();
    }
  });

  test("of all escapes, exactly those of characters with one meaning are let through", () => {
    const refused = /[/\\.%;A-Za-z0-9\-_~]/;
    for (let byte = 0; byte < 256; byte++) {
      const isControl = byte < 0x20 || byte === 0x7f;
      const expected = !isControl && !refused.test(String.fromCharCode(byte));
      for (const escape of [`%${hex(byte)}`, `%${hex(byte).toUpperCase()}`]) {
        for (const path of [`/${escape}`, `/v1/a${escape}b`, `/v1/${escape}/x`]) {
          expect(canonicalPath(ORIGIN + path) !== null, path).toBe(expected);
        }
      }
    }
  });

  test("of all characters written plainly, exactly printable ASCII without \\ ; % and what URL parsers escape is let through", () => {
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      if ("/?".includes(character)) continue;
      const expected = code > 0x20 && code < 0x7f && !`\\;%#"<>^\`{}`.includes(character);
      expect(canonicalPath(`${ORIGIN}/a${character}b`) !== null, hex(code)).toBe(expected);
    }
  });

  test("of all bytes in a query, exactly those are let through that a URL parser leaves as they are, and the apostrophe", () => {
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      const url = `${ORIGIN}/v1?a${character}b`;
      const expected = character === "'" || new URL(url).search === `?a${character}b`;
      expect(canonicalPath(url) !== null, hex(code)).toBe(expected);
    }
  });

  test.each([
    "",
    "/v1",
    "v1",
    "https://api.example.com",
    "https://api.example.com?x=/v1",
    "file:///v1",
    "https:///v1",
  ])("%j is no absolute URL with a path", (url) => {
    expect(canonicalPath(url)).toBeNull();
  });

  test("a very long path is decided at once", () => {
    const long = `/${"a".repeat(100_000)}`;
    expect(canonicalPath(ORIGIN + long)?.path).toBe(long);
    expect(canonicalPath(`${ORIGIN + long}%`)).toBeNull();
    expect(canonicalPath(`${ORIGIN}${"/a".repeat(100_000)}//`) === null).toBe(true);
  });
});
