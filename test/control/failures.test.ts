import { describe, expect, test, vi } from "vitest";
import type { Control } from "../../src/control/context.ts";
import { createScimApp } from "../../src/control/scim/app.ts";
import { refusalOf as refusalOfThrown } from "../../src/control/thrown.ts";
import type { KeyRecord } from "../../src/core/key/key-record.ts";
import { FailureLimiter } from "../../src/state/failure-limiter.ts";
import { developerOn, NEW_KEY, refusalOf, type Organization } from "../support/control.ts";
import type { Outage } from "../support/faults.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";

/**
 * What cannot be confirmed is not acknowledged, and what was committed arrives without anybody's repeating it. The
 * tests run side by side, each in an organisation of its own, since they wait for the same few seconds.
 */

const UNCONFIRMED = [503, "admission_unavailable"];
const GUARD_OUTAGES = ["guard unreachable", "guard answer lost"] as const satisfies readonly Outage[];

const control = await useControl({ faults: { kv: "FlakyKv", guard: "FlakyGuard" } });

async function startOutage(organization: Organization, outage: Outage): Promise<void> {
  const faults = await control.miniflare.getWorker("faults");
  await faults.fetch(`http://faults/${organization.id}`, { method: "PUT", body: outage });
}

async function endOutage(organization: Organization): Promise<void> {
  const faults = await control.miniflare.getWorker("faults");
  await faults.fetch(`http://faults/${organization.id}`, { method: "DELETE" });
}

async function use(key: CreatedKey): Promise<unknown> {
  const options = { as: key.key, from: freshAddress() };
  const answer = await control.call("GET", "/v1/vaults/vault_1", options);
  return answer.ok ? answer.status : (await refusalOf(answer))[1];
}

async function expectUnconfirmed(answer: Response): Promise<void> {
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  expect(await refusalOf(answer)).toEqual(UNCONFIRMED);
}

/** What KV has of a key. */
async function cached(key: CreatedKey): Promise<KeyRecord | null> {
  const { KEY_RECORDS: kv } = await control.miniflare.getBindings<{
    KEY_RECORDS: { get(key: string, type: "json"): Promise<KeyRecord | null> };
  }>("edge0");
  return kv.get(key.id, "json");
}

async function eventually<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  // Tests that run beside others have no `expect.poll`.
  await vi.waitFor(async () => expect(await ask()).toEqual(expected), { timeout: 60_000, interval: 250 });
}

describe.concurrent.each(GUARD_OUTAGES)("while the %s", (outage) => {
  test("a revocation is not acknowledged; once repeated it is, with the moment it was first asked for", async () => {
    const organization = await control.newOrganization();
    const key = await organization.admin.createKey();
    const path = `/-/api-keys/${key.id}`;
    await startOutage(organization, outage);
    const before = Date.now();
    for (let i = 0; i < 2; i++) await expectUnconfirmed(await organization.admin.call("DELETE", path));
    const after = Date.now();

    await endOutage(organization);
    const receipt = await (await organization.admin.call("DELETE", path)).json<{ requestedAt: string }>();
    expect(receipt).toMatchObject({ keyId: key.id, status: "revoked", version: 2 });
    expect(Date.parse(receipt.requestedAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(receipt.requestedAt)).toBeLessThanOrEqual(after);
    expect(await use(key)).toBe("api_key_revoked");
  });

  test("a change is not acknowledged; once repeated it is, and made only once", async () => {
    const organization = await control.newOrganization();
    const key = await organization.admin.createKey();
    const path = `/-/api-keys/${key.id}`;
    await startOutage(organization, outage);
    await expectUnconfirmed(await organization.admin.call("PATCH", path, { disabled: true }));
    await expectUnconfirmed(await organization.admin.call("PATCH", path, { disabled: true }));

    await endOutage(organization);
    const answer = await organization.admin.call("PATCH", path, { disabled: true });
    expect(await answer.json()).toMatchObject({ disabled: true, version: 2 });
    expect(await use(key)).toBe("api_key_disabled");
  });

  test("a change and a revocation arrive by themselves, however busy the organisation is meanwhile", async () => {
    const organization = await control.newOrganization();
    const [changed, revoked] = [await organization.admin.createKey(), await organization.admin.createKey()];
    await startOutage(organization, outage);
    const allowedIps = ["192.0.2.1"];
    await expectUnconfirmed(
      await organization.admin.call("PATCH", `/-/api-keys/${changed.id}`, { allowedIps }),
    );
    await expectUnconfirmed(await organization.admin.call("DELETE", `/-/api-keys/${revoked.id}`));
    await endOutage(organization);

    const outcome = async (): Promise<unknown[]> => {
      await organization.admin.createKey();
      return [
        await use(changed),
        await use(revoked),
        (await cached(changed))?.version,
        (await cached(revoked))?.version,
      ];
    };
    await eventually(outcome, ["ip_not_allowed", "api_key_revoked", 2, 2]);
    const { pagination: _, data } = await (
      await organization.admin.call("GET", "/-/api-keys?status=revoked")
    ).json<{ pagination: unknown; data: unknown }>();
    expect(data).toEqual([expect.objectContaining({ id: revoked.id, version: 2, revokedBy: "alice" })]);
  });

  test("a key that nobody was given is never to live, and is on record as revoked", async () => {
    const organization = await control.newOrganization();
    await startOutage(organization, outage);
    const named = { "Idempotency-Key": crypto.randomUUID() };
    const refused = await organization.admin.call("POST", "/-/api-keys", NEW_KEY, named);
    expect(await refused.clone().text()).not.toContain("fkc_");
    await expectUnconfirmed(refused);
    await endOutage(organization);

    const active = await (
      await organization.admin.call("GET", "/-/api-keys")
    ).json<{
      data: unknown[];
    }>();
    expect(active.data).toEqual([]);
    const all = await (
      await organization.admin.call("GET", "/-/api-keys?status=all")
    ).json<{
      data: CreatedKey[];
    }>();
    expect(all.data).toEqual([
      expect.objectContaining({ status: "revoked", revocationReason: "The creation could not be confirmed" }),
    ]);
    const [key] = all.data as [CreatedKey];
    await eventually(async () => (await cached(key))?.revokedAt !== undefined, true);
    expect(await cached(key)).toMatchObject({ version: 2, revokedAt: expect.any(Number) });
    expect((await organization.admin.call("POST", "/-/api-keys", NEW_KEY, named)).status).toBe(201);
  });
});

describe.concurrent("while KV is down", () => {
  test("keys are made, changed and revoked as ever, and KV has them once it is back", async () => {
    const organization = await control.newOrganization();
    await startOutage(organization, "KV down");
    const [kept, revoked] = [await organization.admin.createKey(), await organization.admin.createKey()];
    expect(await use(kept)).toBe(200);
    const change = await organization.admin.call("PATCH", `/-/api-keys/${kept.id}`, { name: "Changed" });
    const revocation = await organization.admin.call("DELETE", `/-/api-keys/${revoked.id}`);
    expect([change.status, revocation.status]).toEqual([200, 200]);
    expect(await use(revoked)).toBe("api_key_revoked");
    expect([await cached(kept), await cached(revoked)]).toEqual([null, null]);

    await endOutage(organization);
    await eventually(async () => [(await cached(kept))?.version, (await cached(revoked))?.version], [2, 2]);
    expect((await cached(revoked))?.revokedAt).not.toBeNull();
  });
});

test.concurrent("the keys of a person who has lost a role follow by themselves, once their guards hear of it", async () => {
  const organization = await control.newOrganization();
  const before = organization.member("bob", {
    ...developerOn("vault_1"),
    iat: Math.floor(Date.now() / 1000) - 5,
  });
  const key = await before.createKey();
  expect(await use(key)).toBe(200);
  await startOutage(organization, "guard unreachable");
  await organization.member("bob").call("GET", "/-/organization");
  await endOutage(organization);
  await eventually(() => use(key), "access_withdrawn");
});

describe("what an object throws is answered, and by SCIM with the same status:", () => {
  const marked = (mark: object) => Object.assign(new Error("Durable Object reset"), mark);
  const cases: [unknown, number, string, string | null][] = [
    [marked({ retryable: true }), 503, "admission_unavailable", "1"],
    [marked({ overloaded: true, retryable: true }), 503, "admission_unavailable", "5"],
    [new Error('The RPC receiver does not implement the method "scim"'), 503, "admission_unavailable", "30"],
    [new Error("database or disk is full: SQLITE_FULL"), 503, "admission_unavailable", "3600"],
    [marked({ retryable: false }), 500, "internal_error", null],
    [new TypeError("x is undefined"), 500, "internal_error", null],
  ];
  test.each(cases)("%s", async (thrown, status, code, retryAfter) => {
    const refusal = refusalOfThrown(thrown);
    expect([refusal.code, refusal.retryAfter?.toString() ?? null]).toEqual([code, retryAfter]);

    const knowsScimToken = () => Promise.reject(thrown);
    const scim = createScimApp({
      env: { ORGANIZATION: { getByName: () => ({ knowsScimToken }) } },
      failures: new FailureLimiter({ limit: async () => ({ success: true }) }),
    } as unknown as Control);
    const headers = { Authorization: `Bearer scim_b3JnXzE.${"a".repeat(43)}` };
    const answer = await scim.request("/Users", { headers });
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([status, retryAfter]);
  });
});
