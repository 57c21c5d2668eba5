import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Env } from "../../../src/env.ts";
import type { Alarm } from "../../../src/state/alarm.ts";
import { RevocationLedger } from "../../../src/state/deployment/revocation-ledger.ts";
import { Revocations } from "../../../src/state/deployment/revocations.ts";

const ORGANIZATIONS = 1200;
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
    const receipt = { status: "revoked", requestedAt: 1, effectiveAt: 2, version: 2 } as const;
    ledger.settle(
      REQUEST.id,
      keys.map(({ target, keyId, orgId }) => ({ target, keyId, orgId, ...receipt })),
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
