import { expect, test } from "vitest";
import { table } from "../../src/cli/table.ts";

test.each([
  ["a colour", "\u001B[31mred", "\uFFFD[31mred"],
  ["a new line", "a\nkey_forged", "a\uFFFDkey_forged"],
  ["a return", "a\rb", "a\uFFFDb"],
  ["C1 controls", "a\u009B2Jb", "a\uFFFD2Jb"],
  ["letters turned round", "a\u202Eb", "a\uFFFDb"],
])("a table prints no %s of a text that is not its own", (_, text, printed) => {
  expect(table(["REASON", "X"], [[text, null]])).toContain(`\n${printed}`);
});
