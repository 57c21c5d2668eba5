/**
 * `npm run model -- [--minutes N] [--profile NAME] [--states N]`: the models at length. Half of the time goes to random
 * runs of every profile, the rest to searching all runs within larger bounds. Ends with 1 if a promise is broken.
 */
import { parseArgs } from "node:util";
import { LARGE_BOUNDS, SMALL_BOUNDS } from "./bounds.ts";
import { searchAll } from "./exhaustive.ts";
import { PROFILES, type Profile } from "./profiles.ts";
import * as rules from "./rules.ts";
import { runModel } from "./run.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, profile: { type: "string" }, states: { type: "string" } },
});
const totalMs = Number(values.minutes ?? 1) * 60_000;
const profiles = Object.entries<Profile>(PROFILES).filter(([name]) => (values.profile ?? name) === name);
// Other seeds each time, so that runs add up.
const firstSeed = Math.floor(Date.now() / 1000) % 1_000_000_000;

for (const [name, profile] of profiles) {
  const end = performance.now() + totalMs / 2 / profiles.length;
  let seed = firstSeed;
  let events = 0;
  for (; performance.now() < end; seed++) {
    const run = runModel(rules, profile, seed);
    events += run.events;
    if (run.violations.length > 0) broken(`profile ${name}, seed ${seed}: ${run.violations.join(", ")}`);
  }
  console.log(`${name}: seeds ${firstSeed} to ${seed - 1}, ${events} events, no promise broken`);
}

const end = performance.now() + totalMs / 2;
const maxStates = Number(values.states ?? 2_000_000);
for (const [name, bounds] of Object.entries({ ...SMALL_BOUNDS, ...LARGE_BOUNDS })) {
  if (performance.now() > end) {
    console.log(`${name}: not searched, the time is up`);
    continue;
  }
  const { states, moves, isComplete, violation } = searchAll(rules, bounds, maxStates);
  if (violation !== null) broken(`${name}: ${violation.what}\n  ${violation.run.join("\n  ")}`);
  console.log(
    `${name}: ${states} states, ${moves} steps, ${isComplete ? "all" : "not all"} of them searched; ${JSON.stringify(bounds)}`,
  );
}

function broken(what: string): void {
  console.log(`BROKEN: ${what}`);
  process.exitCode = 1;
}
