import { describe, expect, test } from "vitest";
import { leaseLength, newLoad, noteCall } from "../../src/admission/rules/load.ts";

const BOUNDS = { base: 200, max: 1000 };
const PER_SECOND = 400;

/** The lease after calls at these moments, in milliseconds. */
function leaseAfter(moments: readonly number[]): number {
  const load = newLoad(0);
  for (const moment of moments) noteCall(load, moment, PER_SECOND, BOUNDS);
  return leaseLength(BOUNDS, load, 0);
}

const every = (ms: number, until: number) => Array.from({ length: until / ms }, (_, i) => i * ms);

describe("the length of leases", () => {
  test("is the base while calls are few", () => {
    expect(leaseAfter(every(10, 3000))).toBe(200);
  });

  test("grows until calls are few enough, and no further than its bound", () => {
    expect(leaseAfter(every(1, 3000))).toBe(1000);
  });

  test("grows before a period is over when it has had more calls than it should in all", () => {
    const crowd = Array.from({ length: PER_SECOND / 4 + 1 }, () => 0);
    expect(leaseAfter([...crowd, 49])).toBe(200);
    expect(leaseAfter([...crowd, 50])).toBe(400);
  });

  test("falls again, a little at a time, when calls become few", () => {
    const quiet = Array.from({ length: 40 }, (_, i) => 3000 + i * 250);
    const lengths = [1, 2, 40].map((calls) => leaseAfter([...every(1, 3000), ...quiet.slice(0, calls)]));
    expect(lengths).toEqual([1000, 850, 200]);
  });
});
