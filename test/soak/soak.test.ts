import { describe, expect, test } from "vitest";
import { problemsOf, soak, type Sample } from "./soak.ts";
import { Waits } from "./waits.ts";

const SAMPLE: Sample = {
  hour: 1,
  requests: 1000,
  p99Ms: 90,
  heapBytes: 100e6,
  heldBytes: 30e6,
  guardRows: 1000,
  databaseBytes: 1e6,
};
const FIGURES = {
  hours: 3,
  keys: 100,
  organizations: 2,
  requestsPerSecond: 1,
  objects: 2,
  requests: 3000,
  leaseShare: 0.1,
  unavailable: 0,
  addedMs: { p50: 20, p99: 90 },
  rowsPerRequest: { counted: 2, computed: 2 },
  objectRows: { counted: 100, computed: 100 },
  samples: [SAMPLE, SAMPLE, SAMPLE],
};

test("hours of traffic leave memory flat and storage as computed, in the product's own objects, too", async () => {
  const hours: number[] = [];
  const small = { hours: 3, keys: 300, organizations: 12, requestsPerSecond: 1.5, objects: 3 };
  const result = await soak(small, ({ hour }) => hours.push(hour));
  expect(result.problems).toEqual([]);
  expect(hours).toEqual([1, 2, 3]);
  expect(result.requests).toBeGreaterThan(10_000);
  expect(result.addedMs.p99).toBeLessThan(250);
  expect(result.objectRows.counted).toBeGreaterThan(result.objectRows.computed / 10);
}, 120_000);

describe("a soak tells of", () => {
  test.each<[string, object]>([
    ["memory has grown", { samples: [SAMPLE, SAMPLE, { ...SAMPLE, heapBytes: 120e6 }] }],
    ["an isolate holds too much", { samples: [{ ...SAMPLE, heldBytes: 40e6 }, SAMPLE] }],
    ["more rows are written", { rowsPerRequest: { counted: 3, computed: 2 } }],
    ["organisations write more rows", { objectRows: { counted: 200, computed: 100 } }],
    ["3 requests got 503", { unavailable: 3 }],
  ])("%s", (problem, change) => {
    expect(problemsOf(FIGURES)).toEqual([]);
    expect(problemsOf({ ...FIGURES, ...change })).toEqual([expect.stringContaining(problem)]);
  });
});

test("waits are told by their share", () => {
  const waits = new Waits();
  for (let ms = 1; ms <= 200; ms++) waits.add(ms);
  expect([waits.of(0.5), waits.of(0.99), waits.of(1)]).toEqual([100, 198, 200]);
});
