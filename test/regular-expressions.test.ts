import { parse } from "acorn";
import { full } from "acorn-walk";
import { transform } from "esbuild";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "recheck";
import { describe, expect, test } from "vitest";

/**
 * A regular expression that takes more than linear time lets one caller's text freeze an isolate for everybody. All of
 * the source are checked, whosever text they are for.
 */
const SRC = join(import.meta.dirname, "../src");

/** What counts is how many steps a match takes: by the clock, a busy machine would make any expression slow. */
const STEPS_ALONE = { timeout: null, attackTimeout: null, incubationTimeout: null };

interface Expression {
  readonly source: string;
  readonly flags: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"),
);
const read = await Promise.all(files.map(async (file) => ({ file, ...(await readExpressions(file)) })));
const built = await expressionsBuiltBy(read.flatMap(({ file, builds }) => (builds === 0 ? [] : [file])));

/** The expressions written out in a file, and how many it builds by `new RegExp`. */
async function readExpressions(file: string): Promise<{ literals: Expression[]; builds: number }> {
  const { code } = await transform(readFileSync(join(SRC, file), "utf8"), {
    loader: file.endsWith("x") ? "tsx" : "ts",
    target: "esnext",
    jsx: "automatic",
  });
  const literals: Expression[] = [];
  let builds = 0;
  full(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    if (node.type === "Literal" && "regex" in node) {
      const { pattern, flags } = node.regex as { pattern: string; flags: string };
      literals.push({ source: pattern, flags });
    }
    const callee = node.type === "NewExpression" && "callee" in node ? node.callee : null;
    if (callee !== null && (callee as { name?: string }).name === "RegExp") builds++;
  });
  return { literals, builds };
}

/** The expressions that modules build when they are loaded, by file. */
async function expressionsBuiltBy(modules: readonly string[]): Promise<Map<string, Expression[]>> {
  const byFile = new Map<string, Expression[]>();
  const original = globalThis.RegExp;
  globalThis.RegExp = new Proxy(original, {
    construct(target, args, newTarget) {
      const expression = Reflect.construct(target, args, newTarget) as RegExp;
      const [, file] = /\/src\/([\w./-]+\.tsx?)/.exec(new Error("Who builds it").stack ?? "") ?? [];
      if (file !== undefined) byFile.set(file, [...(byFile.get(file) ?? []), expression]);
      return expression;
    },
  });
  try {
    // By a name of their own, since other tests may have loaded them before.
    for (const file of modules) await import(`${join(SRC, file)}?anew`);
  } finally {
    globalThis.RegExp = original;
  }
  return byFile;
}

/**
 * The alternatives of a list of whole texts, `^(?:a|b)$`, which takes as long as one after the other does: checked at
 * once, a long list takes too long to check.
 */
function alternativesOf({ source, flags }: Expression): Expression[] {
  const list = /^\^\(\?:([^()]*)\)\$$/.exec(source)?.[1];
  return list === undefined
    ? [{ source, flags }]
    : list.split("|").map((one) => ({ source: `^(?:${one})$`, flags }));
}

/**
 * Whether all that can be chosen is the length of one run, which has a bound: then a match takes at most so many steps from
 * each place. To try such an expression out takes long, and more counts than a few cannot be decided otherwise.
 */
function choosesOneLength({ source }: Expression): boolean {
  const plain = source.replaceAll(/\[[^\]\\]+\]/g, "c").replaceAll(/\(\?(?:<?[=!]|:)/g, "(");
  const choices = plain.match(/\\|[*+?|]|\)\{|\{\d+,\d*\}/g) ?? [];
  return choices.length === 0 || (choices.length === 1 && /^\{\d+,\d+\}$/.test(choices[0]));
}

/** Ways through an expression without repetition that are few: fewer steps than a check of it takes. */
const FEW_WAYS = 10_000;

/**
 * Whether nothing in it repeats, and there are few ways through it: then a match takes at most so many steps from each
 * place. At the most, each group has as many alternatives as there are in all, and each optional part doubles the ways.
 */
function hasFewWays({ source }: Expression): boolean {
  const plain = source
    .replaceAll(/\\./g, "c")
    .replaceAll(/\[[^\]]+\]/g, "c")
    .replaceAll(/\(\?(?:<?[=!]|:)/g, "(");
  if (/[*+{]/.test(plain)) return false;
  const count = (sign: string): number => plain.split(sign).length - 1;
  return (count("|") + 1) ** (count("(") + 1) * 2 ** count("?") <= FEW_WAYS;
}

/** Checks of expressions that several files have, each made once. */
const checks = new Map<string, ReturnType<typeof check>>();

function checkOnce({ source, flags }: Expression): ReturnType<typeof check> {
  const name = `/${source}/${flags}`;
  const known = checks.get(name) ?? check(source, flags, STEPS_ALONE);
  checks.set(name, known);
  return known;
}

describe("every regular expression takes time in proportion to the text", () => {
  const expressions = read.map(({ file, literals }) => ({
    file,
    all: [...literals, ...(built.get(file) ?? [])]
      .flatMap(alternativesOf)
      .filter((one) => !choosesOneLength(one) && !hasFewWays(one)),
  }));
  test.each(expressions.filter(({ all }) => all.length > 0))("in $file", async ({ all }) => {
    const checked = await Promise.all(
      all.map(async (one) => {
        const { status } = await checkOnce(one);
        return { expression: `/${one.source}/${one.flags}`, status };
      }),
    );
    expect(checked.filter(({ status }) => status !== "safe")).toEqual([]);
  });
});

test.each([
  ["[a-z]{0,15}_[0-9]{38}", true],
  ["(?<![a-z])(a{2,9})(?!b)", true],
  ["(?:a{2,9}){9}", false],
  ["(?:a{2,9})+", false],
  ["a{2,9}a{2,9}", false],
  ["a{2,}", false],
  ["a{2,9}b*", false],
  ["a{2,9}b?", false],
  ["a{2,9}|b", false],
  ["[+*?|]\\d{2,9}", false],
])("whether %s needs no check: %s", (source, needless) => {
  expect(choosesOneLength({ source, flags: "" })).toBe(needless);
});

test.each([
  ["a|b", true],
  ["(?:^|\\.)(?:example|test)\\.?$", true],
  ["a\\+\\*[*+{]b?", true],
  ["(?:a|a)*", false],
  ["(?:a|b)+c", false],
  ["a{2}|b", false],
  ["\\p{L}|b", false],
  ["[\\]*+]*a", false],
  ["(?:a|a)(?:a|a)(?:a|a)(?:a|a)(?:a|a)", false],
  ["a?a?a?a?a?a?a?a?a?a?a?a?a?a?", false],
])("whether %s has few ways through it: %s", (source, few) => {
  expect(hasFewWays({ source, flags: "" })).toBe(few);
});

test("no expression is built later, out of sight", () => {
  const hidden = read.filter(({ file, builds }) => (built.get(file)?.length ?? 0) < builds);
  expect(hidden.map(({ file }) => file)).toEqual([]);
});
