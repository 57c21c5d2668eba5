import { expect, test } from "vitest";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import { OPERATOR, setOutage } from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";
const portcullis = await usePortcullis({ faults: { guard: "FlakyGuard" } });

async function statusOf({ key }: CreatedKey): Promise<number> {
  return (await portcullis.call("GET", "/v1/vaults/vault_1", { as: key, from: freshAddress() })).status;
}

async function newServiceUser(): Promise<string> {
  const body = { name: "Fleet", vaultRoles: { "*": ["developer"] }, active: true };
  return (await (await portcullis.manage("POST", "/-/service-users", body)).json<{ id: string }>()).id;
}

test(
  "an owner's keys in several groups are cut at once, and the answer claims no group that did not confirm",
  { timeout: 120_000 },
  async () => {
    const ownerId = await newServiceUser();
    const keys: CreatedKey[] = [];
    // More than a group holds, so that there are two at least.
    for (let i = 0; i < 66; i++) keys.push(await portcullis.createKey({ ownerId }));
    const [first, last] = [keys[0], keys.at(-1)] as [CreatedKey, CreatedKey];
    expect(groupOfKey(first.id)).not.toBe(groupOfKey(last.id));
    expect(await Promise.all([first, last].map(statusOf))).toEqual([200, 200]);

    await setOutage(portcullis, groupOfKey(last.id), "guard hangs");
    const unconfirmed = await portcullis.manage("DELETE", `/-/service-users/${ownerId}`);
    expect(unconfirmed.status).toBe(503);
    expect(await statusOf(first)).toBe(401);

    await setOutage(portcullis, groupOfKey(last.id), null);
    const again = await portcullis.manage("DELETE", `/-/service-users/${ownerId}`);
    // The organisation may have gone on with it by itself: then nobody is there any more.
    expect([204, 404]).toContain(again.status);
    expect(new Set(await Promise.all(keys.map(statusOf)))).toEqual(new Set([401]));
  },
);

test("edits of many keys of one group at once are each in force, and everybody agrees afterwards", async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => portcullis.createKey()));
  const edits = keys.flatMap(({ id }) =>
    [1, 2, 3, 4, 5].map((requests) =>
      portcullis.manage("PATCH", `/-/api-keys/${id}`, { rateLimit: { requests, windowSeconds: 60 } }),
    ),
  );
  expect(new Set((await Promise.all(edits)).map(({ status }) => status))).toEqual(new Set([200]));
  const body = { orgId: "org_test" };
  const as = await portcullis.issuer.token(OPERATOR);
  const answer = await portcullis.call("POST", "/-/ops/reconciliations", { as, body });
  const { differences } = await answer.json<{ differences: { difference: string }[] }>();
  expect(differences.filter(({ difference }) => difference !== "differs_from_kv")).toEqual([]);
  const ends = await Promise.all(keys.map(({ id }) => portcullis.manage("DELETE", `/-/api-keys/${id}`)));
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(await Promise.all(keys.map(statusOf)))).toEqual(new Set([401]));
});
