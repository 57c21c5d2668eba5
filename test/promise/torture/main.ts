/**
 * `npm run torture -- [--minutes N] [--seed N] [--steps N] [--quick]`: random runs of everything that may happen, over the real
 * runtime, against a model of what must be allowed; `--quick` restarts nothing. With a seed, that run alone. A failure is told with its seed and
 * shrunk, and ends with 1.
 */
import { parseArgs } from "node:util";
import { setup } from "../../support/build-bundle.ts";
import { runSteps } from "./run.ts";
import { shrink } from "./shrink.ts";
import { RESTARTS, stepsOf } from "./steps.ts";

const SHRINK_MS = 300_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string" },
    steps: { type: "string", default: "80" },
    quick: { type: "boolean", default: false },
  },
});
const count = Number(values.steps);
const end = Date.now() + Number(values.minutes) * 60_000;
// Other seeds each time, so that runs add up.
let seed = Number(values.seed ?? Math.floor(Date.now() / 1000) % 1_000_000_000);

setup();
do {
  const steps = stepsOf({ seed, count, without: values.quick ? RESTARTS : [] });
  const { violations, ...run } = await runSteps(steps, console.log);
  console.log(
    `seed ${seed}: ${JSON.stringify(run)} ${violations.length === 0 ? "no promise broken" : "BROKEN"}`,
  );
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
  if (violations.length > 0) {
    process.exitCode = 1;
    const left = await shrink(steps.slice(0, run.done), Date.now() + SHRINK_MS, console.log);
    console.log(`seed ${seed}, shrunk:\n  ${left.map((step) => JSON.stringify(step)).join("\n  ")}`);
    break;
  }
  seed++;
} while (values.seed === undefined && Date.now() < end);
