import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ROWS_PER_DELIVERY, ROWS_PER_KEY_HOUR } from "../../../../src/admission/simulation/guard.ts";
import { isRefusal } from "../../../../src/core/refusal.ts";
import {
  NO_OUTCOMES,
  stepStart,
  USAGE_STEPS,
  type KeyUsageReport,
  type UsageStep,
} from "../../../../src/core/usage/usage.ts";
import type { Organization } from "../../../../src/state/organization/organization.ts";
import { makeActor, makeKey } from "../../../support/records.ts";

const [MINUTES, HOURS, DAYS] = USAGE_STEPS;
const START = stepStart(Date.now(), DAYS) + DAYS;

beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

async function organizationWithKeys(name: string, count: number) {
  const organization = env.ORGANIZATION.getByName(`org_rows_${name}`);
  const alice = makeActor(`org_rows_${name}`);
  await organization.bootstrap(alice);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await makeKey(organization, alice)).key.id);
  return { organization, alice, ids };
}

function used(at: number): KeyUsageReport {
  return {
    minutes: { [stepStart(at, MINUTES)]: { ...NO_OUTCOMES, succeeded: 1 } },
    lastUsedAt: at,
    lastUsedIp: "192.0.2.1",
    lastRefusedAt: null,
    lastRefusedIp: null,
    calls: new Map([["192.0.2.1\n\ngetVault", 1]]),
    refusals: [],
  };
}

/** The rows that an organisation writes while something is done to it. */
function rowsWritten(stub: DurableObjectStub<Organization>, act: (instance: Organization) => unknown) {
  return runInDurableObject(stub, async (instance, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
    const counted = (...args: Parameters<typeof exec>) => {
      const cursor = exec(...args);
      cursors.push(cursor);
      return cursor;
    };
    Object.defineProperty(sql, "exec", { configurable: true, value: counted });
    try {
      await act(instance);
    } finally {
      Reflect.deleteProperty(sql, "exec");
    }
    return cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  });
}

test("a delivery of usage writes no more rows than the simulation reckons, however many keys it is about", async () => {
  const { organization, ids } = await organizationWithKeys("delivery", 5);
  for (let minute = 1; minute < 5; minute++) {
    const at = START + minute * MINUTES;
    vi.setSystemTime(at);
    const keys = Object.fromEntries(ids.map((id) => [id, used(at)]));
    const report = { group: "abcde", instance: "one", sequence: minute, keys };
    const rows = await rowsWritten(organization, (instance) => instance.recordGroupUsage(report));
    expect(rows).toBeLessThanOrEqual(ROWS_PER_DELIVERY);
  }
});

test("what an hour's deliveries come to is written once an hour for each key, and is whole whenever somebody looks", async () => {
  const { organization, alice, ids } = await organizationWithKeys("hour", 3);
  const [id = ""] = ids;
  const minutes = 130;
  let hourly = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const at = START + minute * MINUTES;
    vi.setSystemTime(at);
    const keys = Object.fromEntries(ids.map((each) => [each, used(at)]));
    await organization.recordGroupUsage({ group: "abcde", instance: "one", sequence: minute + 1, keys });
    hourly += await rowsWritten(organization, (instance) => instance.alarm());
  }
  expect(hourly).toBeGreaterThan(0);
  expect(hourly).toBeLessThanOrEqual((ROWS_PER_KEY_HOUR * ids.length * minutes) / 60);

  const now = START + (minutes - 1) * MINUTES;
  const usage = async (from: number, step: UsageStep, length: number) => {
    const told = await organization.usageOfKey(alice, id, { from, step, length });
    if (isRefusal(told)) throw new Error(told.code);
    return told;
  };
  const lastHour = await usage(stepStart(now, MINUTES) - 59 * MINUTES, MINUTES, 60);
  expect(lastHour.buckets.map(({ succeeded }) => succeeded)).toEqual(Array.from({ length: 60 }, () => 1));
  const byHour = await usage(START, HOURS, 24);
  expect(byHour.buckets.map(({ succeeded }) => succeeded)).toEqual([60, 60, 10]);
  expect(byHour.operations).toEqual([{ name: "getVault", calls: minutes }]);
  const byDay = await usage(START, DAYS, 1);
  expect(byDay.buckets.map(({ succeeded }) => succeeded)).toEqual([minutes]);
  await runDurableObjectAlarm(organization);
  expect((await usage(START, DAYS, 1)).buckets.map(({ succeeded }) => succeeded)).toEqual([minutes]);
});

test("the lists of keys tell of the last use that was delivered", async () => {
  const { organization, alice, ids } = await organizationWithKeys("list", 1);
  const [id = ""] = ids;
  const at = START + MINUTES;
  await organization.recordGroupUsage({ group: "g", instance: "i", sequence: 1, keys: { [id]: used(at) } });
  const key = await organization.getKey(alice, id);
  expect(isRefusal(key) ? key : key.lastUsedAt).toBe(at);
});
