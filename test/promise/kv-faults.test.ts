import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { swapSecret, unknownKey } from "../support/key-strings.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { readJson } from "../support/json.ts";

const EDGES = 2;
const PATH = "/v1/vaults/vault_1";

type Outcome = { readonly status: number; readonly code?: string };
const ADMITTED: Outcome = { status: 200 };
const REVOKED: Outcome = { status: 401, code: "api_key_revoked" };
const INVALID: Outcome = { status: 401, code: "api_key_invalid" };
const NOT_FOUND: Outcome = { status: 404, code: "not_found" };

let portcullis: Portcullis;

async function send(as: string, edge: number): Promise<Outcome> {
  const response = await portcullis.call("GET", PATH, { as, edge, from: freshAddress() });
  const { error } = await response.json<{ error?: { code: string } }>();
  return { status: response.status, ...(error && { code: error.code }) };
}

function everywhere(as: string): Promise<Outcome[]> {
  return Promise.all(portcullis.edges.map((_, edge) => send(as, edge)));
}

const onEveryEdge = (outcome: Outcome): Outcome[] => Array.from({ length: EDGES }, () => outcome);

function patch(key: CreatedKey, changes: object): Promise<Response> {
  return portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);
}

interface Kv {
  get(key: string): Promise<unknown>;
  put(key: string, value: string): Promise<void>;
}

/** KV as the edges have it. */
async function boundKv(): Promise<Kv> {
  return (await portcullis.miniflare.getBindings<{ KEY_RECORDS: Kv }>("edge0")).KEY_RECORDS;
}

/** Waits for what KV holds of a key: it is written after the change was answered. */
async function cached(key: CreatedKey, version: number): Promise<Readonly<Record<string, unknown>>> {
  const kv = await boundKv();
  for (;;) {
    const text = await kv.get(key.id);
    const record = typeof text === "string" ? readJson<{ version: number }>(text) : null;
    if (record?.version === version) return record;
  }
}

describe.each([
  { state: "down", kv: "BrokenKv" },
  { state: "silent", kv: "SilentKv" },
  { state: "stale for ever", kv: "StaleKv" },
])("with KV $state", ({ kv }) => {
  beforeAll(async () => {
    portcullis = await startPortcullis({ edges: EDGES, faults: { kv } });
  });
  afterAll(() => portcullis.stop());

  test("a new key works at once, and a revoked one is dead, on every edge", async () => {
    const key = await portcullis.createKey();
    expect(await everywhere(key.key)).toEqual(onEveryEdge(ADMITTED));
    expect((await portcullis.manage("DELETE", `/-/api-keys/${key.id}`)).status).toBe(200);
    expect(await everywhere(key.key)).toEqual(onEveryEdge(REVOKED));
  });

  test("a key revoked before an edge has seen it is dead there", async () => {
    const key = await portcullis.createKey();
    await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
    expect(await everywhere(key.key)).toEqual(onEveryEdge(REVOKED));
  });

  test("an edit is followed, to narrow and to widen, on edges that have seen the key and on others", async () => {
    const key = await portcullis.createKey({ vaults: ["vault_1"] });
    expect(await send(key.key, 0)).toEqual(ADMITTED);
    await patch(key, { vaults: ["vault_2"] });
    expect(await everywhere(key.key)).toEqual(onEveryEdge(NOT_FOUND));
    await patch(key, { vaults: ["vault_1"], disabled: true });
    expect((await send(key.key, 1)).code).toBe("api_key_disabled");
    await patch(key, { disabled: false });
    expect(await everywhere(key.key)).toEqual(onEveryEdge(ADMITTED));
  });

  test("an unknown key is refused", async () => {
    expect(await everywhere(unknownKey(1))).toEqual(onEveryEdge(INVALID));
  });
});

describe("with a poisoned entry in KV", () => {
  beforeAll(async () => {
    portcullis = await startPortcullis({ edges: EDGES });
  });
  afterAll(() => portcullis.stop());

  /** Puts something else where the record of a key is that no edge has seen yet. */
  async function poison(key: CreatedKey, change: (record: object) => unknown, version = 1): Promise<void> {
    const value = change(await cached(key, version));
    await (await boundKv()).put(key.id, typeof value === "string" ? value : JSON.stringify(value));
  }

  const AN_HOUR_AGO = Date.now() - 3_600_000;

  test.each([
    { name: "no JSON", change: () => "{" },
    { name: "JSON of another kind", change: () => [1, null, "active"] },
    { name: "null", change: () => null },
    { name: "nothing", change: () => "" },
    {
      name: "the record of another key",
      change: (record: object) => ({ ...record, id: "key_000000000000" }),
    },
    { name: "another hash", change: (record: object) => ({ ...record, hash: "0".repeat(64) }) },
    { name: "a hash that is none", change: (record: object) => ({ ...record, hash: "0" }) },
    { name: "a revoked record", change: (record: object) => ({ ...record, revokedAt: AN_HOUR_AGO }) },
    { name: "a disabled record", change: (record: object) => ({ ...record, disabled: true }) },
    { name: "an expired record", change: (record: object) => ({ ...record, expiresAt: AN_HOUR_AGO }) },
    { name: "narrower vaults", change: (record: object) => ({ ...record, vaults: ["vault_2"] }) },
    { name: "narrower scopes", change: (record: object) => ({ ...record, scopes: [] }) },
    { name: "narrower addresses", change: (record: object) => ({ ...record, allowedIps: ["192.0.2.1"] }) },
    { name: "addresses that are none", change: (record: object) => ({ ...record, allowedIps: ["x"] }) },
    { name: "an organisation that is no text", change: (record: object) => ({ ...record, orgId: "\ud800" }) },
    { name: "a later version", change: (record: object) => ({ ...record, version: 99, disabled: true }) },
  ])("a live key works all the same: $name", async ({ change }) => {
    const key = await portcullis.createKey();
    await poison(key, change);
    expect(await everywhere(key.key)).toEqual(onEveryEdge(ADMITTED));
    expect(await everywhere(key.key)).toEqual(onEveryEdge(ADMITTED));
  });

  test.each([
    { name: "vaults", created: { vaults: ["vault_2"] }, change: { vaults: "*" }, refusal: NOT_FOUND },
    {
      name: "scopes",
      created: { scopes: ["vault:write"] },
      change: { scopes: [{ action: "*", resource: "*" }] },
      refusal: { status: 403, code: "insufficient_scope" },
    },
    {
      name: "addresses",
      created: { allowedIps: ["192.0.2.1"] },
      change: { allowedIps: [] },
      refusal: { status: 403, code: "ip_not_allowed" },
    },
  ])("a key gets no wider: $name", async ({ created, change, refusal }) => {
    const key = await portcullis.createKey(created);
    await poison(key, (record) => ({ ...record, ...change, version: 99 }));
    expect(await everywhere(key.key)).toEqual(onEveryEdge(refusal));
  });

  test.each([1, 99])("a revoked key stays dead under an active record of version %i", async (version) => {
    const key = await portcullis.createKey();
    const active = await cached(key, 1);
    await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
    await poison(key, () => ({ ...active, version }), 2);
    expect(await everywhere(key.key)).toEqual(onEveryEdge(REVOKED));
    expect(await everywhere(key.key)).toEqual(onEveryEdge(REVOKED));
  });

  test("a secret that only KV knows opens nothing", async () => {
    const [key, other] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
    const forged = swapSecret(key.key, other.key);
    const hash = createHash("sha256").update(forged).digest("hex");
    await poison(key, (record) => ({ ...record, hash }));
    expect(await everywhere(forged)).toEqual(onEveryEdge(INVALID));
    expect(await everywhere(key.key)).toEqual(onEveryEdge(ADMITTED));
  });

  test("a key that was never created does not come into being", async () => {
    const forged = unknownKey(2);
    const key = await portcullis.createKey();
    const hash = createHash("sha256").update(forged).digest("hex");
    const id = `key_${forged.slice(4, 16)}`;
    await (await boundKv()).put(id, JSON.stringify({ ...(await cached(key, 1)), id, hash }));
    expect(await everywhere(forged)).toEqual(onEveryEdge(INVALID));
  });

  test("a key does not pass to another organisation or owner", async () => {
    const key = await portcullis.createKey();
    await poison(key, (record) => ({ ...record, orgId: "org_other", ownerId: "mallory", ownerVaults: [] }));
    expect(await everywhere(key.key)).toEqual(onEveryEdge(ADMITTED));
    const told = portcullis.origin.requests
      .filter((request) => request.values("X-Portcullis-Key-Id")[0] === key.id)
      .map((request) => [request.values("X-Portcullis-Org-Id"), request.values("X-Portcullis-Owner-Id")]);
    expect(told).toEqual([
      [["org_test"], ["alice"]],
      [["org_test"], ["alice"]],
    ]);
  });
});
