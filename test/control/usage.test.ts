import { beforeEach, expect, test } from "vitest";
import { developerOn, refusalOf, type Organization } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;

const control = await useControl({ edges: 2 });
beforeEach(async () => {
  organization = await control.newOrganization();
});

interface Usage {
  readonly totals: Readonly<Record<string, number>>;
  readonly buckets: readonly { readonly start: string; readonly succeeded: number }[];
  readonly bucketSeconds: number;
  readonly keys?: readonly { readonly keyId: string; readonly succeeded: number }[];
}

async function usage(path: string): Promise<Usage> {
  return await (await organization.admin.call("GET", path)).json<Usage>();
}

async function use(key: CreatedKey, times: number, from: string, edge = 0): Promise<number[]> {
  const answers = await Promise.all(
    Array.from({ length: times }, () => control.call("GET", "/v1/networks", { as: key.key, from, edge })),
  );
  return answers.map(({ status }) => status);
}

test("what was admitted, rate-limited and refused is counted for the key, on every edge", async () => {
  const key = await organization.admin.createKey({
    rateLimit: { requests: 20, windowSeconds: 600 },
    allowedIps: ["198.51.100.1"],
  });
  const statuses = [...(await use(key, 15, "198.51.100.1", 0)), ...(await use(key, 15, "198.51.100.1", 1))];
  await use(key, 3, "203.0.113.80");
  const admitted = statuses.filter((status) => status === 200).length;
  expect(admitted).toBeLessThanOrEqual(20);
  await expect
    .poll(async () => (await usage(`/-/api-keys/${key.id}/usage`)).totals)
    .toMatchObject({ succeeded: admitted, limited: 30 - admitted, refused: 3 });
});

test("a request that is refused by a change that it learns of at the guard counts as refused", async () => {
  const key = await organization.admin.createKey({ rateLimit: { requests: 5, windowSeconds: 600 } });
  await use(key, 8, "198.51.100.2");
  const narrowed = { allowedIps: ["192.0.2.1"] };
  expect((await organization.admin.call("PATCH", `/-/api-keys/${key.id}`, narrowed)).status).toBe(200);
  for (let i = 0; i < 3; i++) expect(await use(key, 1, "198.51.100.2")).toEqual([403]);
  await expect
    .poll(async () => (await usage(`/-/api-keys/${key.id}/usage`)).totals)
    .toMatchObject({ succeeded: 5, limited: 3, refused: 3 });
});

test("a request that is refused by a revocation that it learns of at the guard counts as refused", async () => {
  const key = await organization.admin.createKey();
  await use(key, 2, "198.51.100.3");
  expect((await organization.admin.call("DELETE", `/-/api-keys/${key.id}`)).status).toBe(200);
  for (let i = 0; i < 3; i++) expect(await use(key, 1, "198.51.100.3")).toEqual([401]);
  await expect
    .poll(async () => (await usage(`/-/api-keys/${key.id}/usage`)).totals)
    .toMatchObject({ succeeded: 2, limited: 0, refused: 3 });
});

test("a key and the list tell of its last use, which no refusal moves, and beside it of the last refusal", async () => {
  const key = await organization.admin.createKey();
  const path = `/-/api-keys/${key.id}`;
  const before = Date.now();
  expect(await use(key, 1, "198.51.100.7")).toEqual([200]);
  const asked = Date.now();
  await organization.admin.call("DELETE", path);
  expect(await use(key, 1, "198.51.100.9")).toEqual([401]);
  const read = async () => await (await organization.admin.call("GET", path)).json<Record<string, string>>();
  const expected = { lastUsedIp: "198.51.100.7", lastRefusedIp: "198.51.100.9" };
  await expect.poll(read).toMatchObject(expected);
  const { lastUsedAt = "", lastRefusedAt = "" } = await read();
  expect(Date.parse(lastUsedAt)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(lastUsedAt)).toBeLessThanOrEqual(asked);
  expect(Date.parse(lastRefusedAt)).toBeGreaterThanOrEqual(asked);
  const list = await organization.admin.call("GET", "/-/api-keys?status=revoked");
  expect((await list.json<{ data: object[] }>()).data[0]).toMatchObject({ ...expected, lastUsedAt });
});

test.each([
  ["1h", 60, 60],
  ["24h", 24, 3600],
  ["7d", 168, 3600],
  ["30d", 30, 86_400],
])("a window of %s has %i buckets of %i seconds, the last of them now", async (window, buckets, seconds) => {
  const key = await organization.admin.createKey();
  const path = `/-/api-keys/${key.id}/usage?window=${window}`;
  const bucketOf = (time: number) => Math.floor(time / 1000 / seconds) * seconds * 1000;
  const before = bucketOf(Date.now());
  await use(key, 2, "198.51.100.8");
  const after = bucketOf(Date.now());
  await expect.poll(async () => (await usage(path)).totals["succeeded"]).toBe(2);
  const asked = bucketOf(Date.now());
  const told = await usage(path);
  const starts = told.buckets.map(({ start }) => Date.parse(start));
  expect(told.buckets).toHaveLength(buckets);
  expect(told.bucketSeconds).toBe(seconds);
  expect(starts.every((start, i) => i === 0 || start - (starts[i - 1] ?? 0) === seconds * 1000)).toBe(true);
  expect([asked, bucketOf(Date.now())]).toContain(starts.at(-1));
  const counted = told.buckets.filter(({ succeeded }) => succeeded > 0).map(({ start }) => Date.parse(start));
  expect([before, after]).toEqual(expect.arrayContaining(counted));
});

test("the organisation's usage is the sum, and by key; for admins alone", async () => {
  const keys = [await organization.admin.createKey(), await organization.admin.createKey()] as const;
  await use(keys[0], 1, "198.51.100.9");
  await use(keys[1], 3, "198.51.100.9");
  await expect.poll(async () => (await usage("/-/usage")).totals["succeeded"]).toBe(4);
  expect((await usage("/-/usage")).keys?.map(({ keyId, succeeded }) => [keyId, succeeded])).toEqual([
    [keys[1].id, 3],
    [keys[0].id, 1],
  ]);
  const bob = organization.member("bob", developerOn("vault_1"));
  expect(await refusalOf(await bob.call("GET", "/-/usage"))).toEqual([403, "role_required"]);
  expect(await refusalOf(await bob.call("GET", `/-/api-keys/${keys[0].id}/usage`))).toEqual([
    404,
    "not_found",
  ]);
  expect(await refusalOf(await organization.admin.call("GET", "/-/usage?window=2h"))).toEqual([
    400,
    "invalid_request",
    "window",
  ]);
});
