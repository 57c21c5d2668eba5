import { expect, test } from "vitest";
import { readCredential } from "../../src/core/credential.ts";
import { generateKey } from "../../src/core/key-secret.ts";

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
    expect(readCredential(`Bearer ${one}`, prefixes)).toEqual({ kind: "api_key", keyId, key: one });
    expect(readCredential(`Bearer ${one.slice(0, -1)}`, prefixes)).toMatchObject({ code: "api_key_invalid" });
  }
  expect(readCredential(`Bearer ${generateKey("liv").key}`, prefixes)).toMatchObject({
    code: "credential_malformed",
  });
});

test.each(cases)("%s", (_, header, expected) => {
  expect(readCredential(header, ["fkc"])).toEqual(expected);
});
