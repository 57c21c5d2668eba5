import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { holdsCredential, holdsText } from "../../../src/core/access/url-credential.ts";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { ACCESS_TOKEN_TYPE, ASSERTION_TYPE, signingKeyId } from "../../../src/core/token/access-token.ts";

const PREFIXES = ["fkc"];
const { key } = generateKey("fkc");

function jwt(header: object): string {
  return `${Buffer.from(JSON.stringify(header)).toString("base64url")}.e30.c2ln`;
}

/** Every character as an escape, in letters of either case. */
const escaped = (text: string) =>
  text.replaceAll(/./g, (letter, i: number) => {
    const hex = letter.charCodeAt(0).toString(16).padStart(2, "0");
    return `%${i % 2 === 0 ? hex : hex.toUpperCase()}`;
  });

const TOKEN = jwt({ alg: "ES256", typ: ACCESS_TOKEN_TYPE, kid: signingKeyId("org_test") });
const ASSERTION = jwt({ alg: "ES256", typ: ASSERTION_TYPE, kid: "any" });
const FOREIGN_KID = jwt({ alg: "ES256", typ: ACCESS_TOKEN_TYPE, kid: "another issuer's" });
const FOREIGN_TYPE = jwt({ alg: "ES256", typ: "JWT", kid: signingKeyId("org_test") });
const NO_KID = jwt({ alg: "ES256", typ: ACCESS_TOKEN_TYPE });
/** What begins like a header and is none, and cannot be decoded together with what follows. */
const beginnings = (times: number) => "eyJxx".repeat(times);

describe("a URL with a credential of ours", () => {
  test.each([
    ["a key", `/v1/vaults?k=${key}`],
    ["a key at the end of a path", `/v1/${key}`],
    ["a key in escapes", `/v1/vaults?k=${escaped(key)}`],
    ["an access token", `/v1/vaults?t=${TOKEN}`],
    ["an access token in escapes", `/v1/vaults?t=${escaped(TOKEN)}`],
    ["an assertion", `/v1/${ASSERTION}/x`],
    ["a token with more parts behind it", `/?t=${TOKEN}.more.parts`],
    ["a token with parts before it", `/?t=a.b.${TOKEN}`],
    ["a token of which a word is written before it", `/?t=bearer${TOKEN}`],
    ["a token behind three beginnings of a header", `/?t=${beginnings(3)}${TOKEN}`],
    ["a token behind a part of many letters", `/?t=${"x".repeat(2000)}eyJx.${TOKEN}`],
    ["a token that is the second of a list", `/?t=a,${TOKEN},b`],
    ["a token behind a text of any length", `/?t=${"x".repeat(5000)}${TOKEN}`],
    ["a token behind another's", `/?t=${FOREIGN_TYPE}&u=${TOKEN}`],
  ])("%s is found", (_, url) => {
    expect(holdsCredential(url, PREFIXES)).toBe(true);
  });
});

describe("a URL without one", () => {
  test.each([
    ["nothing", "/v1/vaults?limit=3"],
    ["a key of another prefix", `/v1/vaults?k=${generateKey("other").key}`],
    ["a key that is cut short", `/v1/vaults?k=${key.slice(0, -1)}`],
    ["a key in escapes of escapes", `/v1/vaults?k=${escaped(key).replaceAll("%", "%25")}`],
    ["a JWT of another type", `/?t=${FOREIGN_TYPE}`],
    ["an access token of another issuer", `/?t=${FOREIGN_KID}`],
    ["an access token that names no key", `/?t=${NO_KID}`],
    ["a header alone", `/?t=${TOKEN.split(".")[0]}`],
    ["a header and one part more", `/?t=${TOKEN.split(".").slice(0, 2).join(".")}`],
    ["what only begins like a header", "/?t=eyJ.e30.c2ln"],
  ])("%s is not refused", (_, url) => {
    expect(holdsCredential(url, PREFIXES)).toBe(false);
  });
});

test.each([
  ["/a?b=secret", "secret", true],
  [`/a?b=${escaped("secret")}`, "secret", true],
  ["/a?b=%73ecret", "secret", true],
  ["/a?b=secre", "secret", false],
  ["/a?b=%20secre", "secret", false],
])("%s holds the text %s: %s", (url, text, holds) => {
  expect(holdsText(url, text)).toBe(holds);
});
