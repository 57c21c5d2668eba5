import { beforeAll, describe, expect, test, vi } from "vitest";
import { developerOn, refusalOf, startControl, type Person } from "../support/control.ts";
import { usageStretch } from "../../src/core/usage/windows.ts";
import { mistyped } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";

interface Impact {
  readonly window: { readonly from: string; readonly to: string };
  readonly calls: number;
  readonly wouldRefuse: number;
  readonly wouldSeeLess: number;
  readonly unknown: number;
  readonly byReason: readonly { readonly reason: string; readonly calls: number }[];
  readonly examples: readonly object[];
}

const VAULTS = ["vault_1", "vault_2", "vault_3"];

const control = await useControl({ edges: 2 });
const organization = await control.newOrganization();
beforeAll(async () => {
  // An origin that checks nothing and shows every vault to everyone.
  control.origin.handler = (request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(
      request.target === "/v1/vaults" ? JSON.stringify({ data: VAULTS.map((id) => ({ id })) }) : "{}",
    );
  };
});

function ask(key: Pick<CreatedKey, "id">, edit: object, by: Person = organization.admin): Promise<Response> {
  return by.call("POST", `/-/api-keys/${key.id}/impact`, edit);
}

/** What an edit would do, once all of `calls` have been counted. */
async function impact(key: CreatedKey, calls: number, edit: object, by?: Person): Promise<Impact> {
  return vi.waitFor(
    async () => {
      const told = await (await ask(key, edit, by)).json<Impact>();
      expect(told.calls).toBe(calls);
      return told;
    },
    { timeout: 60_000, interval: 300 },
  );
}

interface Call {
  readonly path: string;
  readonly times: number;
  /** Host in the addresses of the test: see {@link addressesOf}. */
  readonly from: "a" | "b" | "mapped" | "v6";
  readonly edge: number;
}

const TRAFFIC: readonly Call[] = [
  { path: "/v1/vaults/vault_1/balances", times: 5, from: "a", edge: 0 },
  { path: "/v1/vaults/vault_2", times: 3, from: "a", edge: 1 },
  { path: "/v1/vaults/vault_1", times: 2, from: "v6", edge: 0 },
  { path: "/v1/networks", times: 2, from: "mapped", edge: 1 },
  { path: "/v1/vaults", times: 2, from: "b", edge: 1 },
];
const CALLS = 14;

/** Addresses that no other test calls from, in the network `10.<n>.0.0/16` and in `2001:db8:<n>::/48`. */
function addressesOf(n: number): Record<Call["from"], string> {
  return { a: `10.${n}.0.1`, b: `10.${n}.1.1`, mapped: `::ffff:10.${n}.0.1`, v6: `2001:db8:${n}::1` };
}

/** Makes all the calls; tells how many were refused, and how many lists showed less than all. */
async function makeCalls(key: CreatedKey, n: number): Promise<{ refused: number; less: number }> {
  const addresses = addressesOf(n);
  const counts = { refused: 0, less: 0 };
  for (const { path, times, from, edge } of TRAFFIC) {
    for (let i = 0; i < times; i++) {
      const answer = await control.call("GET", path, { as: key.key, from: addresses[from], edge });
      const { data } = await answer.json<{ data?: unknown[] }>();
      if (answer.status !== 200) counts.refused++;
      if (data !== undefined && data.length < VAULTS.length) counts.less++;
    }
  }
  return counts;
}

describe("an edit of a key refuses of the same calls as many as were told, for the reasons that were told", () => {
  const rows: readonly [string, (n: number) => object, Record<string, number>, number][] = [
    ["nothing", () => ({}), {}, 0],
    ["a name", () => ({ name: "New" }), {}, 0],
    ["wider scopes", () => ({ scopes: ["*:*"], vaults: "*" }), {}, 0],
    ["a later expiry", () => ({ expiresIn: "2y" }), {}, 0],
    ["fewer vaults", () => ({ vaults: ["vault_1"] }), { vault: 3 }, 2],
    ["another vault", () => ({ vaults: ["vault_9"] }), { vault: 10 }, 2],
    ["a scope of one view", () => ({ scopes: ["vault/#/balance:read"] }), { scope: 5 }, 2],
    ["a scope of one vault", () => ({ scopes: ["vault/vault_1:read"] }), { scope: 3 }, 2],
    ["a scope of another action", () => ({ scopes: ["vault:write"] }), { scope: 14 }, 0],
    [
      "scopes and vaults that do not meet",
      () => ({ scopes: ["vault/vault_1:read"], vaults: ["vault_2"] }),
      { vault: 7, scope: 3 },
      2,
    ],
    ["an IPv4 range", (n) => ({ allowedIps: [`10.${n}.0.0/16`] }), { address: 2 }, 0],
    ["an IPv6 range", (n) => ({ allowedIps: [`2001:db8:${n}::/48`] }), { address: 12 }, 0],
    ["an IPv4-mapped address", (n) => ({ allowedIps: [`::ffff:10.${n}.0.1`] }), { address: 4 }, 0],
    [
      "addresses and vaults",
      (n) => ({ allowedIps: [`10.${n}.0.1`], vaults: ["vault_1"] }),
      { address: 4, vault: 3 },
      0,
    ],
    ["an end", () => ({ expiresAt: "2020-01-01T00:00:00Z" }), { expired: 14 }, 0],
    ["disabling", () => ({ disabled: true }), { disabled: 14 }, 0],
  ];

  let attempt = 0;
  test.concurrent.each(rows)("%s", async (_, editOf, byReason, wouldSeeLess) => {
    const n = ++attempt;
    const key = await organization.admin.createKey();
    expect(await makeCalls(key, n)).toEqual({ refused: 0, less: 0 });
    const edit = editOf(n);
    const told = await impact(key, CALLS, edit);
    const wouldRefuse = Object.values(byReason).reduce((sum, calls) => sum + calls, 0);
    expect(told).toMatchObject({ calls: CALLS, wouldRefuse, wouldSeeLess, unknown: 0 });
    expect(told.byReason).toEqual(Object.entries(byReason).map(([reason, calls]) => ({ reason, calls })));

    expect((await organization.admin.call("PATCH", `/-/api-keys/${key.id}`, edit)).status).toBe(200);
    expect(await makeCalls(key, n)).toEqual({ refused: wouldRefuse, less: wouldSeeLess });
    expect(await (await ask(key, {})).json<Impact>()).toMatchObject({ wouldRefuse: 0, wouldSeeLess: 0 });
  });
});

async function use(key: CreatedKey, path: string, from: string): Promise<number> {
  return (await control.call("GET", path, { as: key.key, from })).status;
}

test("the answer tells of the last day, and gives examples of what would be refused", async () => {
  const key = await organization.admin.createKey();
  const [one, other] = [freshAddress(), freshAddress()];
  for (let i = 0; i < 3; i++) expect(await use(key, "/v1/vaults/vault_2/balances", one)).toBe(200);
  expect(await use(key, "/v1/vaults/vault_2", other)).toBe(200);
  const before = Date.now();
  const { window, examples } = await impact(key, 4, { vaults: ["vault_1"] });
  expect(examples).toEqual([
    { operation: "listBalances", resource: "vault/vault_2/balance", address: one, calls: 3 },
    { operation: "getVault", resource: "vault/vault_2", address: other, calls: 1 },
  ]);
  const to = Date.parse(window.to);
  expect(to).toBeGreaterThanOrEqual(before);
  expect(Date.parse(window.from)).toBe(usageStretch("24h", to).from);
});

test("calls that were refused or are no operation do not count", async () => {
  const key = await organization.admin.createKey({ vaults: ["vault_1"], allowedIps: ["192.0.2.44"] });
  expect(await use(key, "/v1/vaults/vault_1", "192.0.2.44")).toBe(200);
  expect(await use(key, "/v1/vaults/vault_2", "192.0.2.44")).toBe(404);
  expect(await use(key, "/v1/nothing", "192.0.2.44")).toBe(404);
  expect(await use(key, "/v1/vaults/vault_1", freshAddress())).toBe(403);
  expect(await use(key, "/v1/networks", "192.0.2.44")).toBe(200);
  expect(await impact(key, 2, { disabled: true })).toMatchObject({ calls: 2, wouldRefuse: 2 });
});

test.each(["200", "0"])("one call of a quiet key counts, where leases are of %s ms", async (leaseMs) => {
  const product = leaseMs === "200" ? control : await startControl({ vars: { ADMISSION_LEASE_MS: leaseMs } });
  try {
    const { admin } = await product.newOrganization();
    const key = await admin.createKey();
    const call = { as: key.key, from: freshAddress() };
    expect((await product.call("GET", "/v1/networks", call)).status).toBe(200);
    expect(await impact(key, 1, { disabled: true }, admin)).toMatchObject({ wouldRefuse: 1, unknown: 0 });
  } finally {
    if (product !== control) await product.stop();
  }
});

test("a key that somebody has put into a path is not kept", async () => {
  const key = await organization.admin.createKey();
  // One with its checksum right is refused by the gateway.
  expect(await use(key, `/v1/vaults/${mistyped(key.key)}`, freshAddress())).toBe(200);
  expect(await impact(key, 1, { disabled: true })).toMatchObject({ wouldRefuse: 1, examples: [] });
  expect(await impact(key, 1, { vaults: ["vault_1"] })).toMatchObject({ wouldRefuse: 0, unknown: 1 });
});

test("where there were too many kinds of calls, the rest is unknown", async () => {
  const key = await organization.admin.createKey();
  const from = freshAddress();
  const last = 120;
  expect(await use(key, "/v1/vaults/vault_0", from)).toBe(200);
  await Promise.all(Array.from({ length: last }, (_, i) => use(key, `/v1/vaults/vault_${i + 1}`, from)));
  const told = await impact(key, last + 1, { vaults: ["vault_0"] });
  expect(told).toMatchObject({ wouldRefuse: 99, unknown: 21 });
  expect(await impact(key, last + 1, { disabled: true })).toMatchObject({ wouldRefuse: 121, unknown: 0 });
});

test("what the owner may not see any more is not the edit's doing", async () => {
  const bob = organization.member("bob", developerOn("vault_1", "vault_2"));
  const key = await bob.createKey();
  const from = freshAddress();
  for (const vault of ["vault_1", "vault_2"]) expect(await use(key, `/v1/vaults/${vault}`, from)).toBe(200);
  expect(await impact(key, 2, { vaults: ["vault_1"] }, bob)).toMatchObject({ wouldRefuse: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const withdrawn = organization.member("bob", developerOn("vault_1"));
  expect(await impact(key, 2, { vaults: ["vault_1"] }, withdrawn)).toMatchObject({ wouldRefuse: 0 });
});

describe("asking", () => {
  async function state(key: CreatedKey): Promise<unknown> {
    const read = async (path: string) => (await organization.admin.call("GET", path)).json();
    return [await read(`/-/api-keys/${key.id}`), await read(`/-/audit-events?target=${key.id}`)];
  }

  test("changes nothing and is not on record, whether it is answered or refused", async () => {
    const key = await organization.admin.createKey();
    const before = await state(key);
    expect((await ask(key, { vaults: ["vault_1"], disabled: true })).status).toBe(200);
    expect((await ask(key, { vaults: [] })).status).toBe(422);
    expect((await ask({ id: "key_000000000000" }, {})).status).toBe(404);
    expect(await state(key)).toEqual(before);
    expect(await use(key, "/v1/vaults/vault_2", freshAddress())).toBe(200);
  });

  test("is for the key's owner and for admins; anybody else finds no such key", async () => {
    const owner = organization.member("owner", developerOn("vault_1"));
    const other = organization.member("other", developerOn("*"));
    const foreign = (await control.newOrganization()).admin;
    const key = await owner.createKey();
    for (const person of [owner, organization.admin]) expect((await ask(key, {}, person)).status).toBe(200);
    for (const person of [other, foreign]) {
      expect(await refusalOf(await ask(key, {}, person))).toEqual([404, "not_found"]);
    }
  });

  test.each([
    { vaults: [] },
    { vaults: ["a/b"] },
    { scopes: ["planet:read"] },
    { scopes: [1] },
    { allowedIps: ["10.0.0.1/8"] },
    { expiresIn: "soon" },
    { expiresIn: "1d", expiresAt: null },
    { rateLimit: { requests: 0, windowSeconds: 1 } },
    { name: "" },
    { name: null },
    { secret: "x" },
    { vaults: ["vault_2"] },
    undefined,
  ])("about %j is refused as the change itself would be", async (edit) => {
    const owner = organization.member("narrow", developerOn("vault_1"));
    const key = await owner.createKey({ vaults: ["vault_1"] });
    const path = `/-/api-keys/${key.id}`;
    const asked = await owner.call("POST", `${path}/impact`, edit);
    expect(asked.status).toBeGreaterThanOrEqual(400);
    expect(await refusalOf(asked)).toEqual(await refusalOf(await owner.call("PATCH", path, edit)));
  });

  test("about a revoked key is refused as its change would be", async () => {
    const key = await organization.admin.createKey();
    await organization.admin.call("DELETE", `/-/api-keys/${key.id}`);
    expect(await refusalOf(await ask(key, {}))).toEqual([422, "invalid_value", "status"]);
  });
});
