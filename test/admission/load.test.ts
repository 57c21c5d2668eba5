import { describe, expect, test } from "vitest";
import { leaseLength, leaseWanted, newLoad, noteCall, type Load } from "../../src/admission/rules/load.ts";

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

describe("a call", () => {
  const load = (leaseMs: number, calls: number, since: number): Load => ({ leaseMs, calls, since });

  test.each<[string, Load, number, Load]>([
    ["within the period is counted", load(400, 98, 0), 249, load(400, 99, 0)],
    ["at its end, as many as there should be, changes nothing", load(400, 99, 0), 250, load(400, 0, 250)],
    ["that makes as many as a period should have is no crowd", load(400, 99, 0), 60, load(400, 100, 0)],
    ["by a clock that was set back begins a period", load(1000, 50, 5000), 4000, load(850, 0, 4000)],
    ["after a long silence makes leases fall a little", load(1000, 0, 0), 5000, load(850, 0, 5000)],
    ["after a longer one begins anew", load(1000, 0, 0), 5001, load(0, 0, 5001)],
  ])("%s", (_, before, now, after) => {
    const counted = { ...before };
    noteCall(counted, now, PER_SECOND, BOUNDS);
    expect(counted).toEqual(after);
  });
});

test("a load begins with nothing", () => {
  expect(newLoad(7)).toEqual({ leaseMs: 0, calls: 0, since: 7 });
});

test.each([
  ["its base, of whatever length", { base: 130, max: 1000 }, 0, 0, 130],
  ["what was asked for, in whole steps", BOUNDS, 0, 201, 250],
  ["what its load calls for", BOUNDS, 400, 300, 400],
  ["its bound", BOUNDS, 0, 5000, 1000],
  ["its base, where the bound is below", { base: 500, max: 300 }, 0, 600, 500],
  ["nothing, where every request asks", { base: 0, max: 1000 }, 400, 300, 0],
])("a guard gives %s", (_, bounds, leaseMs, wanted, given) => {
  expect(leaseLength(bounds, { ...newLoad(0), leaseMs }, wanted)).toBe(given);
});

test.each([
  ["nothing, while no answer has come", 0, 0, 0],
  ["four round trips and the slack", 10, 0, 45],
  ["so, too, of the shortest", 1, 0, 9],
  ["what keeps its calls few, if that is more", 10, 300, 300],
])("an isolate wants %s", (_, roundTripMs, leaseMs, wanted) => {
  expect(leaseWanted(roundTripMs, { ...newLoad(0), leaseMs }, 5)).toBe(wanted);
});
