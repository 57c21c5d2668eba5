import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
/** A test that imports one of these starts a runtime, a server or a process: too slow to run for each mutant. */
const SLOW =
  /(?:from|import) "(?:cloudflare:|node:(?:http|net|child_process|worker_threads)|miniflare|wrangler|esbuild|@redocly|playwright)/;

const LONG = [
  "test/admission/simulation.test.ts",
  "test/promise/protocol/exhaustive.test.ts",
  "test/console/**",
];

/** For each of our files the tests of pure rules that import it, by way of others, too. Paths are from the root. */
export function pureTests(): ReadonlyMap<string, readonly string[]> {
  const tests = new Map<string, string[]>();
  for (const test of globSync("test/**/*.test.ts", { cwd: ROOT, exclude: LONG }).toSorted()) {
    const files = new Set<string>();
    if (!collect(test, files)) continue;
    for (const file of files) tests.set(file, [...(tests.get(file) ?? []), test]);
  }
  return tests;
}

/** Collects what a file imports, by names from the root; whether none of it is slow. */
function collect(name: string, seen: Set<string>): boolean {
  if (seen.has(name)) return true;
  seen.add(name);
  return !SLOW.test(codeOf(name)) && importsOf(name).every((each) => collect(each, seen));
}

const imports = new Map<string, readonly string[]>();

/** Our files that one of them imports. */
export function importsOf(name: string): readonly string[] {
  const known = imports.get(name);
  if (known !== undefined) return known;
  const found = [...codeOf(name).matchAll(/(?:from|import) "(\.[^"]+)"/g)].map(([, path]) =>
    join(dirname(name), path ?? ""),
  );
  imports.set(name, found);
  return found;
}

function codeOf(name: string): string {
  return readFileSync(join(ROOT, name), "utf8").replaceAll(/import type [^;]*;/g, "");
}
