import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { POLICY_TABLE } from "#policy";
import { loadPolicy } from "../../../../src/core/policy/route-policy.ts";
import { isRefusal } from "../../../../src/core/refusal.ts";
import { callName } from "../../../../src/core/usage/calls.ts";
import {
  MAX_REFUSALS,
  NO_OUTCOMES,
  stepStart,
  USAGE_STEPS,
  type KeyUsageReport,
  type UsageRefusal,
  type UsageStep,
} from "../../../../src/core/usage/usage.ts";
import { usageStretch } from "../../../../src/core/usage/windows.ts";
import { makeActor, makeKey } from "../../../support/records.ts";

const [MINUTES, HOURS, DAYS] = USAGE_STEPS;
const NOW = Date.now();
const MINUTE = stepStart(NOW, MINUTES);
const LAST_HOUR = { from: stepStart(NOW, MINUTES) - 59 * MINUTES, step: MINUTES, length: 60 };

async function organizationWithKeys(name: string, count: number) {
  const orgId = `org_group_${name}`;
  const organization = env.ORGANIZATION.getByName(orgId);
  const alice = makeActor(orgId);
  await organization.bootstrap(alice);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.push((await makeKey(organization, alice)).key.id);
  }
  return { organization, alice, ids };
}

function used(minutes: KeyUsageReport["minutes"], more: Partial<KeyUsageReport> = {}): KeyUsageReport {
  return {
    minutes,
    lastUsedAt: NOW,
    lastUsedIp: "192.0.2.1",
    lastRefusedAt: null,
    lastRefusedIp: null,
    refusals: [],
    ...more,
  };
}

const POLICY_OPERATION = requireFirst(
  loadPolicy(POLICY_TABLE).operations.filter(({ accessParams }) => accessParams.length === 0),
);

function requireFirst<T>([first]: readonly T[]): T {
  if (first === undefined) throw new Error("There is none.");
  return first;
}

const counts = (changes: object) => ({ ...NO_OUTCOMES, ...changes });

test("a group's report counts once, in whatever order reports come and however often, over a restart too", async () => {
  const { organization, alice, ids } = await organizationWithKeys("once", 2);
  const [id = "", other = ""] = ids;
  const report = (instance: string, sequence: number) => ({
    group: "abcde",
    instance,
    sequence,
    keys: {
      [id]: used({ [MINUTE]: counts({ succeeded: 1 }) }),
      [other]: used({ [MINUTE]: counts({ limited: 2 }) }),
    },
  });
  for (const sequence of [1, 3, 2, 3, 1, 2]) await organization.recordGroupUsage(report("first", sequence));
  await organization.recordGroupUsage(report("second", 1));
  await evictDurableObject(organization);
  for (const sequence of [1, 2, 3]) await organization.recordGroupUsage(report("first", sequence));
  await Promise.all([1, 1, 1].map((sequence) => organization.recordGroupUsage(report("second", sequence))));
  await organization.recordGroupUsage({ ...report("first", 1), group: "other" });
  expect(await organization.usageOfKey(alice, id, LAST_HOUR)).toMatchObject({ buckets: [{ succeeded: 5 }] });
  expect(await organization.usageOfAll(alice, LAST_HOUR)).toMatchObject({
    buckets: [{ start: MINUTE, succeeded: 5, limited: 10 }],
    byKey: [
      { keyId: other, limited: 10 },
      { keyId: id, succeeded: 5 },
    ],
  });
  // What was looked at has been taken in.
  for (const sequence of [1, 2, 3]) await organization.recordGroupUsage(report("first", sequence));
  await organization.recordGroupUsage(report("second", 1));
  expect(await organization.usageOfKey(alice, id, LAST_HOUR)).toMatchObject({ buckets: [{ succeeded: 5 }] });
});

test("keys that the organisation does not have leave nothing", async () => {
  const { organization, alice } = await organizationWithKeys("unknown", 0);
  const refusal = {
    time: NOW,
    code: "api_key_revoked",
    operation: null,
    address: "192.0.2.1",
    requestId: "r",
  };
  const keys = { key_000000000000: used({ [MINUTE]: counts({ refused: 1 }) }, { refusals: [refusal] }) };
  await organization.recordGroupUsage({ group: "00000", instance: "i", sequence: 1, keys });
  expect(await organization.usageOfAll(alice, LAST_HOUR)).toEqual({
    buckets: [],
    operations: [],
    addresses: [],
    refusals: [],
    byKey: [],
  });
});

test("the last use and the last refusal are told apart, and neither goes back", async () => {
  const { organization, alice, ids } = await organizationWithKeys("last", 1);
  const [id = ""] = ids;
  const report = (sequence: number, key: Partial<KeyUsageReport>) =>
    organization.recordGroupUsage({
      group: "abcde",
      instance: "i",
      sequence,
      keys: { [id]: used({}, { lastUsedAt: null, lastUsedIp: null, ...key }) },
    });
  await report(1, { lastRefusedAt: NOW, lastRefusedIp: "203.0.113.9" });
  expect(await organization.getKey(alice, id)).toMatchObject({
    lastUsedAt: null,
    lastUsedIp: null,
    lastRefusedAt: NOW,
    lastRefusedIp: "203.0.113.9",
  });
  await report(3, { lastUsedAt: NOW - 10, lastUsedIp: "192.0.2.3" });
  await report(2, {
    lastUsedAt: NOW - 20,
    lastUsedIp: "192.0.2.2",
    lastRefusedAt: NOW - 5,
    lastRefusedIp: "x",
  });
  expect(await organization.getKey(alice, id)).toMatchObject({
    lastUsedAt: NOW - 10,
    lastUsedIp: "192.0.2.3",
    lastRefusedAt: NOW,
    lastRefusedIp: "203.0.113.9",
  });
});

test("the last refusals are kept, at most so many, the latest first, with no text longer than 256", async () => {
  const { organization, alice, ids } = await organizationWithKeys("refusals", 1);
  const [id = ""] = ids;
  const refusals = (from: number): UsageRefusal[] =>
    Array.from({ length: 40 }, (_, i) => ({
      time: NOW + from + i,
      code: "not_found",
      operation: "x".repeat(1000),
      address: "y".repeat(1000),
      requestId: String(from + i),
    }));
  for (const sequence of [1, 2]) {
    const keys = { [id]: used({}, { refusals: refusals(sequence * 100) }) };
    await organization.recordGroupUsage({ group: "abcde", instance: "i", sequence, keys });
  }
  for (const usage of [
    await organization.usageOfKey(alice, id, LAST_HOUR),
    await organization.usageOfAll(alice, LAST_HOUR),
  ]) {
    if (isRefusal(usage)) throw new Error(usage.code);
    expect(usage.refusals).toHaveLength(MAX_REFUSALS);
    expect([usage.refusals[0]?.requestId, usage.refusals.at(-1)?.requestId]).toEqual(["239", "130"]);
    expect(usage.refusals[0]).toMatchObject({ operation: "x".repeat(256), address: "y".repeat(256) });
  }
});

test("operations and addresses are told by how often they were used", async () => {
  const { organization, alice, ids } = await organizationWithKeys("most", 2);
  const [id = "", other = ""] = ids;
  const calls = new Map([
    ["192.0.2.1\n/a\nGET /v1/a", 3],
    ["192.0.2.1\n/b\nGET /v1/a", 1],
    ["192.0.2.2\n\nGET /v1/b", 2],
  ]);
  const keys = {
    [id]: used({}, { calls }),
    [other]: used({}, { calls: new Map([["192.0.2.2\n\nGET /v1/b", 9]]) }),
  };
  await organization.recordGroupUsage({ group: "abcde", instance: "i", sequence: 1, keys });
  const today = { from: stepStart(NOW, DAYS) - 29 * DAYS, step: DAYS, length: 30 };
  for (const stretch of [LAST_HOUR, today]) {
    expect(await organization.usageOfKey(alice, id, stretch)).toMatchObject({
      operations: [
        { name: "GET /v1/a", calls: 4 },
        { name: "GET /v1/b", calls: 2 },
      ],
      addresses: [
        { name: "192.0.2.1", calls: 4 },
        { name: "192.0.2.2", calls: 2 },
      ],
    });
    expect(await organization.usageOfAll(alice, stretch)).toMatchObject({
      operations: [
        { name: "GET /v1/b", calls: 11 },
        { name: "GET /v1/a", calls: 4 },
      ],
    });
  }
});

test("a week and a month by key are whole days and what is left of the first in hours", async () => {
  const { organization, alice, ids } = await organizationWithKeys("week", 1);
  const [id = ""] = ids;
  const hour = stepStart(NOW, HOURS);
  const minutes = [0, 1, 100, 167, 168].map((ago) => [hour - ago * HOURS, counts({ succeeded: 1 })] as const);
  const keys = { [id]: used(Object.fromEntries(minutes)) };
  await organization.recordGroupUsage({ group: "abcde", instance: "i", sequence: 1, keys });
  const week = { from: hour - 167 * HOURS, step: HOURS, length: 168 };
  const usage = await organization.usageOfAll(alice, week);
  if (isRefusal(usage)) throw new Error(usage.code);
  expect(usage.byKey).toMatchObject([{ keyId: id, succeeded: 4 }]);
  expect(usage.buckets.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(4);
});

test("minutes are forgotten after hours, hours after a month, days after 400 days, by the alarm", async () => {
  const { organization, alice, ids } = await organizationWithKeys("age", 1);
  const [id = ""] = ids;
  const ages = { minutes: 5 * HOURS, hours: 31 * DAYS, days: 401 * DAYS, now: 0 };
  const minutes = Object.values(ages).map((ago) => [MINUTE - ago, counts({ succeeded: 1 })] as const);
  const keys = { [id]: used(Object.fromEntries(minutes)) };
  await organization.recordGroupUsage({ group: "abcde", instance: "i", sequence: 1, keys });
  // Somebody looks, and the minutes of before are those of hours ago by now.
  await organization.me(alice);
  await runInDurableObject(organization, async (_, { storage }) => {
    storage.sql.exec(
      `INSERT INTO usage_counts VALUES (?, ?, ?, 1, 0, 0, 0, 0)`,
      MINUTES,
      MINUTE - ages.minutes,
      id,
    );
    expect(await storage.getAlarm()).not.toBeNull();
  });
  await runDurableObjectAlarm(organization);
  const kept = async (step: number) =>
    runInDurableObject(organization, (_, { storage: { sql } }) =>
      sql
        .exec<{ start: number }>(`SELECT start FROM usage_counts WHERE key_id = ? AND step = ?`, id, step)
        .toArray()
        .map(({ start }) => start),
    );
  const starts = (step: UsageStep, agos: number[]) => [
    ...new Set(agos.map((ago) => stepStart(MINUTE - ago, step))),
  ];
  const { minutes: some, hours, now } = ages;
  expect(await kept(MINUTES)).toEqual(starts(MINUTES, [now]));
  expect(await kept(HOURS)).toEqual(starts(HOURS, [some, now]));
  expect(await kept(DAYS)).toEqual(starts(DAYS, [hours, some, now]));
  const today = { from: stepStart(NOW, DAYS), step: DAYS, length: 1 };
  expect(await organization.usageOfKey(alice, id, today)).toHaveProperty("buckets.0.succeeded");
});

test("calls that wait to be looked at stay in their hours, over a restart too", async () => {
  const { organization, alice, ids } = await organizationWithKeys("hours", 1);
  const [id = ""] = ids;
  const report = (sequence: number, at: number, calls: number) => {
    const name = callName(POLICY_OPERATION, {}, "192.0.2.1");
    const key = used({ [stepStart(at, MINUTES)]: counts({ succeeded: calls }) }, { lastUsedAt: at });
    const keys = { [id]: { ...key, calls: new Map([[name, calls]]) } };
    return organization.recordGroupUsage({ group: "abcde", instance: "i", sequence, keys });
  };
  const hour = stepStart(NOW, HOURS);
  await report(1, hour - 24 * HOURS + MINUTES, 4);
  await report(2, hour - 23 * HOURS, 2);
  await evictDurableObject(organization);
  await report(3, NOW, 1);
  const { from } = usageStretch("24h", NOW);
  expect(await organization.previewUpdate(alice, id, { disabled: true }, from)).toMatchObject({
    calls: new Map([[callName(POLICY_OPERATION, {}, "192.0.2.1"), 3]]),
  });
  const day = { from, step: HOURS, length: 24 };
  expect(await organization.usageOfKey(alice, id, day)).toMatchObject({
    operations: [{ name: POLICY_OPERATION.id, calls: 3 }],
    addresses: [{ name: "192.0.2.1", calls: 3 }],
  });
});

test.each(["24h", "7d", "30d"] as const)("what was called in %s is what was counted", async (window) => {
  const { organization, alice, ids } = await organizationWithKeys(`window_${window}`, 1);
  const [id = ""] = ids;
  const stretch = usageStretch(window, NOW);
  const times = [stretch.from - 1, stretch.from, stretch.from + stretch.step, NOW];
  for (const [sequence, at] of times.entries()) {
    const calls = new Map([[callName(POLICY_OPERATION, {}, "192.0.2.1"), 1]]);
    const key = used({ [stepStart(at, MINUTES)]: counts({ succeeded: 1 }) }, { lastUsedAt: at, calls });
    const keys = { [id]: key };
    await organization.recordGroupUsage({ group: "abcde", instance: "i", sequence: sequence + 1, keys });
  }
  const usage = await organization.usageOfKey(alice, id, stretch);
  if (isRefusal(usage)) throw new Error(usage.code);
  expect(usage.buckets.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(3);
  expect(usage.operations).toEqual([{ name: POLICY_OPERATION.id, calls: 3 }]);
  expect(usage.addresses).toEqual([{ name: "192.0.2.1", calls: 3 }]);
});
