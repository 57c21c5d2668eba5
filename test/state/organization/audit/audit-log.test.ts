import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { config } from "../../../../src/config.ts";
import type { AuditEvent } from "../../../../src/core/organization/organization.ts";
import { isRefusal, type Result } from "../../../../src/core/refusal.ts";
import { generateKey } from "../../../../src/core/key/key-secret.ts";
import type { Alarm } from "../../../../src/state/alarm.ts";
import { AuditLog } from "../../../../src/state/organization/audit/audit-log.ts";
import { EVERY_EVENT, makeActor } from "../../../support/records.ts";

const HOUR_MS = 3_600_000;

test("what is past its retention is not answered, and forgotten by the alarm, however much it is", async () => {
  const organization = env.ORGANIZATION.getByName("org_retention");
  const alice = makeActor("org_retention");
  await organization.bootstrap(alice);
  const past = Date.now() - config.auditRetentionMs;
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(`DELETE FROM audit`);
    const insert = `INSERT INTO audit (at, actor_id, action, target) VALUES (?, 'alice', ?, 'x')`;
    for (let i = 0; i < 2500; i++) sql.exec(insert, past - HOUR_MS, "old");
    sql.exec(insert, past - 1, "just past");
    sql.exec(insert, past + 60_000, "just kept");
  });
  const events = await organization.listAuditEvents(alice, { ...EVERY_EVENT, from: 0 });
  if (isRefusal(events)) throw new Error(events.code);
  expect(events.map(({ action }) => action)).toEqual(["just kept"]);
  await runInDurableObject(organization, async (_, { storage }) => {
    expect(await storage.getAlarm()).not.toBeNull();
  });
  await runDurableObjectAlarm(organization);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    expect(sql.exec(`SELECT action FROM audit`).toArray()).toEqual([{ action: "just kept" }]);
  });
});

test("a key in a long text is kept without its secret, wherever the text is cut", async () => {
  const organization = env.ORGANIZATION.getByName("org_long_texts");
  const alice = makeActor("org_long_texts");
  await organization.bootstrap(alice);
  const { key } = generateKey("fkc");
  const secret = key.slice("fkc_".length + 12);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const audit = auditOf(sql);
    for (let before = 190; before <= 256; before++) {
      const text = `${"x".repeat(before)}.${key}`;
      audit.add(
        { ...alice, name: text },
        { action: "webhook.tested", target: text, before: { text }, after: { [text]: 1 } },
        1,
      );
    }
    const kept = JSON.stringify(sql.exec(`SELECT * FROM audit`).toArray());
    expect(kept.toLowerCase().includes(secret.slice(0, 4).toLowerCase())).toBe(false);
  });
});

test("a refused attempt is kept with what was wrong, bounded and without a secret", async () => {
  const organization = env.ORGANIZATION.getByName("org_faults");
  const alice = makeActor("org_faults");
  await organization.bootstrap(alice);
  const { key } = generateKey("fkc");
  const problem = `${key} ${"x".repeat(900)}`;
  await organization.noteRefusal(alice, "createApiKey", "org_faults", "invalid_value", {
    field: "name",
    problem,
  });
  await organization.noteRefusal(alice, "createApiKey", "org_faults", "not_found");
  const events = await organization.listAuditEvents(alice, EVERY_EVENT);
  if (isRefusal(events)) throw new Error(events.code);
  const [bare, told] = events;
  expect(bare?.after).toBeNull();
  const kept = JSON.parse(told?.after ?? "") as { field: string; problem: string };
  expect(kept.field).toBe("name");
  expect(kept.problem).toHaveLength(256);
  expect(kept.problem).not.toContain(key.slice("fkc_".length + 12));
});

test("an event whose values are too large for a row is kept without them", async () => {
  const organization = env.ORGANIZATION.getByName("org_large_values");
  const alice = makeActor("org_large_values");
  await organization.bootstrap(alice);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const members = Array.from({ length: 60_000 }, () => ({ value: crypto.randomUUID() }));
    auditOf(sql).add(alice, { action: "webhook.tested", target: "x", before: { members }, after: null }, 1);
    const [event] = sql
      .exec<{ before: string }>(`SELECT before FROM audit WHERE action = 'webhook.tested'`)
      .toArray();
    expect(JSON.parse(event?.before ?? "")).toEqual({
      leftOut: expect.stringMatching(/^\d+ characters$/),
    });
  });
});

test("events that are too long for one answer come on several pages, each once", async () => {
  const organization = env.ORGANIZATION.getByName("org_long_events");
  const alice = makeActor("org_long_events");
  await organization.bootstrap(alice);
  const long = 20;
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const fields = { texts: Array.from({ length: 900 }, () => "é".repeat(250)) };
    const entry = { action: "webhook.tested", target: "x", before: fields, after: fields } as const;
    for (let i = 0; i < long; i++) auditOf(sql).add(alice, entry, Date.now());
  });
  const ids: number[] = [];
  let before: number | null = null;
  do {
    const query = { ...EVERY_EVENT, before, action: "webhook", limit: 20, endsEarly: true } as const;
    const events: Result<AuditEvent[]> = await organization.listAuditEvents(alice, query);
    if (isRefusal(events)) throw new Error(events.code);
    expect(events.length).toBeLessThan(20);
    ids.push(...events.map(({ id }) => id));
    before = events.at(-1)?.hasMore === true ? (ids.at(-1) ?? null) : null;
  } while (before !== null);
  expect(ids).toHaveLength(long);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
});

function auditOf(sql: SqlStorage): AuditLog {
  const alarm = { ringBy: () => {} } as unknown as Alarm;
  return new AuditLog(sql, { alarm, retentionMs: config.auditRetentionMs });
}
