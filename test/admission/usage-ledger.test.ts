import { expect, test, vi } from "vitest";
import { UsageLedger } from "../../src/admission/guard/usage-ledger.ts";
import { countRefusal, newTally } from "../../src/core/usage/usage-tally.ts";
import type { UsageReport } from "../../src/core/usage/usage.ts";

/** A ledger in a time of its own, and what has arrived from it. */
function setUp() {
  let now = 1_000_000;
  let timers: { at: number; run: () => void }[] = [];
  const arrived: UsageReport[] = [];
  const link = { isDown: false };
  const send = (report: UsageReport): Promise<void> => {
    if (link.isDown) return Promise.reject(new Error("down"));
    arrived.push(report);
    return Promise.resolve();
  };
  const ledger = new UsageLedger("abcde", send, {
    now: () => now,
    after: (ms, run) => void timers.push({ at: now + ms, run }),
  });
  const passed = async (ms: number) => {
    const end = now + ms;
    for (;;) {
      const [next] = timers.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      timers = timers.filter((timer) => timer !== next);
      now = next.at;
      next.run();
      await settled();
    }
    now = end;
  };
  const settled = () => new Promise((resolve) => void setTimeout(resolve, 0));
  /** A question that reports one use. */
  const asked = async (isQuiet = false) => {
    const tally = newTally();
    const call = { time: now, code: "not_found", operation: null, address: "", requestId: "" } as const;
    countRefusal(tally, "refused", call);
    ledger.add("key_1", tally);
    ledger.plan(isQuiet, now);
    await settled();
  };
  return { arrived, link, passed, asked, timers: () => timers.length };
}

test("a group in use delivers once a minute, behind a question, and keeps no timer", async () => {
  const { arrived, passed, asked, timers } = setUp();
  for (let second = 0; second < 150; second++) {
    await asked();
    expect(timers()).toBe(0);
    await passed(1000);
  }
  expect(arrived).toHaveLength(2);
});

test("a guard in use that is lost at any moment forgets a minute of counts at most", async () => {
  const { arrived, passed, asked } = setUp();
  const refused = ({ keys }: UsageReport) =>
    Object.values(keys)
      .flatMap(({ minutes }) => Object.values(minutes))
      .reduce((sum, counts) => sum + counts.refused, 0);
  for (let second = 1; second <= 200; second++) {
    await asked();
    const told = arrived.map(refused).reduce((sum, each) => sum + each, 0);
    expect(second - told).toBeLessThanOrEqual(60);
    await passed(1000);
  }
});

test("a last word delivers what was counted at once", async () => {
  const { arrived, asked, timers } = setUp();
  await asked();
  await asked(true);
  expect(arrived).toHaveLength(1);
  expect(timers()).toBe(0);
});

test("a group that is used again soon after its last words delivers when it is not", async () => {
  const { arrived, passed, asked } = setUp();
  await asked(true);
  await passed(3000);
  await asked();
  await asked(true);
  await passed(3000);
  await asked();
  await asked(true);
  expect(arrived).toHaveLength(1);
  await passed(9000);
  expect(arrived).toHaveLength(2);
});

test("a group that was in use for long delivers with its last word, as if it had not been quiet before", async () => {
  const { arrived, passed, asked } = setUp();
  await asked(true);
  for (let second = 0; second < 20; second++) {
    await passed(1000);
    await asked();
  }
  await asked(true);
  expect(arrived).toHaveLength(2);
});

test("that counts do not arrive is logged at the first failure and at the last", async () => {
  const lines = vi.spyOn(console, "error").mockImplementation(() => {});
  const { link, passed, asked } = setUp();
  link.isDown = true;
  await asked(true);
  await passed(3_600_000);
  const logged = lines.mock.calls.map(([line]) => JSON.parse(String(line)) as object);
  lines.mockRestore();
  expect(logged).toMatchObject([
    { failed: "usage", guard: "abcde", attempts: 1, reason: "Error: down" },
    { failed: "usage", guard: "abcde", attempts: 7, reason: "Error: down" },
  ]);
});

test("what does not arrive is sent again as it was, ever more rarely, and not behind each question", async () => {
  const { arrived, link, passed, asked, timers } = setUp();
  link.isDown = true;
  await asked(true);
  for (let second = 0; second < 300; second++) {
    await asked();
    expect(timers()).toBeLessThanOrEqual(1);
    await passed(1000);
  }
  link.isDown = false;
  await passed(60_000);
  await asked();
  expect(arrived.map(({ sequence }) => sequence)).toEqual([1, 2]);
});
