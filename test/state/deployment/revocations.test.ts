import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Env } from "../../../src/env.ts";
import type { Alarm } from "../../../src/state/alarm.ts";
import { RevocationLedger } from "../../../src/state/deployment/revocation-ledger.ts";
import { Revocations } from "../../../src/state/deployment/revocations.ts";
import { makeRecord } from "../../support/records.ts";

const ORGANIZATIONS = 1200;
const DAY_MS = 86_400_000;
const RECEIPT = { status: "revoked", requestedAt: 1, effectiveAt: 2, version: 2 } as const;
const REQUEST = {
  id: "request",
  at: Date.now(),
  reason: "Leaked",
  operator: { id: "olga", name: "Olga", address: "" },
};

/** Organisations that count the notices they get, in all and at the same time. */
function organizations() {
  const told = { all: 0, atOnce: 0, most: 0 };
  const noteCuts = async (): Promise<void> => {
    told.all++;
    told.most = Math.max(told.most, ++told.atOnce);
    await scheduler.wait(1);
    told.atOnce--;
  };
  return { told, namespace: { getByName: () => ({ noteCuts }) } };
}

/** Runs something with the storage of a deployment of its own. */
function inDeployment(
  name: string,
  work: (storage: DurableObjectStorage) => void | Promise<void>,
): Promise<void> {
  const stub = (env as unknown as Env).DEPLOYMENT.getByName(name);
  return runInDurableObject(stub, async (_, { storage }) => work(storage));
}

function revocationsOf(ledger: RevocationLedger, guard: object): Revocations {
  const namespaces = {
    ORGANIZATION: organizations().namespace,
    KEY_GUARD: { getByName: () => guard },
  };
  // The object's own alarm would go on with it.
  return new Revocations(namespaces as unknown as Env, ledger, { ringBy: () => {} } as unknown as Alarm);
}

test("cuts in more organisations than one invocation may call are told in several, and all are", async () => {
  const stub = (env as unknown as Env).DEPLOYMENT.getByName("revocations-of-many");
  await runInDurableObject(stub, async (_, state) => {
    const ledger = new RevocationLedger(state.storage, 86_400_000);
    const { told, namespace } = organizations();
    const revocations = new Revocations(
      { ORGANIZATION: namespace, KEY_GUARD: {} } as unknown as Env,
      ledger,
      // The object's own would go on with it.
      { ringBy: () => {} } as unknown as Alarm,
    );
    const keys = Array.from({ length: ORGANIZATIONS }, (_each, i) => {
      return { target: i, keyId: `key_${String(i).padStart(12, "0")}`, orgId: `org_${i}`, hash: null };
    });
    ledger.open(REQUEST, keys, [], Date.now());
    ledger.settle(
      REQUEST.id,
      keys.map(({ target, keyId, orgId }) => ({ target, keyId, orgId, ...RECEIPT })),
    );
    await revocations.tell(REQUEST.id);
    expect(told.all).toBe(500);
    for (let run = 0; ledger.untold(REQUEST.id).length > 0; run++) {
      expect(run).toBeLessThan(5);
      await revocations.retry();
    }
    expect(told.all).toBe(ORGANIZATIONS);
    expect(told.most).toBeLessThanOrEqual(50);
  });
});

/** A ledger whose statements are bound no value that the platform refuses. */
function ledgerOf(storage: DurableObjectStorage): RevocationLedger {
  const { sql } = storage;
  const exec: SqlStorage["exec"] = (query, ...values) => {
    const longest = Math.max(0, ...values.map((value) => (typeof value === "string" ? value.length : 0)));
    if (longest > 2_000_000) throw new Error("string or blob too big: SQLITE_TOOBIG");
    return sql.exec(query, ...values);
  };
  const transactionSync = <T>(work: () => T): T => storage.transactionSync(work);
  return new RevocationLedger({ sql: { exec }, transactionSync } as DurableObjectStorage, DAY_MS);
}

test("an organisation of more keys than one bound value can name is cut as a whole", async () => {
  await inDeployment("revocations-of-a-large-organisation", (storage) => {
    const ledger = ledgerOf(storage);
    const owner = { target: 0, orgId: `org_${"x".repeat(200)}`, ownerId: null };
    const keys = Array.from({ length: 7500 }, (_, i) => {
      return { target: 0, keyId: `key_${String(i).padStart(12, "0")}`, orgId: owner.orgId, hash: null };
    });
    ledger.open(REQUEST, [], [owner], Date.now());
    ledger.located(REQUEST.id, owner, { keys, guards: keys.map(({ keyId }) => keyId), dueAt: Date.now() });
    expect(ledger.endLocating(REQUEST.id, 0)).toBe(true);
    ledger.failed(REQUEST.id, keys, Date.now());
    ledger.settle(
      REQUEST.id,
      keys.map((key) => ({ ...key, ...RECEIPT })),
    );
    expect(ledger.untold(REQUEST.id)).toHaveLength(keys.length);
    ledger.told(REQUEST.id, ledger.untold(REQUEST.id));
    expect([ledger.untold(REQUEST.id).length, ledger.nextAt()]).toEqual([0, null]);
  });
});

test("an attempt that fails after another has cut the key and told of it leaves nothing to do", async () => {
  await inDeployment("revocations-at-the-same-time", async (storage) => {
    const ledger = new RevocationLedger(storage, DAY_MS);
    const key = { target: 0, keyId: "key_000000000001", orgId: "org_1", hash: null };
    ledger.open(REQUEST, [key], [], Date.now());
    ledger.settle(REQUEST.id, [{ ...key, ...RECEIPT }]);
    ledger.told(REQUEST.id, ledger.untold(REQUEST.id));
    ledger.failed(REQUEST.id, [key], Date.now());
    expect(ledger.nextAt()).toBeNull();

    storage.sql.exec(`UPDATE revocations SET due_at = 1`);
    await revocationsOf(ledger, {}).retry();
    expect(ledger.nextAt(), "what an earlier version has left due").toBeNull();
  });
});

test("a cut that comes back with a live record is not confirmed, and is tried again", async () => {
  await inDeployment("revocations-without-effect", async (storage) => {
    const ledger = new RevocationLedger(storage, DAY_MS);
    const { record } = makeRecord({ id: "key_000000000001", orgId: "org_1", revokedAt: null });
    const guard = { cut: async () => [{ record, confirmed: false, effectiveAt: Date.now(), version: 1 }] };
    const key = { target: 0, keyId: record.id, orgId: record.orgId, hash: null };
    ledger.open(REQUEST, [key], [], Date.now());
    const told = await new Response(revocationsOf(ledger, guard).cut(REQUEST.id, [key])).json();
    expect(told).toMatchObject({ keyId: record.id, status: "unconfirmed", effectiveAt: null });
    expect(ledger.list({ status: "unconfirmed", limit: 10, before: null })).toMatchObject([{ failures: 1 }]);
    expect(ledger.nextAt()).toBeGreaterThan(0);
  });
});
