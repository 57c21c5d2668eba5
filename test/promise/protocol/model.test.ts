import { expect, test } from "vitest";
import { PROFILES } from "./profiles.ts";
import * as rules from "./rules.ts";
import { runModel } from "./run.ts";

/** Runs of each profile; `npm run model` does more. */
const RUNS = 10;

test.each(Object.entries(PROFILES))(
  "no promise is broken in runs of the profile %s",
  { timeout: 300_000 },
  (_, profile) => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const { violations, events } = runModel(rules, profile, seed);
      expect(violations, `seed ${seed}`).toEqual([]);
      expect(events).toBeGreaterThan(10);
    }
  },
);
