import { ModelGuard } from "./guards.ts";
import { ModelIsolate } from "./isolates.ts";
import { ModelOrganization } from "./organization.ts";
import type { Profile } from "./profiles.ts";
import { World, type Platform, type Rules } from "./world.ts";

/** Nothing begins after the end; what has begun goes on for so long. */
const AFTER_MS = 3000;
/** Short, so that shorter leases come on record within a run. */
const LONGEST_KEPT_MS = 300;
const EVENTS_EVERY_MS = 40;
const IDLE_SHARE = 0.01;
const BURST_IDLE_SHARE = 0.97;
const STEP_SHARE = 0.05;

const RELIABLE: Platform = { holdsAnswers: true, stopsSuperseded: true };

interface RunOutcome {
  /** Promises that were broken; the run ends with the first. */
  readonly violations: readonly string[];
  readonly events: number;
}

/** One run of the randomised model: everything that may happen by the profile, in an order that the seed gives. */
export function runModel(rules: Rules, profile: Profile, seed: number, platform = RELIABLE): RunOutcome {
  rules.LONGEST_ON_RECORD.KEEP_MS = LONGEST_KEPT_MS;
  const world = new World(rules, platform, profile, seed);
  const guard = new ModelGuard(world);
  const organization = new ModelOrganization(world, guard);
  const isolates = Array.from({ length: profile.isolates }, () => new ModelIsolate(world, guard));
  organization.create();
  world.repeat(world.pick(profile.requestEvery), 20, () => requestSomewhere(world, isolates));
  world.repeat(world.pick(profile.changeEvery), 100, () => organization.change());
  if (world.chance(profile.cuts))
    world.after(world.between(500, world.endMs), null, () => organization.cut());
  world.repeat(EVENTS_EVERY_MS, 100, () => disturb(world, guard, organization, isolates));
  let events = 0;
  while (world.truth.violations.length === 0 && world.queue.step(world.endMs + AFTER_MS)) events++;
  return { violations: world.truth.violations, events };
}

/** The first violation that runs from a seed on find, `null` when none does. */
export function firstViolation(
  rules: Rules,
  profile: Profile,
  { from, runs }: { from: number; runs: number },
  platform = RELIABLE,
): { readonly seed: number; readonly violation: string } | null {
  for (let seed = from; seed < from + runs; seed++) {
    const [violation] = runModel(rules, profile, seed, platform).violations;
    if (violation !== undefined) return { seed, violation };
  }
  return null;
}

function requestSomewhere(world: World, isolates: readonly ModelIsolate[]): void {
  const isolate = world.pick(isolates);
  const { now } = world.queue;
  const { burst } = world.profile;
  if (now < isolate.idleUntil) return;
  const isQuiet = burst !== null && Math.floor(now / burst) % 2 === 1;
  if (isQuiet && world.chance(BURST_IDLE_SHARE)) return;
  if (world.chance(IDLE_SHARE)) isolate.idleUntil = now + world.between(100, 1200);
  isolate.request();
}

function disturb(
  world: World,
  guard: ModelGuard,
  organization: ModelOrganization,
  isolates: ModelIsolate[],
): void {
  const { profile } = world;
  if (world.chance(profile.crash)) guard.crash();
  if (world.chance(profile.supersede)) guard.supersede();
  if (world.chance(profile.deploy)) {
    world.bounds = world.newBounds();
    guard.crash();
  }
  if (world.chance(profile.isolateCrash)) {
    const at = Math.floor(world.random() * isolates.length);
    const old = isolates[at];
    if (old !== undefined) old.isDead = true;
    isolates[at] = new ModelIsolate(world, guard);
  }
  if (world.chance(profile.restore)) organization.restore();
  if (profile.guardSteps.length > 0 && world.chance(STEP_SHARE))
    guard.stepClock(world.pick(profile.guardSteps));
  if (profile.isolateSteps.length > 0 && world.chance(STEP_SHARE)) stepClock(world, world.pick(isolates));
}

/** An isolate whose clock steps back reads it before it has caught up, unless the step is one that nobody sees. */
function stepClock(world: World, isolate: ModelIsolate): void {
  const by = world.pick(world.profile.isolateSteps);
  const { areStepsHidden } = world.profile;
  if (!areStepsHidden) isolate.read();
  isolate.clock.offset += by;
  if (by < 0 && !areStepsHidden) world.after(Math.min(15, -by / 2), isolate, () => isolate.read());
}
