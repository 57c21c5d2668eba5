/** `npm run torture`: random runs of everything that may happen; see `USAGE`. */
import { commandOf } from "../../../src/command-line.ts";
import { setup } from "../../support/build-bundle.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { BROKEN, brokenWorker } from "./broken.ts";
import { runSteps, type RunOptions } from "./run.ts";
import { shrink } from "./shrink.ts";
import { RESTARTS, stepsOf, type StepOptions } from "./steps.ts";

const SHRINK_MS = 300_000;
/** Runs in which a fault has to show. */
const BROKEN_RUNS = 25;

type Command = ReturnType<typeof readArguments>;

/** One run; whether no promise was broken. One that was is shrunk. */
async function holds(options: StepOptions, runOptions: RunOptions = {}): Promise<boolean> {
  const { seed } = options;
  const steps = stepsOf(options);
  const { violations, ...run } = await runSteps(steps, { ...runOptions, tell: console.log });
  console.log(
    `seed ${seed}: ${JSON.stringify(run)} ${violations.length === 0 ? "no promise broken" : "BROKEN"}`,
  );
  if (violations.length === 0) return true;
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
  const left = await shrink(steps.slice(0, run.done), {
    run: (fewer) => runSteps(fewer, runOptions),
    endsAt: Date.now() + SHRINK_MS,
    tell: console.log,
  });
  console.log(`seed ${seed}, shrunk:\n  ${left.map((step) => JSON.stringify(step)).join("\n  ")}`);
  return false;
}

async function torture({ minutes, seed: given, steps: count, quick }: Command): Promise<boolean> {
  // A seed names one run.
  const end = given === null ? Date.now() + minutes * 60_000 : 0;
  const without = quick ? RESTARTS : [];
  // Other seeds each time, so that runs add up.
  let seed = given ?? Math.floor(Date.now() / 1000) % 1_000_000_000;
  do {
    if (!(await holds({ seed, count, without }))) return false;
    seed++;
  } while (Date.now() < end);
  return true;
}

async function findAllBroken({ seed: given, steps: count, only }: Command): Promise<boolean> {
  const notFound: string[] = [];
  for (const product of BROKEN.filter(({ name }) => name.includes(only))) {
    console.log(`\n${product.name}`);
    const worker = brokenWorker(product);
    const without = product.shows === "by itself" ? RESTARTS : [];
    const first = given ?? 1;
    let isFound = false;
    for (let seed = first; seed < first + BROKEN_RUNS && !isFound; seed++) {
      isFound = !(await holds({ seed, count, without }, { worker }));
    }
    if (!isFound) notFound.push(product.name);
  }
  console.log(notFound.length === 0 ? "\nevery fault was found" : `\nNOT FOUND: ${notFound.join("; ")}`);
  return notFound.length === 0;
}

const command = commandOf(USAGE, readArguments);
setup();
if (!(await (command.broken ? findAllBroken(command) : torture(command)))) process.exitCode = 1;
