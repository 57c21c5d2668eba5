/**
 * `npm run mutate -- [--room src/core/key] [--share 1] [--minutes 10] [--seed 1]`: makes small changes to the rules, one
 * at a time, and runs the tests of pure rules that import the changed file. A change that no test notices is printed,
 * unless {@link EXPLAINED} says why it changes nothing; any that is left ends the run with 1.
 */
import { fork, type ChildProcess } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "../../src/admission/simulation/random.ts";
import { isExplained } from "./explained.ts";
import { mutantsOf, type Mutant } from "./mutants.ts";
import { pureTests } from "./pure-tests.ts";
import type { Trial } from "./runner.ts";

const ROOT = join(import.meta.dirname, "../..");
/** By importance: what decides first. */
const ROOMS = [
  "src/admission/rules",
  "src/core/access",
  "src/core/key",
  "src/core/token",
  "src/core/policy",
  "src/core",
];
/** A change that makes the tests take so long makes them fail. */
const PATIENCE_MS = 30_000;

interface Task {
  readonly file: string;
  readonly mutant: Mutant;
}

const { values } = parseArgs({
  options: {
    room: { type: "string", multiple: true, default: ROOMS },
    share: { type: "string", default: "1" },
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const end = Date.now() + Number(values.minutes) * 60_000;
const tests = pureTests();
const done = { made: 0, killed: 0, explained: 0, survived: 0 };

/** The process that runs the tests; one that hangs is replaced. */
class Runner {
  #child: ChildProcess | null = null;

  /** The tests that failed; "time" when they did not end. */
  async run(trial: Trial): Promise<readonly string[]> {
    const child = (this.#child ??= await started());
    const answer = await new Promise<readonly string[] | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), PATIENCE_MS);
      child.once("message", (failed: string[]) => {
        clearTimeout(timer);
        resolve(failed);
      });
      child.send(trial);
    });
    if (answer !== null) return answer;
    this.stop();
    return ["time"];
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
    this.#child?.removeAllListeners();
    this.#child = null;
  }
}

async function started(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "runner.ts"), {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // What workerd has and this Node has not yet: bytes as hex and base64.
    execArgv: ["--js-base-64"],
  });
  await new Promise((resolve) => {
    child.once("message", resolve);
  });
  return child;
}

function tasksOf(room: string): Task[] {
  const files = statSync(join(ROOT, room)).isFile() ? [room] : globSync(`${room}/**/*.ts`, { cwd: ROOT });
  const random = seededRandom(Number(values.seed));
  return files
    .toSorted()
    .flatMap((file) => mutantsOf(readFileSync(join(ROOT, file), "utf8")).map((mutant) => ({ file, mutant })))
    .map((task) => ({ task, at: random() }))
    .filter(({ at }) => at < Number(values.share))
    .toSorted((a, b) => a.at - b.at)
    .map(({ task }) => task);
}

const passed = new Map<string, boolean>();

/** Those of the tests that pass by themselves: one that needs a runtime after all shows nothing. */
async function passing(names: readonly string[]): Promise<readonly string[]> {
  for (const test of names.filter((each) => !passed.has(each))) {
    const [failed] = await runner.run({ file: "package.json", text: null, tests: [test] });
    passed.set(test, failed === undefined);
    if (failed !== undefined) console.log(`left out: ${test}: ${failed}`);
  }
  return names.filter((test) => passed.get(test) === true);
}

/** Whether a test notices; those beside the file are asked first. */
async function isNoticed({ file, mutant: { text } }: Task): Promise<boolean> {
  const room = file.slice("src/".length, file.lastIndexOf("/"));
  const all = await passing(tests.get(file) ?? []);
  const near = all.filter((test) => test.startsWith(`test/${room}/`));
  for (const some of [near, all.filter((test) => !near.includes(test))]) {
    if (some.length > 0 && (await runner.run({ file, text, tests: some })).length > 0) return true;
  }
  return false;
}

const seen = new Set<string>();
const runner = new Runner();
for (const room of values.room) {
  const before = { ...done };
  for (const task of tasksOf(room)) {
    const { file, mutant } = task;
    const name = `${file}:${mutant.line}: ${mutant.from} -> ${mutant.to}`;
    if (Date.now() > end) break;
    if (seen.has(mutant.text)) continue;
    seen.add(mutant.text);
    done.made++;
    if (isExplained(file, mutant)) done.explained++;
    else if (await isNoticed(task)) done.killed++;
    else {
      done.survived++;
      console.log(`survived: ${name}`);
    }
  }
  const figures = Object.entries(done).map(
    ([figure, count]) => `${count - before[figure as keyof typeof done]} ${figure}`,
  );
  console.log(`${room}: ${figures.join(", ")}`);
}
runner.stop();
process.exitCode = done.survived > 0 ? 1 : 0;
