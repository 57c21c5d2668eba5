import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const TIMEOUT_MS = 300_000;

/** What is wrong with the API's document that the variables name, in the words of `npm run check`. */
export async function documentProblems(vars: Readonly<Record<string, string>>): Promise<string[]> {
  const check = promisify(execFile)(process.execPath, [join(import.meta.dirname, "../check.ts")], {
    env: { ...process.env, ...vars },
    timeout: TIMEOUT_MS,
    // It prints a line for each operation, and there are documents of many thousands.
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  return check.then(
    () => [],
    ({ stderr, killed }: { stderr: string; killed?: boolean }) => [
      `The API's document:\n${killed === true ? "npm run check has not come to an end" : stderr.trim()}`,
    ],
  );
}
