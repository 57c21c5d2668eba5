import { expect, test } from "vitest";
import { BROKEN, brokenWorker } from "./broken.ts";
import { runSteps } from "./run.ts";
import { shrink } from "./shrink.ts";
import { RESTARTS, stepsOf, type Step } from "./steps.ts";

/** Short runs of `npm run torture`; restarts and restores have their own tests beside this one. */
const SEEDS = [1];
const COUNT = 20;

test.each(SEEDS)("no promise is broken whatever fails: seed %i", async (seed) => {
  const run = await runSteps(stepsOf({ seed, count: COUNT, without: RESTARTS }), { tell: console.log });
  expect(run.violations, `npm run torture -- --quick --steps ${COUNT} --seed ${seed}`).toEqual([]);
  expect(run.admitted).toBeGreaterThan(0);
  expect(run.sent).toBeGreaterThan(run.admitted);
});

/** All of them are run by `npm run torture -- --broken`. */
test("a run finds a cut that is confirmed and ignored, and an origin that is told another organisation", async () => {
  const ignored = BROKEN.find(({ name }) => name === "a guard confirms an operator's cut and ignores it");
  const cut: Step = { kind: "revokeByOperator", numbers: [0, 0, 0] };
  const wait: Step = { kind: "wait", numbers: [0, 0, 400] };
  const [admitted, misled] = await Promise.all([
    runSteps([cut], { worker: brokenWorker(ignored as (typeof BROKEN)[number]) }),
    runSteps([wait], {
      prepare: ({ truth }) => {
        for (const owner of truth.owners) Object.assign(owner, { orgId: `${owner.orgId}_no_more` });
      },
    }),
  ]);
  expect(admitted.violations).toContainEqual(expect.stringMatching(/^admitted: key_.* revoked true/));
  expect(misled.violations).toContainEqual(expect.stringMatching(/^key_\w+,org_test,/));
});

test.each(BROKEN)("there is a Worker to break: $name", (product) => {
  expect(brokenWorker(product)).not.toBe("");
});

test("a failure is shrunk to the steps that it takes", async () => {
  const steps = stepsOf({ seed: 7, count: 60 });
  const [first, second] = [steps[20], steps[41]];
  const runs: number[] = [];
  const left = await shrink(steps, {
    run: async (some) => {
      runs.push(some.length);
      const at = some.findIndex((step) => step === second);
      const fails = at !== -1 && some.slice(0, at).some((step) => step === first);
      return { violations: fails ? ["it fails"] : [], done: fails ? at + 1 : some.length };
    },
    endsAt: Infinity,
    tell: () => {},
  });
  expect(left).toEqual([first, second]);
  expect(runs.length).toBeLessThan(60);
});
