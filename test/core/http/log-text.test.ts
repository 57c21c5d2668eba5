import { expect, test } from "vitest";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { logText } from "../../../src/core/http/log-text.ts";

const { key, keyPrefix } = generateKey("fkc");

test.each([
  ["plain words", "The origin did not answer", "The origin did not answer"],
  ["a text without end", "x".repeat(100_000), "x".repeat(256)],
  ["a key", `no ${key} here`, `no ${keyPrefix}… here`],
  ["half a character at the cut", `${"x".repeat(255)}\u{1f511}`, `${"x".repeat(255)}\ufffd`],
])("%s", (_, text, logged) => expect(logText(text)).toBe(logged));

test("a key that the end of the text cuts shows no part of its secret", () => {
  for (let before = 200; before < 256; before++) {
    expect(logText(`${"x ".repeat(before / 2)}${key}`)).not.toContain(key.slice(17, 21));
  }
});
