/**
 * `npm run mutate`: makes small changes to the rules, one at a time, and runs the tests of pure rules that import the
 * changed file; see `USAGE`. A change that no test notices is printed, unless {@link EXPLAINED} says why it changes
 * nothing; any that is left ends the run with 1, and so does a test that could not be run.
 */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../src/admission/simulation/random.ts";
import { commandOf } from "../../src/command-line.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { EXPLAINED, explanationOf } from "./explained.ts";
import { mutantsOf, type Mutant } from "./mutants.ts";
import { pureTests } from "./pure-tests.ts";
import { RunnerProcess } from "./runner-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAX_TEST_CPU_MS = 60_000;
/** Tests of a mutant that take so many times what they usually do, and this more, do not end. */
const MAX_SLOWER = 3;
const SPARE_CPU_MS = 2000;

interface Task {
  readonly file: string;
  readonly mutant: Mutant;
}

const command = commandOf(USAGE, readArguments);
const end = Date.now() + command.minutes * 60_000;

const sources = new Map<string, string>();

function sourceOf(file: string): string {
  const source = sources.get(file) ?? readFileSync(join(ROOT, file), "utf8");
  sources.set(file, source);
  return source;
}

/** The tasks of each room; a file is part of the first that holds it. */
function tasksByRoom(): Map<string, Task[]> {
  const seen = new Set<string>();
  const random = seededRandom(command.seed);
  const entries = command.rooms.map((room) => {
    const files = statSync(join(ROOT, room)).isFile() ? [room] : globSync(`${room}/**/*.ts`, { cwd: ROOT });
    const own = files.toSorted().filter((file) => !seen.has(file));
    for (const file of own) seen.add(file);
    const tasks = own.flatMap((file) => mutantsOf(sourceOf(file)).map((mutant) => ({ file, mutant })));
    return [room, tasks.filter(() => random() < command.share)] as const;
  });
  return new Map(entries);
}

/** Explanations of a line that is not there any more. */
function staleExplanations(): string[] {
  return EXPLAINED.filter(
    ({ file, line }) =>
      !sourceOf(file)
        .split("\n")
        .some((each) => each.trim() === line),
  ).map(({ file, line }) => `${file}: ${line}`);
}

const tests = pureTests();
const costs = new Map<string, Promise<number>>();
/** How many tests could not be run on the rules as they are, and so showed nothing. */
let leftOut = 0;

/** How much of a processor a test takes by itself, in milliseconds; `Infinity` for one that is left out. */
function costOf(runner: RunnerProcess, test: string): Promise<number> {
  const known = costs.get(test);
  if (known !== undefined) return known;
  const found = runner
    .run({ file: "", text: null, tests: [test], patienceCpuMs: MAX_TEST_CPU_MS })
    .then(({ failed, cpuMs }) => {
      if (failed === null) return cpuMs;
      leftOut++;
      console.log(`left out: ${test}: ${failed}`);
      return Infinity;
    });
  costs.set(test, found);
  return found;
}

/** Whether a test notices; the quick ones are asked first. */
async function isNoticed(runner: RunnerProcess, { file, mutant: { text } }: Task): Promise<boolean> {
  const timed: { test: string; cpuMs: number }[] = [];
  const own = (tests.get(file) ?? []).filter((test) => command.tests.some((start) => test.startsWith(start)));
  for (const test of own) timed.push({ test, cpuMs: await costOf(runner, test) });
  const usable = timed.filter(({ cpuMs }) => cpuMs < Infinity).toSorted((a, b) => a.cpuMs - b.cpuMs);
  const patienceCpuMs = SPARE_CPU_MS + MAX_SLOWER * usable.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const { failed } = await runner.run({ file, text, tests: usable.map(({ test }) => test), patienceCpuMs });
  return failed !== null;
}

class Tally {
  made = 0;
  killed = 0;
  explained = 0;
  survived = 0;
  /** Mutants that there was no time for. */
  left = 0;

  toString(): string {
    const { made, killed, explained, survived, left } = this;
    const figures = `${made} mutants, ${killed} killed, ${explained} explained, ${survived} survivors`;
    return left === 0 ? figures : `${figures}, ${left} not tried`;
  }
}

const total = new Tally();

async function fateOf(runner: RunnerProcess, task: Task): Promise<"killed" | "explained" | "survived"> {
  const { file, mutant } = task;
  const name = `${file}:${mutant.line}: ${mutant.from} -> ${mutant.to}`;
  const explanation = explanationOf(file, sourceOf(file), mutant);
  if (explanation !== null) {
    console.log(`explained: ${name}: ${explanation.why}`);
    return "explained";
  }
  if (await isNoticed(runner, task)) return "killed";
  console.log(`survived: ${name}`);
  return "survived";
}

async function mutate(runners: readonly RunnerProcess[], room: string, tasks: Task[]): Promise<void> {
  const own = new Tally();
  const count = (what: keyof Tally) => {
    own[what]++;
    total[what]++;
  };
  const work = async (runner: RunnerProcess) => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      if (Date.now() > end) {
        count("left");
        continue;
      }
      count("made");
      count(await fateOf(runner, task));
    }
  };
  await Promise.all(runners.map(work));
  console.log(`${room}: ${own.toString()}`);
}

// The table that some tests of the rules decide by.
execFileSync("node", ["src/api/build.ts"], { cwd: ROOT, stdio: "inherit" });
const stale = staleExplanations();
for (const each of stale) console.log(`explains nothing: ${each}`);
const runners = Array.from({ length: command.processes }, () => new RunnerProcess());
for (const [room, tasks] of tasksByRoom()) await mutate(runners, room, tasks);
for (const runner of runners) runner.stop();
console.log(`all: ${total.toString()}`);
process.exitCode = total.survived + stale.length + leftOut > 0 ? 1 : 0;
