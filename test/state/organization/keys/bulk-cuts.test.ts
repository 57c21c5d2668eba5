import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { config } from "../../../../src/config.ts";
import type { Confirmation, KeyMatch } from "../../../../src/admission/guard/key-guard.ts";
import { revoke } from "../../../../src/control/ops/revoke.ts";
import type {
  KeyTarget,
  RevocationRequest,
  RevocationResult,
} from "../../../../src/core/organization/revocation.ts";
import type { Env } from "../../../../src/env.ts";
import { Alarm } from "../../../../src/state/alarm.ts";
import { RevocationLedger } from "../../../../src/state/deployment/revocation-ledger.ts";
import { Revocations } from "../../../../src/state/deployment/revocations.ts";
import { makeRecord } from "../../../support/records.ts";

const KEYS = 10_000;
const GROUP_KEYS = 64;

/** Guards that count how often they are asked to cut keys, and cut every key. */
function countingGuards() {
  const calls: number[] = [];
  const { record } = makeRecord({ revokedAt: 1 });
  const confirmation: Confirmation = { record, confirmed: true, effectiveAt: 2, version: 2 };
  const cut = (matches: readonly KeyMatch[]) => {
    calls.push(matches.length);
    return Promise.resolve(matches.map(() => confirmation));
  };
  return { calls, namespace: { getByName: () => ({ cut }) } };
}

test("10,000 keys of 157 groups are cut in 157 calls, each with its receipt", async () => {
  const guards = countingGuards();
  const keys = Array.from({ length: KEYS }, (_, i): KeyTarget => {
    const group = String(Math.floor(i / GROUP_KEYS)).padStart(5, "0");
    return { target: i, keyId: `key_${group}${String(i).padStart(7, "0")}`, orgId: null, hash: null };
  });
  const request: RevocationRequest = {
    id: "req_bulk",
    at: 1,
    reason: "Leaked",
    operator: { id: "olga", name: "Olga", address: "192.0.2.1" },
  };
  const results: RevocationResult[] = [];
  const object = env.DEPLOYMENT.getByName("bulk-cuts");
  await runInDurableObject(object, async (_, state) => {
    const ledger = new RevocationLedger(state.storage, 0);
    const faked = { ...env, KEY_GUARD: guards.namespace } as unknown as Env;
    const revocations = new Revocations(faked, ledger, new Alarm(state));
    revocations.open(request, keys, []);
    const deployment = {
      cutKeys: (id: string, batch: readonly KeyTarget[]) => revocations.cut(id, batch),
      tellOfCuts: () => Promise.resolve(),
    };
    const asked = { DEPLOYMENT: { getByName: () => deployment } } as unknown as Env;
    await revoke(
      { env: asked, config },
      request,
      { keys, owners: [], unknown: [] },
      {
        expect: () => {},
        settle: (result) => results.push(result),
        handedOn: () => Promise.resolve(),
      },
    );
    expect(ledger.untold(request.id)).toHaveLength(KEYS);
    state.storage.sql.exec(`UPDATE revocations SET due_at = NULL`);
  });
  expect(guards.calls.length).toBe(Math.ceil(KEYS / GROUP_KEYS));
  expect(new Set(results.map(({ keyId }) => keyId)).size).toBe(KEYS);
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["revoked"]));
});
