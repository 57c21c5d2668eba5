import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { SCHEMA } from "../../../../src/state/organization/schema.ts";
import { WebhookOutbox } from "../../../../src/state/organization/webhook/webhook-outbox.ts";

const CLAIM_MS = 30_000;
const DAY_MS = 86_400_000;
const NOW = 1_800_000_000_000;
const FAILED = { delivered: false, status: 500, error: null, retryAfterMs: null };
const DELIVERED = { delivered: true, status: 200, error: null, retryAfterMs: null };

let objects = 0;

/** Runs with an outbox of its own inside of an object. */
async function inObject(
  work: (outbox: WebhookOutbox, sql: SqlStorage) => void,
  name = `org_outbox_${++objects}`,
): Promise<string> {
  await runInDurableObject(env.ORGANIZATION.getByName(name), (_, { storage }) => {
    storage.sql.exec(SCHEMA);
    work(new WebhookOutbox(storage.sql), storage.sql);
  });
  return name;
}

test("a message of which nothing was heard is taken again by whoever comes after a crash, with the same id", async () => {
  let first: string | undefined;
  const name = await inObject((outbox) => {
    outbox.add("webhook.test", null, {}, NOW);
    first = outbox.claim(NOW, NOW + CLAIM_MS)?.id;
    expect(outbox.claim(NOW, NOW + CLAIM_MS)).toBeNull();
  });
  await evictDurableObject(env.ORGANIZATION.getByName(name));
  await inObject((outbox) => {
    expect(outbox.nextAttempt()).toBe(NOW + CLAIM_MS);
    const again = outbox.claim(NOW + CLAIM_MS, NOW + 2 * CLAIM_MS);
    expect(again).toMatchObject({ id: first, attempts: 2 });
  }, name);
});

test("a message that keeps failing is tried ten times in a good three days, and then given up", async () => {
  await inObject((outbox) => {
    outbox.add("webhook.test", null, {}, NOW);
    const attempts: number[] = [];
    for (let at = outbox.nextAttempt(); at !== null; at = outbox.nextAttempt()) {
      attempts.push(at - NOW);
      const message = outbox.claim(at, at + CLAIM_MS);
      if (message !== null) outbox.settle(message, FAILED, at);
    }
    const hours = attempts.map((ms) => Math.round(ms / 360_000) / 10);
    expect(attempts).toHaveLength(10);
    const planned = [0, 0, 0.1, 0.6, 2.6, 7.6, 17.6, 31.6, 51.6, 75.6];
    for (const [i, at] of planned.entries()) {
      expect(hours[i]).toBeGreaterThanOrEqual(at - 0.1);
      expect(hours[i]).toBeLessThanOrEqual(at * 1.1 + 0.1);
    }
    expect(outbox.list(10, null)).toMatchObject([{ status: "failed", attempts: 10, lastStatus: 500 }]);
  });
});

test("a message that arrived although it had been given up counts as delivered", async () => {
  await inObject((outbox) => {
    outbox.add("webhook.test", null, {}, NOW);
    const message = outbox.claim(NOW, NOW + CLAIM_MS);
    outbox.abandon("The webhook was disabled", NOW);
    if (message !== null) outbox.settle(message, FAILED, NOW);
    expect(outbox.list(10, null)).toMatchObject([{ status: "failed", nextAttemptAt: null }]);
    if (message !== null) outbox.settle(message, DELIVERED, NOW);
    expect(outbox.list(10, null)).toMatchObject([{ status: "delivered", lastError: null }]);
  });
});

test("what is settled is forgotten after thirty days or a thousand newer ones, what is not never", async () => {
  await inObject((outbox, sql) => {
    const count = (): number => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM webhook_messages`).one().n;
    outbox.add("webhook.test", null, {}, NOW + DAY_MS * 40);
    for (let i = 0; i < 1100; i++) outbox.add("webhook.test", null, {}, NOW);
    for (let message = outbox.claim(NOW, NOW); message !== null; message = outbox.claim(NOW, NOW)) {
      outbox.settle(message, DELIVERED, NOW);
    }
    outbox.prune(NOW);
    expect(count()).toBe(1001);
    outbox.prune(NOW + 31 * DAY_MS);
    expect(outbox.list(10, null)).toMatchObject([{ status: "pending" }]);
    expect(count()).toBe(1);
  });
});

test("of very many that wait the oldest are given up", async () => {
  await inObject((outbox, sql) => {
    sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10002)
       INSERT INTO webhook_messages (id, type, payload, status, next_attempt_at, created_at)
       SELECT 'msg_' || i, 'webhook.test', '', 'pending', ?1, ?1 FROM n`,
      NOW,
    );
    outbox.prune(NOW);
    const oldest = outbox.list(10, 4).map(({ id, status, lastError }) => [id, status, lastError]);
    expect(oldest).toEqual([
      ["msg_3", "pending", null],
      ["msg_2", "failed", "Too many messages were waiting"],
      ["msg_1", "failed", "Too many messages were waiting"],
    ]);
  });
});

test("what is given up is forgotten like all that is settled", async () => {
  await inObject((outbox, sql) => {
    for (let i = 0; i < 1100; i++) outbox.add("webhook.test", null, {}, NOW);
    outbox.abandon("The webhook was deleted", NOW);
    expect(sql.exec(`SELECT count(*) AS n FROM webhook_messages`).one()["n"]).toBe(1000);
  });
});
