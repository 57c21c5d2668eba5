import { describe, expect, test } from "vitest";
import { readNdjson } from "../../src/core/http/ndjson.ts";
import {
  createKeyElsewhere,
  eventually,
  OPERATOR,
  operatorOf,
  registeredOrganizations,
  setOutage,
  type OperatorResult,
} from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

const portcullis = await usePortcullis({
  faults: { guard: "FlakyGuard", organization: "FlakyOrganization" },
});
const operator = operatorOf(portcullis);

async function statusOf(key: CreatedKey): Promise<number> {
  return (await portcullis.call("GET", "/v1/vaults/vault_1", { as: key.key })).status;
}

async function pageOf(key: CreatedKey): Promise<unknown> {
  return (await portcullis.manage("GET", `/-/api-keys/${key.id}`)).json();
}

function isTold({ organizationTold }: Record<string, unknown>): boolean {
  return organizationTold === true;
}

describe.each(["organization throws", "organization hangs"] as const)("while the %s", (outage) => {
  test("its keys are cut off all the same, and it takes that in when it is back", async () => {
    const keys = [await portcullis.createKey(), await portcullis.createKey()] as const;
    expect(await Promise.all(keys.map(statusOf))).toEqual([200, 200]);
    await setOutage(portcullis, "org_test", outage);
    const answer = await operator.revoke([{ keyId: keys[0].id }, { key: keys[1].key }], { reason: outage });
    expect(answer.results.map(({ status }) => status)).toEqual(["revoked", "revoked"]);
    expect(await Promise.all(keys.map(statusOf))).toEqual([401, 401]);
    const [result] = answer.results;
    expect(await operator.list("confirmed", keys[0].id)).toMatchObject([{ organizationTold: false }]);

    await setOutage(portcullis, "org_test", null);
    const areTold = async ({ id }: CreatedKey) => (await operator.list("confirmed", id)).every(isTold);
    await eventually(async () => (await Promise.all(keys.map(areTold))).every(Boolean));
    expect(await pageOf(keys[0])).toMatchObject({
      status: "revoked",
      revokedBy: "olga",
      revocationReason: outage,
      revokedAt: result?.requestedAt,
    });
  });

  test("its tokens die all the same, found or shown, and it takes that in once when it is back", async () => {
    const key = await portcullis.createKey();
    const [found, shown] = [
      (await exchange(portcullis, key)).access_token,
      (await exchange(portcullis, key)).access_token,
    ];
    const call = async (as: string) =>
      (await portcullis.call("GET", "/v1/vaults/vault_1", { as, from: freshAddress() })).status;
    expect([await call(found), await call(shown)]).toEqual([200, 200]);
    const report = async () =>
      portcullis.call("POST", "/-/ops/leaks", {
        as: await portcullis.issuer.token(OPERATOR),
        body: { leaks: [{ token: found, source: outage }] },
      });
    await setOutage(portcullis, "org_test", outage);
    expect(await (await report()).json()).toMatchObject({ results: [{ status: "revoked" }] });
    await postForm(portcullis, "revoke", { token: shown }, { from: freshAddress() });
    expect([await call(found), await call(shown)]).toEqual([401, 401]);

    await setOutage(portcullis, "org_test", null);
    const audit = async (): Promise<{ after: { leak: { source: string } | null } }[]> => {
      const path = `/-/audit-events?target=${key.id}&action=access_token.revoked`;
      return (await (await portcullis.manage("GET", path)).json<{ data: [] }>()).data;
    };
    await eventually(async () => (await audit()).length >= 2);
    await report();
    const sources = (await audit()).map(({ after }) => after.leak?.source ?? null);
    expect(new Set(sources)).toEqual(new Set([outage, null]));
    expect(sources).toHaveLength(2);
  });

  test("its operators cut keys off all the same", async () => {
    const key = await portcullis.createKey();
    await setOutage(portcullis, OPERATOR.org_id, outage);
    const answer = await operator.revoke([{ keyId: key.id }]);
    expect(answer.results).toMatchObject([{ keyId: key.id, status: "revoked" }]);
    await setOutage(portcullis, OPERATOR.org_id, null);
    expect(await statusOf(key)).toBe(401);
  });

  test("those of all its keys that guards know are cut off all the same, and the rest when it is back", async () => {
    const key = await createKeyElsewhere(portcullis);
    await eventually(async () => (await registeredOrganizations(portcullis)).includes("org_elsewhere"));
    await setOutage(portcullis, "org_elsewhere", outage);
    const { results } = await operator.revoke([{ orgId: "org_elsewhere" }]);
    const [named, rest] = [results.filter(({ keyId }) => keyId), results.filter(({ keyId }) => !keyId)];
    expect(new Set(named.map(({ status }) => status))).toEqual(new Set(["revoked"]));
    expect(named.map(({ keyId }) => keyId)).toContain(key.id);
    expect(rest).toMatchObject([{ status: "unconfirmed", effectiveAt: null }]);
    expect(await operator.list("unconfirmed")).toMatchObject([{ orgId: "org_elsewhere", ownerId: null }]);
    expect(await statusOf(key)).toBe(401);

    await setOutage(portcullis, "org_elsewhere", null);
    await eventually(async () => (await operator.list("unconfirmed")).length === 0);
    await eventually(async () => (await operator.list("confirmed", key.id)).every(isTold));
  });

  test("that all its keys are to go is kept, and done when it is back", async () => {
    const key = await portcullis.createKey();
    await setOutage(portcullis, "org_test", outage);
    const answer = await operator.revoke([{ orgId: "org_test", ownerId: "alice" }]);
    expect(answer.summary).toEqual({ matched: 1, confirmed: 0, unconfirmed: 1, notFound: 0 });
    expect(answer.results).toMatchObject([{ keyId: null, status: "unconfirmed", effectiveAt: null }]);
    expect(await operator.list("unconfirmed")).toMatchObject([{ orgId: "org_test", ownerId: "alice" }]);
    expect(await statusOf(key)).toBe(200);

    await setOutage(portcullis, "org_test", null);
    await eventually(async () => (await operator.list("confirmed", key.id)).length === 1);
    expect(await statusOf(key)).toBe(401);
    expect(await operator.list("unconfirmed")).toEqual([]);
  });
});

describe("a key whose guard cannot be reached", () => {
  test("is told as unconfirmed, listed, and cut when the guard is back", async () => {
    const [key, other] = [await portcullis.createKey(), await createKeyElsewhere(portcullis)];
    await setOutage(portcullis, key.id, "guard unreachable");
    const answer = await operator.revoke([{ keyId: key.id }, { keyId: other.id }]);
    expect(answer.summary).toEqual({ matched: 2, confirmed: 1, unconfirmed: 1, notFound: 0 });
    expect(answer.results).toMatchObject([
      { keyId: key.id, status: "unconfirmed", effectiveAt: null, version: null },
      { keyId: other.id, status: "revoked" },
    ]);
    expect(await operator.list("unconfirmed")).toMatchObject([{ keyId: key.id, reason: "Leaked" }]);
    expect(await operator.list("confirmed", key.id)).toEqual([]);
    await eventually(async () => Number((await operator.list("unconfirmed", key.id))[0]?.["failures"]) >= 2);

    await setOutage(portcullis, key.id, null);
    await eventually(async () => (await operator.list("unconfirmed")).length === 0);
    const [entry] = await operator.list("confirmed", key.id);
    expect(entry).toMatchObject({ status: "revoked", failures: 0, organizationTold: true });
    expect(await statusOf(key)).toBe(401);
    const [again] = (await operator.revoke([{ keyId: key.id }])).results;
    expect(entry).toMatchObject({ requestedAt: again?.requestedAt, effectiveAt: again?.effectiveAt });
  });
});

test("a key whose creation is on its way to its guard is cut when it arrives there", async () => {
  const owner = { orgId: "org_test", ownerId: "alice" };
  await setOutage(portcullis, "org_test", "guard hangs");
  const creating = portcullis.createKey();
  const unconfirmed = async () => {
    const { results } = await operator.revoke([owner], { dryRun: true });
    return results.filter(({ status }) => status === "unconfirmed");
  };
  await eventually(async () => (await unconfirmed()).length === 1);
  const [named] = await unconfirmed();
  const answer = await operator.revoke([owner]);
  expect(answer.summary).toMatchObject({ unconfirmed: 1, notFound: 0 });
  expect(await operator.list("unconfirmed")).toMatchObject([{ keyId: named?.keyId, ...owner }]);

  await setOutage(portcullis, "org_test", null);
  const key = await creating;
  expect(key.id).toBe(named?.keyId);
  await eventually(async () => (await operator.list("confirmed", key.id)).length === 1);
  expect(await statusOf(key)).toBe(401);
  expect(await operator.list("unconfirmed")).toEqual([]);
});

describe("an answer as NDJSON", () => {
  test("tells of each key as soon as it is dead, while others are not, and sums up at the end", async () => {
    const [quick, slow] = [await createKeyElsewhere(portcullis), await portcullis.createKey()];
    await setOutage(portcullis, slow.id, "guard hangs");
    const body = { targets: [{ keyId: slow.id }, { keyId: quick.id }], reason: "Leaked" };
    const response = await operator.call("POST", body, { Accept: "application/x-ndjson" });
    expect(response.headers.get("Content-Type")).toBe("application/x-ndjson");
    const lines = readNdjson<OperatorResult>(response.body as ReadableStream<Uint8Array>);
    const first = await lines.next();
    expect(first.value).toMatchObject({
      target: 1,
      keyId: quick.id,
      status: "revoked",
      progress: { done: 1, total: 2 },
    });
    expect(await statusOf(quick)).toBe(401);

    await setOutage(portcullis, slow.id, null);
    expect(await Array.fromAsync(lines)).toEqual([
      expect.objectContaining({
        target: 0,
        keyId: slow.id,
        status: "revoked",
        progress: { done: 2, total: 2 },
      }),
      { dryRun: false, summary: { matched: 2, confirmed: 2, unconfirmed: 0, notFound: 0 } },
    ]);
  });

  test("that nobody reads to its end leaves nothing undone", async () => {
    const key = await portcullis.createKey();
    await setOutage(portcullis, key.id, "guard hangs");
    const body = { targets: [{ keyId: "key_000000000000" }, { keyId: key.id }], reason: "Leaked" };
    const response = await operator.call("POST", body, { Accept: "application/x-ndjson" });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await setOutage(portcullis, key.id, null);
    await eventually(async () => (await operator.list("confirmed", key.id)).length === 1);
    expect(await statusOf(key)).toBe(401);
  });
});

describe("while an organisation's storage is full,", () => {
  test("a change is a clear 503 and no receipt, and whoever holds a key, and an operator, revokes it", async () => {
    const keys = [await portcullis.createKey(), await portcullis.createKey(), await portcullis.createKey()];
    const [owned, held, leaked] = keys as [CreatedKey, CreatedKey, CreatedKey];
    await setOutage(portcullis, "org_test", "organization full");
    for (const [method, body] of [["DELETE"], ["PATCH", { disabled: true }]] as const) {
      const answer = await portcullis.manage(method, `/-/api-keys/${owned.id}`, body);
      expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "3600"]);
      expect(await answer.json()).toMatchObject({
        error: { code: "admission_unavailable", details: { problem: expect.stringContaining("is full") } },
      });
    }
    expect(await pageOf(owned)).toMatchObject({ status: "active", version: 1 });
    await postForm(portcullis, "revoke", { token: held.key }, { from: freshAddress() });
    const { results } = await operator.revoke([{ keyId: leaked.id }]);
    expect(results).toMatchObject([{ keyId: leaked.id, status: "revoked" }]);
    expect(await Promise.all(keys.map(statusOf))).toEqual([200, 401, 401]);

    await setOutage(portcullis, "org_test", null);
    await eventually(async () => (await operator.list("confirmed", leaked.id)).every(isTold));
    expect(await pageOf(leaked)).toMatchObject({ status: "revoked", revokedBy: "olga" });
    expect((await portcullis.manage("DELETE", `/-/api-keys/${owned.id}`)).status).toBe(200);
    expect(await statusOf(owned)).toBe(401);
  });
});
