/**
 * Runs tests against one mutant after another, in one process: each message is a file, its text, and the tests; each
 * answer is the first that failed. What depends on the file is loaded anew, and everything else once.
 */
import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { configureGlobal } from "fast-check";
import { importsOf } from "./pure-tests.ts";
import { runCollected } from "./suite.ts";

const ROOT = join(import.meta.dirname, "../..");
const SUITE = new URL("suite.ts", import.meta.url).href;

/** What a runner is sent; without a text the file is as it is. */
export interface Trial {
  readonly file: string;
  readonly text: string | null;
  readonly tests: readonly string[];
  /** Tests that take more of a processor do not end; time on the clock would say how busy the machine is. */
  readonly patienceCpuMs: number;
}

export interface TrialOutcome {
  /** The first test that failed, `null` when all pass. */
  readonly failed: string | null;
  readonly cpuMs: number;
}

let trial: Trial = { file: "", text: null, tests: [], patienceCpuMs: Infinity };
let count = 0;
/** For each of our files whether it imports the one that is changed, by way of others, too. */
let dependence = new Map<string, boolean>();

function dependsOnChange(name: string): boolean {
  const known = dependence.get(name);
  if (known !== undefined) return known;
  // For as long as nobody knows: files may import each other.
  dependence.set(name, false);
  const depends = name === trial.file || importsOf(name).some(dependsOnChange);
  dependence.set(name, depends);
  return depends;
}

function ownName(url: string): string | null {
  if (!url.startsWith("file:")) return null;
  const path = fileURLToPath(url.split("?")[0] ?? url);
  return path.startsWith(`${ROOT}/`) && !path.includes("/node_modules/") ? path.slice(ROOT.length + 1) : null;
}

registerHooks({
  resolve: (specifier, context, next) => {
    const from = ownName(context.parentURL ?? "");
    if (specifier === "vitest" && from !== null && !from.startsWith("test/mutation/")) {
      return { url: SUITE, shortCircuit: true };
    }
    const resolved = next(specifier, context);
    const name = ownName(resolved.url);
    const isAnew = name !== null && (trial.tests.includes(name) || dependsOnChange(name));
    return isAnew ? { ...resolved, url: `${resolved.url.split("?")[0]}?${count}` } : resolved;
  },
  load: (url, context, next) =>
    trial.text !== null && ownName(url) === trial.file
      ? { format: "module", source: trial.text, shortCircuit: true }
      : next(url, context),
});

// Two runs of a property look at the same; of a mutant it is enough to know that it fails.
configureGlobal({ seed: 1, endOnFailure: true });

async function run(next: Trial): Promise<TrialOutcome> {
  trial = next;
  count++;
  dependence = new Map();
  const before = process.cpuUsage();
  let failed: string | null = null;
  for (const test of next.tests) {
    try {
      failed = await runCollected(() => import(pathToFileURL(join(ROOT, test)).href));
    } catch (error) {
      failed = `${test}: ${String(error)}`;
    }
    if (failed !== null) break;
  }
  const { user, system } = process.cpuUsage(before);
  return { failed, cpuMs: (user + system) / 1000 };
}

// A mutant may leave a promise that nobody waits for.
process.on("unhandledRejection", () => {});
process.on("message", (next: Trial) => void run(next).then((outcome) => process.send?.(outcome)));
process.send?.("ready");
