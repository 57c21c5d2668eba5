/**
 * `npm run torture -- [--minutes N] [--seed N] [--steps N] [--quick]`: random runs of everything that may happen, over the
 * real runtime, against a model of what must be allowed; `--quick` restarts nothing. With a seed, that run alone. A
 * failure is shrunk and printed with its seed; the command then ends with 1.
 *
 * `npm run torture -- --broken [--seed N] [--only TEXT]`: the same over products that each have a fault, from the same
 * seed on; one whose fault is not found ends with 1.
 */
import { parseArgs } from "node:util";
import { setup } from "../../support/build-bundle.ts";
import { BROKEN, brokenWorker } from "./broken.ts";
import { runSteps, type RunOptions } from "./run.ts";
import { shrink } from "./shrink.ts";
import { RESTARTS, stepsOf, type StepOptions } from "./steps.ts";

const SHRINK_MS = 300_000;
/** Runs in which a fault has to show. */
const BROKEN_RUNS = 25;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string" },
    steps: { type: "string", default: "80" },
    quick: { type: "boolean", default: false },
    broken: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
const count = Number(values.steps);

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

async function torture(): Promise<boolean> {
  const end = Date.now() + Number(values.minutes) * 60_000;
  const without = values.quick ? RESTARTS : [];
  // Other seeds each time, so that runs add up.
  let seed = Number(values.seed ?? Math.floor(Date.now() / 1000) % 1_000_000_000);
  do {
    if (!(await holds({ seed, count, without }))) return false;
    seed++;
  } while (values.seed === undefined && Date.now() < end);
  return true;
}

async function findAllBroken(): Promise<boolean> {
  const notFound: string[] = [];
  for (const product of BROKEN.filter(({ name }) => name.includes(values.only))) {
    console.log(`\n${product.name}`);
    const worker = brokenWorker(product);
    const without = product.shows === "by itself" ? RESTARTS : [];
    const first = Number(values.seed ?? 1);
    let isFound = false;
    for (let seed = first; seed < first + BROKEN_RUNS && !isFound; seed++) {
      isFound = !(await holds({ seed, count, without }, { worker }));
    }
    if (!isFound) notFound.push(product.name);
  }
  console.log(notFound.length === 0 ? "\nevery fault was found" : `\nNOT FOUND: ${notFound.join("; ")}`);
  return notFound.length === 0;
}

setup();
if (!(await (values.broken ? findAllBroken() : torture()))) process.exitCode = 1;
