/** `npm run model`: the models at length; see `USAGE`. */
import { commandOf } from "../../../src/command-line.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { LARGE_BOUNDS, SMALL_BOUNDS } from "./bounds.ts";
import { searchAll } from "./exhaustive.ts";
import type { Profile } from "./profiles.ts";
import * as rules from "./rules.ts";
import { runModel } from "./run.ts";

/** Random runs until the time is up; whether no promise was broken. */
function runProfile(name: string, profile: Profile, end: number): boolean {
  // Other seeds each time, so that runs add up.
  const firstSeed = Math.floor(Date.now() / 1000) % 1_000_000_000;
  let holds = true;
  let seed = firstSeed;
  let events = 0;
  for (; performance.now() < end; seed++) {
    const run = runModel(rules, profile, seed);
    events += run.events;
    if (run.violations.length === 0) continue;
    console.log(`BROKEN: profile ${name}, seed ${seed}: ${run.violations.join(", ")}`);
    holds = false;
  }
  const outcome = holds ? ", no promise broken" : "";
  console.log(`${name}: seeds ${firstSeed} to ${seed - 1}, ${events} events${outcome}`);
  return holds;
}

/** All runs within some bounds; whether no promise was broken. */
function search(name: string, bounds: Parameters<typeof searchAll>[1], maxStates: number): boolean {
  const { states, moves, isComplete, violation } = searchAll(rules, bounds, maxStates);
  if (violation !== null) console.log(`BROKEN: ${name}: ${violation.what}\n  ${violation.run.join("\n  ")}`);
  console.log(
    `${name}: ${states} states, ${moves} steps, ${isComplete ? "all" : "not all"} of them searched; ${JSON.stringify(bounds)}`,
  );
  return violation === null;
}

const { totalMs, profiles, maxStates } = commandOf(USAGE, readArguments);
const outcomes: boolean[] = [];
for (const [name, profile] of profiles) {
  outcomes.push(runProfile(name, profile, performance.now() + totalMs / 2 / profiles.length));
}
const end = performance.now() + totalMs / 2;
for (const [name, bounds] of Object.entries({ ...SMALL_BOUNDS, ...LARGE_BOUNDS })) {
  if (performance.now() > end) console.log(`${name}: not searched, the time is up`);
  else outcomes.push(search(name, bounds, maxStates));
}
if (outcomes.includes(false)) process.exitCode = 1;
