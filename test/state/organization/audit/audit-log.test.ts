import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { config } from "../../../../src/config.ts";
import { isRefusal } from "../../../../src/core/refusal.ts";
import { makeActor } from "../../../support/records.ts";

const EVERYTHING = {
  actor: null,
  action: null,
  target: null,
  from: null,
  to: null,
  before: null,
  limit: 500,
};
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
  const events = await organization.listAuditEvents(alice, { ...EVERYTHING, from: 0 });
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
