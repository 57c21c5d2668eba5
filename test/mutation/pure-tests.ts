import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
/** A test that imports one of these starts a runtime, a server or a process: too slow to run for each mutant. */
const SLOW =
  /(?:from|import) "(?:cloudflare:|node:(?:http|net|child_process|worker_threads)|miniflare|wrangler|esbuild|@redocly|playwright)/;

const LONG = ["test/admission/simulation.test.ts", "test/console/**"];

/** For each of our files the tests of pure rules that import it, by way of others, too. Paths are from the root. */
export function pureTests(): ReadonlyMap<string, readonly string[]> {
  const tests = new Map<string, string[]>();
  for (const test of globSync("test/**/*.test.ts", { cwd: ROOT, exclude: LONG }).toSorted()) {
    const files = new Set<string>();
    if (!collect(join(ROOT, test), files)) continue;
    for (const file of files) tests.set(file, [...(tests.get(file) ?? []), test]);
  }
  return tests;
}

/** Collects what a file imports; whether none of it is slow. */
function collect(file: string, seen: Set<string>): boolean {
  const name = file.slice(ROOT.length + 1);
  if (seen.has(name)) return true;
  seen.add(name);
  const text = readFileSync(file, "utf8").replaceAll(/import type [^;]*;/g, "");
  if (SLOW.test(text)) return false;
  const imports = text.matchAll(/(?:from|import) "(\.[^"]+)"/g);
  return [...imports].every(([, path]) => collect(join(dirname(file), path ?? ""), seen));
}
