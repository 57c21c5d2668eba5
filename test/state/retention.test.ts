import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { config } from "../../src/config.ts";
import { isRefusal } from "../../src/core/refusal.ts";
import { NO_OUTCOMES, type UsageReport } from "../../src/core/usage/usage.ts";
import { makeActor, makeDraft, makeKey } from "../support/records.ts";

const START = Date.now();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** What may go is forgotten within an hour. */
const SLACK = HOUR + 1;

beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** The object's alarm, at a later time. */
async function alarmAfter(stub: DurableObjectStub, ms: number): Promise<void> {
  vi.setSystemTime(START + ms);
  await runInDurableObject(stub, (instance) => (instance as unknown as { alarm(): Promise<void> }).alarm());
}

function rows(stub: DurableObjectStub, table: string): Promise<number> {
  return runInDurableObject(
    stub,
    (_, { storage: { sql } }) => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n,
  );
}

/** Its alarm is set by the time at which something is to be forgotten. */
async function expectAlarmBy(stub: DurableObjectStub, at: number): Promise<void> {
  await runInDurableObject(stub, async (_, { storage }) => {
    const alarm = await storage.getAlarm();
    expect(alarm).not.toBeNull();
    expect(alarm).toBeLessThanOrEqual(at);
  });
}

async function organizationWithKey(name: string) {
  const orgId = `org_kept_${name}`;
  const organization = env.ORGANIZATION.getByName(orgId);
  const alice = makeActor(orgId);
  await organization.bootstrap(alice);
  const { key } = await makeKey(organization, alice);
  return { orgId, organization, alice, keyId: key.id };
}

describe("an organisation forgets by its alarm", () => {
  test("which tokens were revoked once none of them lives, and tells of each once until then", async () => {
    const { orgId, organization, alice, keyId } = await organizationWithKey("tokens");
    const cut = { orgId, keyId, tokenId: "at_1", author: alice, leak: null };
    const told = async () => {
      const query = { actor: null, action: "access_token.revoked", target: null, from: null, to: null };
      const events = await organization.listAuditEvents(alice, { ...query, before: null, limit: 10 });
      return isRefusal(events) ? events.code : events.length;
    };
    await organization.noteTokenRevoked(cut);
    await runInDurableObject(organization, (_, { storage: { sql } }) => {
      for (let i = 0; i < 2500; i++) {
        sql.exec(`INSERT INTO token_cuts (token_id, source, url, at) VALUES (?, '', '', ?)`, `t${i}`, START);
      }
      // A Worker of the version before notes no time.
      sql.exec(`INSERT INTO token_cuts (token_id, source, url) VALUES ('earlier', '', '')`);
    });
    await expectAlarmBy(organization, START + 2 * DAY + SLACK);
    await alarmAfter(organization, DAY + HOUR);
    await organization.noteTokenRevoked(cut);
    expect(await told()).toBe(1);
    expect(await rows(organization, "token_cuts")).toBe(2502);
    await alarmAfter(organization, 2 * DAY + SLACK);
    expect(await rows(organization, "token_cuts")).toBe(1);
    await alarmAfter(organization, 5 * DAY);
    expect(await rows(organization, "token_cuts")).toBe(0);
  });

  test("which requests have made keys, a day later; the same request makes another then", async () => {
    const { organization, alice } = await organizationWithKey("creations");
    const create = () => organization.createKey({ ...alice, freshMfa: true }, makeDraft(), "once");
    expect(isRefusal(await create())).toBe(false);
    vi.setSystemTime(START + DAY - 1000);
    expect(await create()).toMatchObject({ code: "already_exists" });
    vi.setSystemTime(START + DAY + 1000);
    expect(isRefusal(await create())).toBe(false);
    expect(await create()).toMatchObject({ code: "already_exists" });
    await alarmAfter(organization, 3 * DAY);
    expect(await rows(organization, "creations")).toBe(0);
  });

  test("what was called a day later, and which reports have come a month later", async () => {
    const { organization, keyId } = await organizationWithKey("usage");
    const report = (sequence: number, at: number): UsageReport => ({
      group: "abcde",
      instance: "one",
      sequence,
      keys: {
        [keyId]: {
          minutes: { [at]: { ...NO_OUTCOMES, succeeded: 1 } },
          lastUsedAt: at,
          lastUsedIp: "192.0.2.1",
          lastRefusedAt: null,
          lastRefusedIp: null,
          calls: new Map([["192.0.2.1\n\ngetVault", 1]]),
          refusals: [],
        },
      },
    });
    await organization.recordGroupUsage(report(1, START));
    await runInDurableObject(organization, (_, { storage: { sql } }) => {
      sql.exec(`INSERT INTO usage_reports VALUES ('earlier', '[{"instance":"two","sequences":[1]}]')`);
    });
    await alarmAfter(organization, 2 * HOUR);
    expect(await rows(organization, "calls")).toBe(1);
    await alarmAfter(organization, 27 * HOUR);
    expect(await rows(organization, "calls")).toBe(0);
    vi.setSystemTime(START + 29 * DAY);
    await organization.recordGroupUsage(report(1, START));
    await organization.recordGroupUsage(report(2, START + 29 * DAY));
    await alarmAfter(organization, 31 * DAY);
    expect(await rows(organization, "usage_reports")).toBe(1);
    await alarmAfter(organization, 60 * DAY);
    expect(await rows(organization, "usage_reports")).toBe(0);
  });

  test("webhook messages that were settled a month ago", async () => {
    const { organization } = await organizationWithKey("webhook");
    await runInDurableObject(organization, (_, { storage: { sql } }) => {
      const insert = `INSERT INTO webhook_messages (id, type, payload, status, settled_at, next_attempt_at, created_at)`;
      sql.exec(`${insert} VALUES ('old', 'x', '{}', 'delivered', ?1, NULL, ?1)`, START);
      sql.exec(`${insert} VALUES ('waiting', 'x', '{}', 'pending', NULL, ?1, ?1)`, START);
    });
    await alarmAfter(organization, 29 * DAY);
    await expectAlarmBy(organization, START + 30 * DAY + SLACK);
    expect(await rows(organization, "webhook_messages")).toBe(2);
    await alarmAfter(organization, 30 * DAY + SLACK);
    expect(await rows(organization, "webhook_messages")).toBe(1);
  });

  test("and what is kept with a key stays: that it is revoked, its receipt, where it was found", async () => {
    const { organization, alice, keyId } = await organizationWithKey("receipt");
    const receipt = await organization.revokeKey(alice, keyId, "gone");
    const leak = { type: "fkc", source: "github", url: "https://example.com/leak" };
    const operator = { id: "op", name: "Op", address: "192.0.2.9" };
    const request = { id: "r", at: START, reason: "leaked", operator };
    const cut = { keyId, revokedAt: START, effectiveAt: START, version: 2, leak };
    await organization.noteCuts(request, [cut]);
    await alarmAfter(organization, 500 * DAY);
    expect(await organization.revokeKey(alice, keyId, null)).toEqual(receipt);
    expect(await rows(organization, "leaks")).toBe(1);
    expect(await rows(organization, "audit")).toBe(0);
  });
});

describe("the deployment forgets by its alarm", () => {
  const operator = { id: "op", name: "Op", address: "192.0.2.9" };

  test("emergency revocations of which nothing is left to do, when audit events are", async () => {
    const deployment = env.DEPLOYMENT.getByName("kept-revocations");
    const keys = Array.from({ length: 1500 }, (_, target) => ({
      target,
      keyId: `key_${target}`,
      orgId: null,
      hash: null,
      leak: { type: "fkc", source: "github", url: null },
    }));
    await deployment.openRevocation({ id: "done", at: START, reason: "x", operator }, keys, []);
    await deployment.openRevocation({ id: "left", at: START, reason: "x", operator }, keys.slice(0, 1), []);
    await runInDurableObject(deployment, (_, { storage: { sql } }) => {
      sql.exec(`UPDATE revocations SET due_at = NULL, status = 'not_found' WHERE request_id = 'done'`);
      sql.exec(`UPDATE revocations SET due_at = ? WHERE request_id = 'left'`, START + 1000 * DAY);
    });
    await alarmAfter(deployment, config.auditRetentionMs - HOUR);
    await expectAlarmBy(deployment, START + config.auditRetentionMs + SLACK);
    expect(await rows(deployment, "revocations")).toBe(1501);
    await alarmAfter(deployment, config.auditRetentionMs + SLACK);
    expect(await rows(deployment, "revocations")).toBe(1);
    expect(await rows(deployment, "revocation_leaks")).toBe(1);
    expect(await rows(deployment, "revocation_requests")).toBe(1);
  });

  test("erasures with their receipts, counted from their end; one that was finished later stays", async () => {
    const deployment = env.DEPLOYMENT.getByName("kept-erasures");
    const receipts = Array.from({ length: 1200 }, (_, i) => ({
      keyId: `key_${i}`,
      status: "revoked" as const,
      requestedAt: START,
      effectiveAt: START,
      version: 2,
    }));
    const guards = Array.from({ length: 1100 }, (_, i) => `g${i}`);
    for (const orgId of ["org_gone", "org_going"]) {
      await deployment.beginErasure(orgId, "op");
      const isGone = orgId === "org_gone";
      await deployment.noteErased(orgId, isGone ? receipts : receipts.slice(0, 3), isGone ? guards : ["a"]);
    }
    await deployment.finishErasure("org_gone");
    await expectAlarmBy(deployment, START + 366 * DAY);
    await alarmAfter(deployment, config.auditRetentionMs - HOUR);
    // This alarm finishes the other one, too.
    expect(await rows(deployment, "erased_keys")).toBe(1203);
    expect(await rows(deployment, "erased_guards")).toBe(1101);
    await alarmAfter(deployment, config.auditRetentionMs + SLACK);
    expect(await rows(deployment, "erased_keys")).toBe(3);
    expect(await rows(deployment, "erased_guards")).toBe(1);
    expect(await deployment.findErasure("org_gone")).toBeNull();
    expect(await deployment.findErasure("org_going")).toMatchObject({ keys: 3 });
  });

  test("sessions of the console that are over, though nobody signs in any more", async () => {
    const deployment = env.DEPLOYMENT.getByName("kept-sessions");
    const session = { owner: "o", renewals: 0, sealed: "s", until: START + 12 * HOUR };
    await deployment.saveConsoleSession({ id: "one", ...session });
    await deployment.saveConsoleSession({ id: "two", ...session });
    await deployment.endConsoleSession({ id: "two", ...session });
    vi.setSystemTime(START + 12 * HOUR + 1);
    await runDurableObjectAlarm(deployment);
    expect(await rows(deployment, "console_session_contents")).toBe(0);
    expect(await rows(deployment, "console_sessions")).toBe(0);
  });
});

/** Why each table has an end: what `configuration.md` says of it, in short. */
const BOUNDS = {
  organization: {
    settings: "one row a setting",
    keys: "for good; one row a key",
    imported_keys: "one row an imported key",
    creations: "a day",
    expiry_notices: "one row a key",
    outbox: "one row a key, until its guard has confirmed",
    guards: "one row a group of keys",
    leaks: "20 places a key",
    token_cuts: "two days",
    users: "one row a person or service user",
    scim_users: "one row an account; of strangers that were deleted, the latest 100,000",
    scim_bindings: "with the account",
    scim_emails: "with the account, bounded by its size",
    scim_former_names: "with the account, the latest of them",
    scim_withdrawals: "with the account, one row a role",
    scim_groups: "until the provider deletes it",
    scim_members: "with the group",
    audit: "AUDIT_RETENTION",
    usage_counts: "4 hours, 30 days, 400 days",
    usage_tallies: "4 hours, 30 days, 400 days",
    usage_pending: "one row a group, until it is taken in",
    usage_refusals: "the last 50 a key",
    usage_reports: "30 days after a group's last",
    calls: "25 hours",
    webhook: "one row",
    webhook_messages: "1,000 that are settled, for 30 days; 10,000 that wait",
  },
  deployment: {
    cookie_keys: "until no cookie can be opened by it",
    console_sessions: "12 hours",
    console_session_contents: "20 a person, 12 hours",
    erasures: "AUDIT_RETENTION, at least 60 days",
    erased_keys: "with the erasure",
    erased_guards: "with the erasure",
    emptied_organizations: "with the erasure",
    revocation_requests: "AUDIT_RETENTION",
    revocations: "with the request",
    revocation_guards: "until the guards have confirmed",
    revocation_leaks: "with the request",
    token_notices: "until the organisation has been told",
  },
};

test("there is no table of which nobody has said how it is bounded", async () => {
  const { organization } = await organizationWithKey("tables");
  const deployment = env.DEPLOYMENT.getByName("kept-tables");
  await deployment.cookieKeys();
  expect(await tablesOf(organization)).toEqual(Object.keys(BOUNDS.organization).toSorted());
  expect(await tablesOf(deployment)).toEqual(Object.keys(BOUNDS.deployment).toSorted());
});

function tablesOf(stub: DurableObjectStub): Promise<string[]> {
  const query = `SELECT name FROM sqlite_master WHERE type = 'table'
    AND name NOT LIKE '$_cf%' ESCAPE '$' AND name NOT LIKE 'sqlite%' ORDER BY name`;
  return runInDurableObject(stub, (_, { storage: { sql } }) =>
    sql
      .exec<{ name: string }>(query)
      .toArray()
      .map(({ name }) => name),
  );
}
