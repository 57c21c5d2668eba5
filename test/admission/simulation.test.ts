import { expect, test } from "vitest";
import type { Figures } from "../../src/admission/simulation/figures.ts";
import { SCENARIOS, type Scenario } from "../../src/admission/simulation/scenarios.ts";
import { simulate } from "../../src/admission/simulation/simulation.ts";

/** A scenario by the beginning of its name, made shorter. */
function short(beginning: string, changes: Partial<Scenario>): Scenario {
  const scenario = SCENARIOS.find(({ name }) => name.startsWith(beginning));
  if (scenario === undefined) throw new Error(`no scenario ${beginning}`);
  return { ...scenario, ...changes };
}

type Bounds = Partial<Record<keyof Figures, { readonly least?: number; readonly most?: number }>>;

const NEVER = { most: 0 };

const CASES: readonly (readonly [promise: string, scenario: Scenario, bounds: Bounds])[] = [
  [
    "a hot key is decided by lease, however many ask for it",
    short("hot key: 20,000/s", { measuredSeconds: 2 }),
    {
      leaseShare: { least: 0.99 },
      unavailableShare: NEVER,
      guardCallsPerSecond: { most: 500 },
      cutMs: { most: 1100 },
    },
  ],
  [
    "a cold start refuses nobody",
    short("cold start: hot key", { measuredSeconds: 3 }),
    { leaseShare: { least: 0.65 }, unavailableShare: NEVER },
  ],
  [
    "a guard that moves is waited for",
    short("outage of 0.3 s: 2,000/s", { measuredSeconds: 3 }),
    { leaseShare: { least: 0.8 }, unavailableShare: NEVER, recoverySeconds: NEVER },
  ],
  [
    "after an outage all is well soon",
    short("outage of 3 s", { isolates: 100, measuredSeconds: 7 }),
    { unavailableShare: { least: 0.2 }, recoverySeconds: { most: 2 } },
  ],
  [
    "the keys of a group share its leases",
    short("group: 64 keys, 2,000/s, 1 isolate, 10 ms", { measuredSeconds: 3 }),
    { leaseShare: { least: 0.999 }, cutMs: { most: 250 } },
  ],
  [
    "a flood of revoked keys waits as little as one of live keys",
    short("group: 64 keys, 2,000/s, 1 isolate, 10 ms", { cut: "all", measuredSeconds: 6 }),
    { leaseShare: { least: 0.99 }, unavailableShare: NEVER },
  ],
  [
    "10,000 keys in one isolate are as fast as one",
    short("organisation: 10,000 keys in 157 groups, 5,000/s, 1 isolate, 10 ms", { measuredSeconds: 2 }),
    { leaseShare: { least: 0.99 }, unavailableShare: NEVER },
  ],
  [
    "keys in slow use over several isolates are decided by lease more often than not",
    short("organisation: 10,000 keys in 157 groups, 5,000/s, 10 isolates", {
      groups: 16,
      lease: { base: 1000, max: 1000 },
      arrivals: { kind: "random", perSecond: 500, rampSeconds: 2 },
      measuredSeconds: 20,
    }),
    { leaseShare: { least: 0.6 }, unavailableShare: NEVER },
  ],
  [
    "10,000 keys are revoked by one call a group",
    short("organisation: 10,000 keys in 157 groups, each revoked", { warmUpSeconds: 5, measuredSeconds: 4 }),
    // A key's first use in an hour writes what is kept of it by the hour: 12 rows, and here for two requests.
    { cutMs: { least: 1000, most: 3500 }, rowsPerRequest: { most: 5.5 } },
  ],
  [
    "a steady key costs few rows",
    short("sparse: 1 key, 50/s", { measuredSeconds: 300 }),
    { rowsPerRequest: { most: 0.02 }, leaseShare: { least: 0.95 } },
  ],
  [
    "keys of a group that are used in turn cost less than a row",
    short("sparse: 10 keys of a group", { measuredSeconds: 900 }),
    { rowsPerRequest: { most: 0.3 } },
  ],
  [
    "a sparse key costs less than three rows",
    short("sparse: 1 key every minute", {}),
    { rowsPerRequest: { most: 3 } },
  ],
  [
    "a limit is exhausted and not exceeded",
    short("limit: 1,000 in 20 s", { measuredSeconds: 41 }),
    { limitedShare: { least: 0.3, most: 0.6 } },
  ],
  ["a small limit is exact", short("limit: 5 in 10 s", {}), { limitedShare: { least: 0.7, most: 0.9 } }],
  [
    "without leases every request asks",
    short("lease 0", { measuredSeconds: 1 }),
    { leaseShare: NEVER, askedShare: { least: 1 } },
  ],
];

test.each(CASES)("%s", { timeout: 300_000 }, async (_, scenario, bounds) => {
  const figures = await simulate(scenario);
  expect(figures.late).toBe(0);
  expect(figures.overLimit).toBe(0);
  for (const [name, { least = -Infinity, most = Infinity }] of Object.entries(bounds)) {
    const figure = figures[name as keyof Figures];
    expect(figure, name).toBeGreaterThanOrEqual(least);
    expect(figure, name).toBeLessThanOrEqual(most);
  }
});

test("the same seed gives the same figures", async () => {
  const scenario = short("limit: 5 in 10 s", {});
  expect(await simulate(scenario, 7)).toEqual(await simulate(scenario, 7));
});
