import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { KeyGuard } from "../../../../src/admission/guard/key-guard.ts";
import type { KeyRecord } from "../../../../src/core/key/key-record.ts";
import type { Env } from "../../../../src/env.ts";
import type { Alarm } from "../../../../src/state/alarm.ts";
import { GuardTable } from "../../../../src/state/organization/guard-table.ts";
import { KeyTable } from "../../../../src/state/organization/keys/key-table.ts";
import { Outbox } from "../../../../src/state/organization/outbox.ts";
import { Propagation } from "../../../../src/state/organization/propagation.ts";
import { Settings } from "../../../../src/state/organization/settings.ts";
import { Settlement } from "../../../../src/state/organization/settlement.ts";
import { makeActor, makeKey } from "../../../support/records.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const UNCONFIRMED = { code: "admission_unavailable" };

test("a revocation that is repeated is acknowledged as far as the guard confirms it again, and no further", async () => {
  const organization = env.ORGANIZATION.getByName("org_confirmation");
  const actor = makeActor("org_confirmation");
  await organization.bootstrap(actor);
  const { id } = (await makeKey(organization, actor)).key;
  const guard = vi.spyOn(KeyGuard.prototype, "put");
  const revoke = () => organization.revokeKey(actor, id, "gone");
  const cannotBeAsked = async () => Promise.reject(new Error("not now"));

  guard.mockImplementation(cannotBeAsked);
  expect(await revoke()).toMatchObject(UNCONFIRMED);
  guard.mockRestore();
  const receipt = await revoke();
  expect(receipt).toMatchObject({ keyId: id, status: "revoked" });
  // An older copy of the guard may have been put back meanwhile.
  vi.spyOn(KeyGuard.prototype, "put").mockImplementation(cannotBeAsked);
  expect(await revoke()).toMatchObject(UNCONFIRMED);
  vi.restoreAllMocks();
  expect(await revoke()).toEqual(receipt);
});

test("an edit that comes while another waits for its guard is not narrowed to what that one allowed", async () => {
  const organization = env.ORGANIZATION.getByName("org_two_edits");
  const actor = makeActor("org_two_edits");
  await organization.bootstrap(actor);
  const { id } = (await makeKey(organization, actor)).key;
  await organization.updateKey(actor, id, { disabled: true }, null);
  const changes = [{ allowedIps: ["192.0.2.1"] }, { disabled: false }];
  await Promise.all(changes.map((change) => organization.updateKey(actor, id, change, null)));
  expect(await organization.getKey(actor, id)).toMatchObject(Object.assign({}, ...changes));
});

/** The propagation of an organisation's changes to guards of the test's own, which the object's alarm knows nothing of. */
function propagationTo(context: DurableObjectState, put: (records: readonly KeyRecord[]) => object) {
  const { sql } = context.storage;
  const keys = new KeyTable(sql);
  const nowhere = { put: async () => {} } as unknown as KVNamespace;
  const alarm = { ringBy: () => {} } as unknown as Alarm;
  const outbox = new Outbox(sql, nowhere, new GuardTable(sql), alarm);
  const settlement = new Settlement(keys, () => {});
  const guard = { put: async (_: string, records: readonly KeyRecord[]) => put(records) };
  const namespaces = { KEY_GUARD: { getByName: () => guard } } as unknown as Env;
  return new Propagation(context, namespaces, { keys, settings: new Settings(sql), outbox, settlement });
}

test.each([
  { guards: "all but one", after: "at once", left: [501, 102] },
  { guards: "none", after: "after a while", left: [900, 900] },
])(
  "when $guards of the guards that one call writes to answer, the others follow $after",
  async (expected) => {
    const orgId = `org_many_guards_${expected.left[0]}`;
    const organization = env.ORGANIZATION.getByName(orgId);
    const actor = makeActor(orgId);
    await organization.bootstrap(actor);
    await makeKey(organization, actor);
    vi.useFakeTimers({ toFake: ["Date"] });
    await runInDurableObject(organization, async (_, context) => {
      const { sql } = context.storage;
      sql.exec(`DELETE FROM outbox`);
      sql.exec(`UPDATE guards SET listed = 1`);
      sql.exec(
        `INSERT INTO keys (id, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by, own_guard)
       SELECT 'key_own' || value, owner_id, name, key_prefix, hash || value, scopes, vaults, allowed_ips, created_at,
         created_by, 1 FROM keys, json_each(?)`,
        JSON.stringify(Array.from({ length: 900 }, (_each, i) => 100_000_000 + i)),
      );
      sql.exec(`INSERT INTO outbox (key_id, version) SELECT id, version FROM keys WHERE own_guard = 1`);
      const waiting = () =>
        sql.exec<{ n: number }>(`SELECT count(*) AS n FROM outbox WHERE confirmed < version`).one().n;
      let puts = 0;
      const propagation = propagationTo(context, (records) => {
        vi.setSystemTime(Date.now() + 10);
        if (expected.guards === "none" || puts++ % 400 === 0) throw new Error("not now");
        return records.map((record) => ({
          record,
          confirmed: true,
          effectiveAt: Date.now(),
          version: record.version,
        }));
      });
      const left: number[] = [];
      for (let call = 0; call < 2; call++) {
        await propagation.retry();
        left.push(waiting());
        const next = propagation.nextRetry() ?? 0;
        const wait = next - Date.now();
        expect(expected.after === "at once" ? wait < 1000 : wait > 5000).toBe(true);
        vi.setSystemTime(next);
      }
      expect(left).toEqual(expected.left);
    });
  },
);
