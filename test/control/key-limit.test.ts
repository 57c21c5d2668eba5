import { beforeEach, expect, test } from "vitest";
import { NEW_KEY, refusalOf, type Organization } from "../support/control.ts";
import { developerOn } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";

const LIMIT = 20;
const REACHED = [409, "key_limit_reached"];
const PAST = { expiresAt: "2020-01-01T00:00:00Z" };
let organization: Organization;

const control = await useControl({ vars: { MAX_KEYS_PER_OWNER: `${LIMIT}` } });
beforeEach(async () => {
  organization = await control.newOrganization();
});

function fill(count = LIMIT): Promise<CreatedKey[]> {
  return Promise.all(Array.from({ length: count }, () => organization.admin.createKey()));
}

function createOneMore(): Promise<Response> {
  return organization.admin.call("POST", "/-/api-keys", NEW_KEY);
}

function change(key: CreatedKey | undefined, fields: object): Promise<Response> {
  return organization.admin.call("PATCH", `/-/api-keys/${key?.id}`, fields);
}

test("an owner has at most twenty keys, whatever others have", async () => {
  await fill();
  expect(await refusalOf(await createOneMore())).toEqual(REACHED);
  await organization.member("bob", developerOn("vault_1")).createKey();
});

test("forty creations at the same time make exactly twenty keys", async () => {
  const answers = await Promise.all(Array.from({ length: 2 * LIMIT }, createOneMore));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(LIMIT);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(LIMIT);
});

test("a disabled key counts", async () => {
  const [key] = await fill();
  await change(key, { disabled: true });
  expect(await refusalOf(await createOneMore())).toEqual(REACHED);
});

test("a revoked key does not count", async () => {
  const [key] = await fill();
  await organization.admin.call("DELETE", `/-/api-keys/${key?.id}`);
  expect((await createOneMore()).status).toBe(201);
});

test("an expired key does not count, and comes back only where there is room", async () => {
  const [first, second] = await fill();
  expect((await change(first, PAST)).status).toBe(200);
  expect((await createOneMore()).status).toBe(201);

  for (const revival of [{ expiresAt: null }, { expiresIn: "1d" }, { expiresIn: "1d", disabled: true }]) {
    expect(await refusalOf(await change(first, revival))).toEqual(REACHED);
  }
  expect((await change(first, { name: "Still expired" })).status).toBe(200);
  await organization.admin.call("DELETE", `/-/api-keys/${second?.id}`);
  expect((await change(first, { expiresIn: "1d" })).status).toBe(200);
  expect(await refusalOf(await createOneMore())).toEqual(REACHED);
});
