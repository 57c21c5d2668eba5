import { afterAll, beforeAll, expect, test } from "vitest";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import { refusalOf, startControl, type Control, type Organization } from "../support/control.ts";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { OPERATOR, setOutage } from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange } from "../support/tokens.ts";

interface Erased {
  readonly erasedAt: string;
  readonly keys: number;
  readonly receipts: readonly { readonly keyId: string; readonly status: string }[];
}

let control: Control;
beforeAll(async () => {
  control = await startControl({ faults: { guard: "FlakyGuard" } });
});
afterAll(() => control.stop());

async function erase(orgId?: string, claims: object = OPERATOR, again?: string): Promise<Response> {
  const query = orgId === undefined ? "" : `?orgId=${orgId}${again === undefined ? "" : `&again=${again}`}`;
  const as = await control.issuer.token({ ...claims });
  return control.call("DELETE", `/-/organization${query}`, { as });
}

async function codeOf(credential: string): Promise<string | number> {
  const answer = await control.call("GET", "/v1/vaults/vault_1", { as: credential, from: freshAddress() });
  return answer.ok ? answer.status : ((await refusalOf(answer))[1] as string);
}

/** An organisation with two keys of its own, one of them revoked, and an imported one. */
async function populated(): Promise<{ organization: Organization; keys: CreatedKey[]; line: object }> {
  const organization = await control.newOrganization();
  const { admin, id: orgId } = organization;
  const [live, dead] = [await admin.createKey(), await admin.createKey()];
  await admin.call("DELETE", `/-/api-keys/${dead.id}`);
  const key = foreignKey();
  const line = importLine(key, { orgId, ownerId: admin.id });
  const [result] = await importKeys(control, [line]);
  return { organization, keys: [live, dead, { id: result?.keyId ?? "", key, version: 1 }], line };
}

/** What KV holds of an organisation. */
async function copiesOf(orgId: string, keys: readonly CreatedKey[]): Promise<number> {
  const { KEY_RECORDS: kv } = await control.miniflare.getBindings<{
    KEY_RECORDS: { list(options: { prefix: string }): Promise<{ keys: unknown[] }> };
  }>("edge0");
  const prefixes = [`guard:${orgId}:`, ...keys.map(({ id }) => id)];
  const lists = await Promise.all(prefixes.map((prefix) => kv.list({ prefix })));
  return lists.reduce((sum, { keys: names }) => sum + names.length, 0);
}

test("an organisation leaves: exported, cut, erased, and what comes after it is empty and new", async () => {
  const { organization, keys, line } = await populated();
  const { id: orgId, admin } = organization;
  const [live, dead, imported] = keys as [CreatedKey, CreatedKey, CreatedKey];
  const { access_token: token } = await exchange(control, live);
  expect([await codeOf(live.key), await codeOf(imported.key), await codeOf(token)]).toEqual([200, 200, 200]);
  const exported = await (await admin.call("GET", "/-/organization/export")).text();
  expect(exported).toMatch(/\{"type":"end","lines":\d+\}\n$/);
  await expect.poll(() => copiesOf(orgId, keys)).toBeGreaterThan(3);

  const answer = await erase(orgId);
  const erased = await answer.json<Erased>();
  expect([answer.status, erased]).toMatchObject([200, { orgId, status: "erased", keys: 3 }]);
  expect(erased.receipts.map(({ keyId }) => keyId)).toEqual(keys.map(({ id }) => id).toSorted());
  for (const { key } of keys) expect(await codeOf(key)).toBe("api_key_revoked");
  expect(await codeOf(token)).not.toBe(200);
  expect(await copiesOf(orgId, keys)).toBe(0);
  expect(await (await erase(orgId)).json()).toEqual(erased);

  expect((await admin.call("GET", "/-/api-keys")).status).toBe(200);
  expect(await (await erase(orgId)).json(), "although somebody has called since").toEqual(erased);
  expect((await admin.call("POST", "/-/organization/bootstrap")).status).toBe(201);
  const list = await admin.call("GET", "/-/api-keys?status=all&owner=*");
  expect(await list.json()).toMatchObject({ data: [] });
  expect(await importKeys(control, [line])).toMatchObject([{ status: "refused" }]);
  const fresh = await admin.createKey();
  expect([await codeOf(fresh.key), await codeOf(live.key), await codeOf(dead.key)]).toEqual([
    200,
    "api_key_revoked",
    "api_key_revoked",
  ]);
  const audit = await (await admin.call("GET", "/-/audit-events?limit=500")).text();
  expect(audit).not.toContain(live.id);

  const { erasedAt } = erased;
  for (const time of [undefined, "2020-01-01T00:00:00.000Z"]) {
    const refused = await erase(orgId, OPERATOR, time);
    const { error } = (await refused.json()) as { error: { code: string; details: { problem: string } } };
    expect([refused.status, error.code]).toEqual([409, "already_exists"]);
    expect(error.details.problem).toContain(`again=${erasedAt}`);
  }
  expect(await codeOf(fresh.key), "one that comes late harms nobody").toBe(200);
  const second = (await (await erase(orgId, OPERATOR, erasedAt)).json()) as Erased;
  expect(second.receipts.map(({ keyId }) => keyId)).toContain(fresh.id);
  expect(await codeOf(fresh.key)).toBe("api_key_revoked");
  expect(await (await erase(orgId, OPERATOR, erasedAt)).json()).toEqual(second);
  expect(await (await erase(orgId)).json()).toEqual(second);
  expect((await erase(orgId, OPERATOR, "yesterday")).status).toBe(400);
});

test("while a guard does not confirm nothing is erased, nobody comes in, and the same request goes on later", async () => {
  const { organization, keys } = await populated();
  const { id: orgId, admin } = organization;
  const [live, , imported] = keys as [CreatedKey, CreatedKey, CreatedKey];
  await setOutage(control, imported.id, "guard unreachable");
  expect(await refusalOf(await erase(orgId))).toEqual([503, "admission_unavailable"]);
  expect(await codeOf(live.key)).toBe("api_key_revoked");
  expect(await refusalOf(await admin.call("GET", "/-/api-keys"))).toEqual([503, "admission_unavailable"]);
  await setOutage(control, imported.id, null);
  const erased = await (await erase(orgId)).json<Erased>();
  expect(erased.keys).toBe(3);
  expect(await codeOf(imported.key)).toBe("api_key_revoked");
});

test("a key that only its guard knows is cut, too", async () => {
  const organization = await control.newOrganization();
  const key = await organization.admin.createKey();
  const { KEY_GUARD: guards } = await control.miniflare.getBindings<{
    KEY_GUARD: {
      getByName(name: string): {
        list(): Promise<{ keys: { record: { id: string; version: number } }[] }>;
        put(orgId: string, records: object[]): Promise<unknown>;
      };
    };
  }>("edge0");
  const guard = guards.getByName(groupOfKey(key.id));
  const [stored] = (await guard.list()).keys;
  const unknown = `${key.id.slice(0, -1)}${key.id.endsWith("0") ? "1" : "0"}`;
  await guard.put(organization.id, [{ ...stored?.record, id: unknown }]);
  const erased = await (await erase(organization.id)).json<Erased>();
  expect(erased.receipts.map(({ keyId }) => keyId)).toEqual([key.id, unknown].toSorted());
  // Whatever still tries to bring it back comes too late.
  expect(await guard.put(organization.id, [{ ...stored?.record, version: 99 }])).toBe(null);
  const { keys } = await guard.list();
  expect(JSON.stringify(keys)).not.toContain("alice");
});

test("only operators erase, and what there never was is not found", async () => {
  const organization = await control.newOrganization();
  const answer = await organization.admin.call("DELETE", "/-/organization");
  expect(await refusalOf(answer)).toEqual([403, "role_required"]);
  expect(await refusalOf(await erase("org_never"))).toEqual([404, "not_found"]);
  const own = await erase(undefined, { ...OPERATOR, org_id: organization.id });
  expect([own.status, await own.json()]).toMatchObject([200, { orgId: organization.id, keys: 0 }]);
});
