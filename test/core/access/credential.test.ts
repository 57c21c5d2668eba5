import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readCredential } from "../../../src/core/access/credential.ts";
import { keyIdOf } from "../../../src/core/access/imported-key.ts";
import { generateKey, idOfHash } from "../../../src/core/key/key-secret.ts";

const { key, id } = generateKey("fkc");
const mistyped = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");

const cases: [string, string | null, object][] = [
  ["no header", null, { code: "credential_missing" }],
  ["an empty header", "", { code: "credential_missing" }],
  ["a key", `Bearer ${key}`, { kind: "api_key", keyId: id, key }],
  ["a scheme in lower case", `bearer ${key}`, { kind: "api_key", keyId: id, key }],
  ["a scheme in upper case", `BEARER ${key}`, { kind: "api_key", keyId: id, key }],
  ["several spaces", `Bearer   ${key}`, { kind: "api_key", keyId: id, key }],
  ["a mistyped key", `Bearer ${mistyped}`, { code: "api_key_invalid" }],
  ["a key cut short", `Bearer ${key.slice(0, 30)}`, { code: "api_key_invalid" }],
  ["a key with a character that no token has", `Bearer ${key}!`, { code: "credential_malformed" }],
  ["another scheme", `Basic ${key}`, { code: "credential_malformed" }],
  ["no scheme", key, { code: "credential_malformed" }],
  ["only a scheme", "Bearer", { code: "credential_malformed" }],
  ["two headers, joined", `Bearer ${key}, Bearer ${key}`, { code: "credential_malformed" }],
  ["two credentials", `Bearer ${key} ${key}`, { code: "credential_malformed" }],
  ["something that is neither key nor token", "Bearer hello", { code: "credential_malformed" }],
  ["a token without a signature", "Bearer a.b.", { kind: "access_token", token: "a.b." }],
  ["a token", "Bearer a.b.c", { kind: "access_token", token: "a.b.c" }],
];

test("a key of a prefix of earlier days is read like one of today's, and one of any other prefix is none", () => {
  const prefixes = ["live", "fkc", "li"];
  for (const prefix of prefixes) {
    const { key: one, id: keyId } = generateKey(prefix);
    expect(readCredential(`Bearer ${one}`, prefixes, false)).toEqual({ kind: "api_key", keyId, key: one });
    expect(readCredential(`Bearer ${one.slice(0, -1)}`, prefixes, false)).toMatchObject({
      code: "api_key_invalid",
    });
  }
  expect(readCredential(`Bearer ${generateKey("liv").key}`, prefixes, false)).toMatchObject({
    code: "credential_malformed",
  });
});

describe("where keys have been imported", () => {
  const read = (text: string) => readCredential(`Bearer ${text}`, ["fkc"], true);

  test.each([
    "abcdefghijklmnop",
    "sk_live_!\"#$%&'()*+,-./:;<=>?@[]^{|}~",
    "x".repeat(256),
    "a.b.c.d.e.f.g.h.i.j",
    "part.part.part-of-no-jwt",
    "eyJub3.anJson.atAllxxxxxx",
    `${btoa("[1,2,3,4,5]")}.abcdef.abcdef`,
  ])("%s may be one", (text) => expect(read(text)).toEqual({ kind: "imported_key", key: text }));

  test.each([
    ["a key of ours", key, { kind: "api_key" }],
    ["a mistyped key of ours", mistyped, { code: "api_key_invalid" }],
    ["what is too short", "abcdefghijklmno", { code: "credential_malformed" }],
    ["what is too long", "x".repeat(257), { code: "credential_malformed" }],
    ["what is not ASCII", "ä".repeat(20), { code: "credential_malformed" }],
    ["a signed JWT", `${btoa('{"alg":"none"}').replaceAll("=", "")}.e30.`, { kind: "access_token" }],
    ["a JWT that begins with a space", `${btoa(' {"alg":"x"}')}.e30.c2ln`, { kind: "access_token" }],
    ["an encrypted JWT", "eyJhbGciOiJkaXIifQ.a.b.c.d", { code: "credential_malformed" }],
  ])("but not %s", (_, text, expected) => expect(read(text)).toMatchObject(expected));
});

test.each(cases)("%s", (_, header, expected) => {
  expect(readCredential(header, ["fkc"], false)).toEqual(expected);
});

describe("the id of the key that a text is", () => {
  const prefixes = ["fkc"];
  const own = generateKey("fkc");
  const foreign = "sk_live_0123456789abcdef";

  test("is its own, whether keys have been imported or not", () => {
    expect([keyIdOf(own.key, prefixes, false), keyIdOf(own.key, prefixes, true)]).toEqual([own.id, own.id]);
  });

  test("follows from the string of an imported key, where there are any", () => {
    const hash = createHash("sha256").update(foreign).digest();
    expect(keyIdOf(foreign, prefixes, true)).toBe(idOfHash(hash));
    expect(keyIdOf(foreign, prefixes, false)).toBeNull();
  });

  test.each(["too short", own.key.slice(0, -1), "a.b.c"])("is none for %s", (text) => {
    expect(keyIdOf(text, prefixes, true)).toBeNull();
  });
});
