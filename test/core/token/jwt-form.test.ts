import { expect, test } from "vitest";
import { isJwt } from "../../../src/core/token/jwt-form.ts";

const part = (text: string): string => Buffer.from(text).toString("base64url");
const HEADER = part('{"alg":"none"}');

test.each<[string, string, boolean]>([
  ["three parts", `${HEADER}.a.b`, true],
  ["three parts, two of them empty", `${HEADER}..`, true],
  ["five parts", `${HEADER}.a.b.c.d`, true],
  ["an empty object for a header", `${part("{}")}.a.b`, true],
  ["one part", HEADER, false],
  ["two parts", `${HEADER}.a`, false],
  ["four parts", `${HEADER}.a.b.c`, false],
  ["six parts", `${HEADER}.a.b.c.d.e`, false],
  ["no text", "", false],
  ["no header", ".a.b", false],
  ["a header that is a list", `${part("[1]")}.a.b`, false],
  ["a header that is null", `${part("null")}.a.b`, false],
  ["a header that is a number", `${part("12")}.a.b`, false],
  ["a header that is a text", `${part('"alg"')}.a.b`, false],
  ["a header that is no JSON", `${part("sk_live_1")}.a.b`, false],
  ["a header with other letters", `${HEADER}=.a.b`, false],
  [
    "a header in another alphabet",
    `${part('{"a":"ÿ?"}').replaceAll("-", "+").replaceAll("_", "/")}.a.b`,
    false,
  ],
  ["a header that is not encoded", '{"alg":"none"}.a.b', false],
])("a text is a JWT by its parts and its header: %s", (_, text, is) => {
  expect(isJwt(text)).toBe(is);
});
