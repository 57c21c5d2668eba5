import { expect, test } from "vitest";
import { foldName } from "../../../src/core/organization/folded-name.ts";

test.each([
  ["Admin", "admin"],
  ["  V1 :\tDeveloper ", "v1 : developer"],
  ["Ａｄｍｉｎ", "admin"],
  ["ad\u200Bmin\uFEFF", "admin"],
  ["ΟΔΟΣ", "οδοσ"],
  ["οδος", "οδοσ"],
  ["İstanbul", "istanbul"],
  ["STRASSE", "strasse"],
  ["Straße", "strasse"],
  ["Cafe\u0301", "caf\u00e9"],
  ["v1-developer", "v1-developer"],
])("%j reads as %j", (name, folded) => {
  expect(foldName(name)).toBe(folded);
});
