import { expect, test } from "vitest";
import { runSteps } from "./run.ts";
import { RESTARTS, stepsOf } from "./steps.ts";

/** Short runs of `npm run torture`; restarts and restores have their own tests beside this one. */
const SEEDS = [1];
const COUNT = 25;

test.each(SEEDS)("no promise is broken whatever fails: seed %i", async (seed) => {
  const run = await runSteps(stepsOf({ seed, count: COUNT, without: RESTARTS }), console.log);
  expect(run.violations, `npm run torture -- --quick --steps ${COUNT} --seed ${seed}`).toEqual([]);
  expect(run.admitted).toBeGreaterThan(0);
  expect(run.sent).toBeGreaterThan(run.admitted);
});

test("a run finds a revoked key that is admitted, and one that the origin is told another organisation of", async () => {
  const { violations } = await runSteps(
    [{ kind: "wait", numbers: [0, 0, 400] }],
    () => {},
    ({ truth }) => {
      truth.revoked(truth.keys, true);
      for (const owner of truth.owners) Object.assign(owner, { orgId: `${owner.orgId}_no_more` });
    },
  );
  expect(violations).toContainEqual(expect.stringMatching(/^admitted: key_/));
  expect(violations).toContainEqual(expect.stringMatching(/^key_\w+,org_test,/));
});
