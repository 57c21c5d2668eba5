import { describe, expect, test } from "vitest";
import { foldName } from "../../../src/core/organization/folded-name.ts";
import { hidesLetters, plainName, seenText } from "../../../src/core/organization/plain-name.ts";

const CASES: readonly (readonly [what: string, written: string, kept: string])[] = [
  ["two spaces", "Wrong  network", "Wrong network"],
  ["spaces of every kind", "\u00a0Ledger\u2003of\u202fthe\u3000North\u2028", "Ledger of the North"],
  ["a letter without width", "Led\u200bger\ufeff", "Ledger"],
  ["joiners between letters that nothing joins", "Led\u200dger of\u200c man\u200dual", "Ledger of manual"],
  ["marks that turn the direction", "\u202eregdel\u202c \u2066x\u2069", "regdel x"],
  ["hyphens that are not seen", "Re\u00adporting", "Reporting"],
  ["fillers", "\u3164a\u115f", "a"],
  ["what moves a terminal", "Led\u001b[31mger\u0000 of\tthe\u0085 North\u0007", "Led[31mger of the North"],
  ["letters in parts", "Cafe\u0301 A\u030a", "Café Å"],
  ["Hangul in parts", "\u1112\u1161\u11ab", "한"],
  ["nothing that is seen", " \u200b\u2060\ufeff ", ""],
];

describe("a name is kept as people see it", () => {
  test.each(CASES)("%s", (_, written, kept) => {
    expect(plainName(written)).toBe(kept);
    expect(plainName(kept)).toBe(kept);
    expect(foldName(written)).toBe(foldName(kept));
  });

  test("half of a pair", () => {
    expect(plainName(`a${String.fromCharCode(0xd800)}b`)).toBe("a\ufffdb");
  });

  test.each(["👩‍💻 on call", "❤️ Ledger", "1️⃣ first", "👩🏽‍🚀", "می‌خواهم", "क्‍ष", "Straße İstanbul", "東京"])(
    "and %s as it is",
    (name) => {
      expect(plainName(name)).toBe(name);
      expect(hidesLetters(name)).toBe(false);
    },
  );
});

describe("a text hides letters", () => {
  test.each([
    "\u200b",
    "a\u202eb",
    "\u2066a",
    "a\u200e",
    "\ufeffa",
    "a\u00ad",
    "a\u200db",
    "\ud800",
    "a\udc00",
    "\u0000",
    "a\u001b",
    "a\u0085",
    "a\ufe0f",
  ])("in %j", (text) => {
    expect(hidesLetters(text)).toBe(true);
  });

  test.each(["", " ", "Ann\tArbor\r\n48109", "Zoë", "عائشة", "🇬🇧", "\u0600", "𝒜"])(
    "and none in %j",
    (text) => {
      expect(hidesLetters(text)).toBe(false);
    },
  );
});

test.each([
  ["two\nlines\tand a column", "two\nlines\tand a column"],
  ["Led\u202eger\u2066", "Ledger"],
  ["a\u200bb\ufeff\u00ad", "ab"],
  ["bell\u0007\u0085", "bell"],
  ["क्\u200dष", "क्\u200dष"],
  ["👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"],
  ["  spaces  stay ", "  spaces  stay "],
])("of %j is shown %j", (text, seen) => {
  expect(seenText(text)).toBe(seen);
});
