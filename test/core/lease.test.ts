import { describe, expect, test } from "vitest";
import { guardLeaseEnd, isolateLeaseEnd, unitsToAsk } from "../../src/core/lease.ts";

const LEASE_MS = 200;
const SLACK_MS = 20;

test("an isolate's lease has ended when the guard thinks so, however long the call took and clocks differ", () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647) * below;
  };
  for (let i = 0; i < 10_000; i++) {
    // Moments by true time; each side has its own offset, and within a lease drifts by less than the slack.
    const [asked, travel] = [random(1e9), random(1000)];
    const [isolateOffset, guardOffset] = [random(1e6) - 5e5, random(1e6) - 5e5];
    const drift = 1 + random(SLACK_MS / LEASE_MS);
    const isolateEnd = isolateLeaseEnd(asked + isolateOffset, LEASE_MS, SLACK_MS);
    const guardEnd = guardLeaseEnd(0, asked + travel + guardOffset, LEASE_MS);
    const trueIsolateEnd = asked + (isolateEnd - asked - isolateOffset) * drift;
    expect(trueIsolateEnd).toBeLessThanOrEqual(guardEnd - guardOffset);
  }
});

describe("an isolate's lease", () => {
  test.each([
    [200, 20, 180],
    [200, 0, 200],
    [20, 20, 0],
    [10, 20, 0],
    [0, 0, 0],
    [0, 20, 0],
  ])("of %i ms with %i ms of slack holds for %i ms", (leaseMs, slackMs, ms) => {
    expect(isolateLeaseEnd(1000, leaseMs, slackMs)).toBe(1000 + ms);
  });
});

describe("the guard's latest end", () => {
  test.each([
    ["the first lease", 0, 1000, 200, 1200],
    ["a later lease", 1200, 1100, 200, 1300],
    ["a shorter lease that ends before an earlier one", 1200, 1050, 100, 1200],
    ["a clock that jumped back", 1200, 900, 200, 1200],
    ["no lease at all", 1200, 1100, 0, 1200],
  ])("after %s", (_, latest, grantedAt, leaseMs, end) => {
    expect(guardLeaseEnd(latest, grantedAt, leaseMs)).toBe(end);
  });
});

describe("an isolate asks for", () => {
  test.each([
    ["one unit when it knows of no use", 0, 100, 200, 1],
    ["one unit at first, when it never asked before", 0, 1e12, 0, 1],
    ["what the rate of the last lease uses in the next", 100, 100, 200, 200],
    ["a part of it when use slows down", 10, 1000, 200, 2],
    ["no more than four times what was used, in a burst", 2, 1, 200, 8],
    ["no more than four times what was used, within one millisecond", 5, 0, 200, 20],
    ["one unit when leases are off", 50, 100, 0, 1],
    ["a whole number", 1, 3, 7, 3],
  ])("%s", (_, spent, elapsedMs, leaseMs, units) => {
    expect(unitsToAsk(spent, elapsedMs, leaseMs)).toBe(units);
  });
});
