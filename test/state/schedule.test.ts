import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from "vitest";
import { Alarm } from "../../src/state/alarm.ts";
import { Schedule } from "../../src/state/schedule.ts";
import { makeActor } from "../support/records.ts";

const DAY_MS = 86_400_000;

let objects = 0;

/** Runs with an alarm inside of an object; tells what is planned then. */
async function planned(
  work: (alarm: Alarm, storage: DurableObjectStorage) => unknown,
): Promise<number | null> {
  const object = env.ORGANIZATION.getByName(`org_schedule_${++objects}`);
  return runInDurableObject(object, async (_, context) => {
    const alarm = new Alarm(context);
    await context.blockConcurrencyWhile(async () => {});
    await work(alarm, context.storage);
    await scheduler.wait(0);
    return context.storage.getAlarm();
  });
}

const inDays = (days: number): number => Date.now() + days * DAY_MS;

describe("the alarm", () => {
  test("rings for whatever comes first", async () => {
    const [first, second] = [inDays(1), inDays(2)];
    const at = await planned(async (alarm) => {
      alarm.ringBy(second);
      alarm.ringBy(first);
      await scheduler.wait(0);
      alarm.ringBy(second);
    });
    expect(at).toBe(first);
  });

  test("rings for what is asked for after a transaction that was rolled back", async () => {
    const at = inDays(2);
    const found = await planned(async (alarm, storage) => {
      const failing = (): void => {
        alarm.ringBy(inDays(1));
        throw new Error("Rolled back");
      };
      expect(() => storage.transactionSync(failing)).toThrow("Rolled back");
      await scheduler.wait(0);
      alarm.ringBy(at);
    });
    expect(found).not.toBeNull();
    expect(found).toBeLessThanOrEqual(at);
  });

  test("rings within a year for what is farther away than storage can say", async () => {
    const found = await planned((alarm) => alarm.ringBy(Date.parse("9999-12-31")));
    expect(found).not.toBeNull();
    expect(found).toBeLessThanOrEqual(inDays(366));
  });
});

describe("a part that fails", () => {
  let log: MockInstance<typeof console.error>;
  beforeEach(() => {
    log = vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => log.mockRestore());

  const fail = (): never => {
    throw new Error("Broken");
  };

  test.each<[string, () => void | Promise<void>]>([
    ["at once", fail],
    ["later", async () => fail()],
  ])("%s stops no other, is told of, and runs again a little later", async (_, run) => {
    const ran: string[] = [];
    const part = (name: string) => ({ run: () => void ran.push(name), nextAt: () => null });
    const before = Date.now();
    const at = await planned((alarm) =>
      new Schedule(alarm, {
        first: part("first"),
        broken: { run, nextAt: () => before },
        last: part("last"),
      }).run(),
    );
    expect(ran).toEqual(["first", "last"]);
    expect(log).toHaveBeenCalledWith(expect.stringMatching(/"failed":"broken".*Broken/));
    expect(at).toBeGreaterThan(before + 5000);
    expect(at).toBeLessThanOrEqual(Date.now() + 10_000);
  });

  test("to say when it is due keeps no other from its time", async () => {
    const at = Date.now() + 5000;
    const found = await planned((alarm) =>
      new Schedule(alarm, {
        broken: { run: () => {}, nextAt: fail },
        other: { run: () => {}, nextAt: () => at },
      }).run(),
    );
    expect(found).toBe(at);
  });

  test("no more is run whenever it says", async () => {
    let broken = true;
    const at = Date.now() + 1000;
    const found = await planned(async (alarm, storage) => {
      const schedule = new Schedule(alarm, {
        part: { run: () => (broken ? fail() : undefined), nextAt: () => at },
      });
      await schedule.run();
      broken = false;
      await scheduler.wait(0);
      await storage.deleteAlarm();
      await schedule.run();
    });
    expect(found).toBe(at);
  });

  test("to answer holds up the start of no other", async () => {
    const started: string[] = [];
    await planned(async (alarm) => {
      const silent = { run: () => new Promise<void>(() => {}), nextAt: () => null };
      void new Schedule(alarm, {
        silent,
        other: { run: () => void started.push("other"), nextAt: () => null },
      }).run();
      await scheduler.wait(0);
    });
    expect(started).toEqual(["other"]);
  });
});

describe("an object whose alarm the platform has dropped", () => {
  test("of an organisation plans it anew when it starts, and one without data does not", async () => {
    const [used, unused] = ["org_dropped_used", "org_dropped_unused"].map((name) =>
      env.ORGANIZATION.getByName(name),
    );
    await used?.bootstrap(makeActor("org_dropped_used"));
    expect(await unused?.isSetUp()).toBe(false);
    for (const [object, isPlanned] of [
      [used, true],
      [unused, false],
    ] as const) {
      if (object === undefined) throw new Error("There is no object");
      await runInDurableObject(object, (_, { storage }) => storage.deleteAlarm());
      await evictDurableObject(object);
      await object.isSetUp();
      const at = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
      expect(at !== null).toBe(isPlanned);
    }
  });

  test("of the deployment plans it anew when it starts", async () => {
    const deployment = env.DEPLOYMENT.getByName("dropped_alarm");
    await deployment.beginErasure("org_nowhere", "olga");
    await runInDurableObject(deployment, (_, { storage }) => storage.deleteAlarm());
    await evictDurableObject(deployment);
    await deployment.findErasure("org_nowhere");
    expect(await runInDurableObject(deployment, (_, { storage }) => storage.getAlarm())).not.toBeNull();
  });
});
