import { describe, expect, test } from "vitest";
import { patchedRules, replaceOnce } from "./patched-rules.ts";
import { PROFILES } from "./profiles.ts";
import * as rules from "./rules.ts";
import { firstViolation, runModel } from "./run.ts";
import { RELIED_ON, SAFEGUARDS } from "./safeguards.ts";

/** Runs of each profile, and the most that a missing safeguard may take to be found; `npm run model` does more. */
const RUNS = 10;
const MAX_RUNS = 4000;
const PATIENCE = { timeout: 300_000 };

describe("the rules as they are", () => {
  test.each(Object.entries(PROFILES))(
    "break no promise in runs of the profile %s",
    PATIENCE,
    (_, profile) => {
      for (let seed = 1; seed <= RUNS; seed++) {
        const { violations, events } = runModel(rules, profile, seed);
        expect(violations, `seed ${seed}`).toEqual([]);
        expect(events).toBeGreaterThan(10);
      }
    },
  );
});

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
