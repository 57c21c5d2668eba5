import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { COLUMNS, DIMENSIONS, MEASURES, type Column } from "../../src/core/usage/metrics.ts";
import { SETTINGS } from "../../src/settings.ts";
import { ALERTS } from "../../src/ops/alerts.ts";
import { QUESTIONS } from "../../src/ops/questions.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Settings of the build, and secrets whose names are made of an origin's. */
const BESIDE = ["API_DOCUMENT", "API_OVERLAY", "ORIGIN_AUTHORIZATION"];
/** What there was before another setting took its place. */
const SUPERSEDED = ["ORIGIN_ASSERTION"];

const { vars } = parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8")) as { vars: Record<string, string> };
const rows = readFileSync(join(ROOT, "src/docs/configuration.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, names = "", defaults = ""]) => ({ names: coded(names), defaults: defaults.split(", ") }));

function coded(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

test("every setting has its row in the page on configuration, and every row is of a setting", () => {
  const known = [...SETTINGS, ...BESIDE].filter((name) => !SUPERSEDED.includes(name));
  const told = rows.flatMap(({ names }) => names).filter((name) => !SUPERSEDED.includes(name));
  expect(told.toSorted()).toEqual(known.toSorted());
});

test("a default that a row states is the one that wrangler.toml has", () => {
  const differing = rows.flatMap(({ names, defaults }) =>
    names.flatMap((name, i) => {
      const [stated] = coded(defaults[i] ?? "");
      const actual = vars[name];
      if (stated === undefined || actual === undefined || actual === "") return [];
      return defaults[i] === `\`${actual}\`` ? [] : [`${name}: ${stated}, not ${actual}`];
    }),
  );
  expect(differing).toEqual([]);
});

test("the page on operating names every column of a data point, as the code lays them out", () => {
  const told = readFileSync(join(ROOT, "src/docs/operators.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| `(?:blob|double)\d+`/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, column, name, text]) => [column, name, text]);
  const columns = Object.entries({ ...DIMENSIONS, ...MEASURES }).map(([name, text]) => [
    `\`${COLUMNS[name as Column]}\``,
    `\`${name}\``,
    text,
  ]);
  expect(told).toEqual(columns);
});

test("the page on operating names every question and every alert", () => {
  const page = readFileSync(join(ROOT, "src/docs/operators.md"), "utf8");
  const missing = [...QUESTIONS, ...ALERTS].filter(({ name }) => !page.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
