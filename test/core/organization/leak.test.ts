import { describe, expect, test } from "vitest";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { describeLeak, isWebUrl, leakReason, MAX_LEAK_URL } from "../../../src/core/organization/leak.ts";
import { leakLabel } from "../../../src/core/organization/revocation.ts";

const { key, keyPrefix } = generateKey("fkc");
const rest = key.slice("fkc_".length);
const JWT = `${btoa('{"alg":"ES256","typ":"at+jwt"}')}.${btoa('{"iss":"https://x.example"}')}.${"s".repeat(86)}`;
const twice = encodeURIComponent(encodeURIComponent(`fkc_${rest}`).replace("_", "%5F"));

const placeOf = (url: string): string | null => describeLeak("a", url, null).url;

describe("of the address of a leak", () => {
  test.each<[string, string, string | null]>([
    ["origin and path are kept", "https://x.example/a%20b/c", "https://x.example/a%20b/c"],
    ["the query is not", `https://x.example/a?access_token=${JWT}`, "https://x.example/a"],
    ["an encoded query is not", `https://x.example/?k=fkc%5F${rest}`, "https://x.example/"],
    ["the fragment is not", `https://x.example/a#${key}`, "https://x.example/a"],
    ["user name and password are not", "https://user:password@x.example/", "https://x.example/"],
    ["a key is cut", `https://x.example/${key}/raw`, `https://x.example/${keyPrefix}…/raw`],
    ["a token is cut", `https://x.example/${JWT}/raw`, "https://x.example/eyJ…/raw"],
    ["nothing is kept of a path with an encoded key", `https://x.example/fkc%5F${rest}`, null],
    ["nor with one that is encoded twice", `https://x.example/${twice}`, null],
    ["nor with a broken one", `https://x.example/fkc_%0A${rest}`, null],
    ["nor with an invisible letter in it", `https://x.example/fkc_%E2%80%8B${rest}`, null],
    ["nor with an encoded token", `https://x.example/${JWT.replaceAll(".", "%2E")}`, null],
    ["nor without end", `https://x.example/%${"25".repeat(30)}41`, null],
  ])("%s", (_, url, kept) => {
    expect(placeOf(url)).toBe(kept);
  });
});

describe("of what a finder says", () => {
  test.each<[string, string, string]>([
    ["plain text is kept", "Pastebin, 3 hits (50%)", "Pastebin, 3 hits (50%)"],
    ["a key is cut", `found ${key} twice`, `found ${keyPrefix}… twice`],
    ["a token is cut", `found ${JWT} twice`, "found eyJ… twice"],
    ["lines become one", "a\r\nb\u2028c", "a b c"],
    ["invisible letters are dropped", "a\u202Eb\u200Bc\uFEFF", "abc"],
    ["a key with invisible letters is cut", `fkc_\u200B${rest}`, `${keyPrefix}…`],
    ["a broken key is withheld", `fkc_ ${rest}`, "withheld"],
    ["an encoded key is withheld", `fkc%5F${rest}`, "withheld"],
    ["what is nothing at all has a name all the same", "\u200B", "withheld"],
  ])("%s", (_, text, kept) => {
    expect(describeLeak(text, null, null).source).toBe(kept);
  });

  test("an empty type is none", () => {
    expect(describeLeak("a", null, "\u200B").type).toBeNull();
  });
});

test.each([
  ["https://x.example/a", true],
  ["HTTP://x.example", true],
  [`https://x.example/${"a".repeat(MAX_LEAK_URL - 18)}`, true],
  [`https://x.example/${"a".repeat(MAX_LEAK_URL - 17)}`, false],
  ["ftp://x.example/a", false],
  ["https://x.example/a b", false],
  ["https://", false],
  ["x.example", false],
])("%j can be kept as the place of a leak: %s", (url, isOne) => {
  expect(isWebUrl(url)).toBe(isOne);
  expect(placeOf(url) !== null).toBe(isOne);
});

test("a long text is cut, and the owner reads where the key was found", () => {
  const leak = describeLeak("a".repeat(300), null, null);
  expect(leak.source).toHaveLength(200);
  expect(leakReason({ ...leak, source: "Pastebin" })).toBe("Leaked: Pastebin");
  expect(MAX_LEAK_URL).toBe(2048);
});

test.each([
  ["revoked", "true_positive"],
  ["unconfirmed", "true_positive"],
  ["would_revoke", "true_positive"],
  ["not_found", "false_positive"],
] as const)("a leaked key that is %s is a %s", (status, label) => {
  expect(leakLabel(status)).toBe(label);
});
