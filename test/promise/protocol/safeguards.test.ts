import { describe, expect, test } from "vitest";
import { SMALL_BOUNDS } from "./bounds.ts";
import { searchAll } from "./exhaustive.ts";
import { patchedRules, replaceOnce } from "./patched-rules.ts";
import { PROFILES } from "./profiles.ts";
import * as rules from "./rules.ts";
import { firstViolation } from "./run.ts";
import { RELIED_ON, SAFEGUARDS } from "./safeguards.ts";

/** The most that a missing safeguard may take to be found; `npm run model` does more. */
const MAX_RUNS = 4000;
const MAX_STATES = 120_000;
const PATIENCE = { timeout: 300_000 };

describe("each safeguard is necessary", () => {
  test.each(SAFEGUARDS)("$name, or else not: $promise", PATIENCE, async ({ without, profile, seed }) => {
    const weakened = await patchedRules(without);
    expect(firstViolation(weakened, PROFILES[profile], { from: seed, runs: MAX_RUNS })).not.toBeNull();
  });

  test.each(RELIED_ON)("the platform is relied on: $name", PATIENCE, ({ platform, profile, seed }) => {
    expect(firstViolation(rules, PROFILES[profile], { from: seed, runs: MAX_RUNS }, platform)).not.toBeNull();
  });

  test("a safeguard that is not there exactly once cannot be taken out", () => {
    const patch = { file: "rules/guard.ts", snippet: "waits", replacement: "" };
    expect(() => replaceOnce("it goes on", patch)).toThrow("0 times");
    expect(() => replaceOnce("it waits and waits", patch)).toThrow("2 times");
    expect(replaceOnce("it waits", patch)).toBe("it ");
  });
});

/** Safeguards that are necessary within the bounds already. */
const WITHIN_BOUNDS = [
  ["a change and its repeat", "a change waits for the leases given before it"],
  ["a change and its repeat", "a repeated change waits like the first"],
  ["a change and a crash", "the start of a guard counts as a lease"],
  ["units, a crash and two isolates", "a window is on record before its units leave"],
  ["units and a message that is lost", "units end with their window"],
  ["units and requests that cost several", "the units of a request are taken as a whole"],
] as const;

test.each(WITHIN_BOUNDS)("%s: one breaks unless %s", PATIENCE, async (bounds, name) => {
  const safeguard = SAFEGUARDS.find((one) => one.name === name);
  const weakened = await patchedRules(safeguard?.without ?? []);
  const small = SMALL_BOUNDS[bounds];
  expect(small && searchAll(weakened, small, MAX_STATES).violation).not.toBeNull();
});
