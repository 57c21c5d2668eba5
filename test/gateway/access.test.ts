import { beforeAll, describe, expect, test } from "vitest";
import type { OriginHandler } from "../support/origin-server.ts";
import { type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const VAULTS = ["vault_1", "vault_2", "vault_3"];

const portcullis = await usePortcullis();
beforeAll(async () => {
  portcullis.origin.handler = answerLikeAnApi;
});

/** Numbers are spelled as no serializer would, so that a list that was written anew would show. */
const LIST = `{ "data": [${VAULTS.map((id) => `{"id":"${id}","amount":1.10,"n":12345678901234567890}`).join()}],
  "pagination": {"nextCursor": "abc", "limit": 1e2} }`;

/** An origin that checks nothing: it forgets to filter and shows every vault to everyone. */
const answerLikeAnApi: OriginHandler = (request, response) => {
  response.writeHead(200, { "Content-Type": "application/json", ETag: '"whole"' });
  response.end(request.target === "/v1/vaults" ? LIST : "{}");
};

interface Seen {
  readonly status: number;
  readonly code?: string;
}

async function get(key: CreatedKey, path: string): Promise<Seen> {
  const response = await portcullis.call("GET", path, { as: key.key });
  const { error } = await response.json<{ error?: { code: string } }>();
  return { status: response.status, ...(error && { code: error.code }) };
}

async function list(key: CreatedKey): Promise<string[]> {
  const response = await portcullis.call("GET", "/v1/vaults", { as: key.key });
  expect(response.status).toBe(200);
  const { data } = await response.json<{ data: { id: string }[] }>();
  return data.map(({ id }) => id);
}

const OK = { status: 200 };
const NOT_FOUND = { status: 404, code: "not_found" };
const INSUFFICIENT = { status: 403, code: "insufficient_scope" };

describe("a list shows what the key may see, even if the origin forgets to filter", () => {
  test.each([
    { name: "all vaults", changes: {}, shown: VAULTS },
    { name: "an allowlist", changes: { vaults: ["vault_3", "vault_1"] }, shown: ["vault_1", "vault_3"] },
    { name: "a scope filter", changes: { scopes: ["vault/vault_2:read"] }, shown: ["vault_2"] },
    {
      name: "several scope filters",
      changes: { scopes: ["vault/vault_1:read", "vault/vault_2:write", "vault/vault_3:*"] },
      shown: ["vault_1", "vault_3"],
    },
    {
      name: "both at once",
      changes: { vaults: ["vault_1", "vault_2"], scopes: ["vault/vault_2:read", "vault/vault_3:read"] },
      shown: ["vault_2"],
    },
    { name: "a filter for views alone", changes: { scopes: ["vault/#/balance:read"] }, shown: [] },
    { name: "a vault that the origin does not have", changes: { vaults: ["vault_9"] }, shown: [] },
  ])("$name", async ({ changes, shown }) => {
    expect(await list(await portcullis.createKey(changes))).toEqual(shown);
  });

  test("byte for byte where nothing is hidden, and with amounts as they were spelled where something is", async () => {
    const [all, some] = await Promise.all([
      portcullis.createKey(),
      portcullis.createKey({ vaults: ["vault_2"] }),
    ]);
    const whole = await portcullis.call("GET", "/v1/vaults", { as: all.key });
    expect(await whole.text()).toBe(LIST);
    expect(whole.headers.get("ETag")).toBe('"whole"');
    const part = await portcullis.call("GET", "/v1/vaults", { as: some.key });
    expect(await part.text()).toBe(
      '{"data":[{"id":"vault_2","amount":1.10,"n":12345678901234567890}],"pagination":{"nextCursor":"abc","limit":1e2}}',
    );
    expect(part.headers.has("ETag")).toBe(false);
  });

  test("and HEAD tells nothing of the whole", async () => {
    const key = await portcullis.createKey({ vaults: ["vault_2"] });
    const response = await portcullis.call("HEAD", "/v1/vaults", { as: key.key });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(response.headers.has("ETag")).toBe(false);
    expect(response.headers.has("Content-Length")).toBe(false);
  });
});

describe("scopes and vaults decide about each operation", () => {
  const rows: readonly { changes: Record<string, unknown>; path: string; outcome: Seen }[] = [
    { changes: {}, path: "/v1/vaults/vault_1", outcome: OK },
    { changes: {}, path: "/v1/vaults/vault_1/balances", outcome: OK },
    { changes: {}, path: "/v1/networks", outcome: OK },
    { changes: { scopes: ["*:read"] }, path: "/v1/vaults/vault_1/balances", outcome: OK },
    { changes: { scopes: ["vault:*"] }, path: "/v1/vaults/vault_1", outcome: OK },
    { changes: { scopes: ["vault:write"] }, path: "/v1/networks", outcome: INSUFFICIENT },
    { changes: { scopes: ["vault:admin"] }, path: "/v1/vaults", outcome: INSUFFICIENT },
    { changes: { scopes: ["vault/vault_1:read"] }, path: "/v1/vaults/vault_1/balances", outcome: OK },
    { changes: { scopes: ["vault/vault_1:read"] }, path: "/v1/vaults/vault_2", outcome: NOT_FOUND },
    { changes: { scopes: ["vault/#/balance:read"] }, path: "/v1/vaults/vault_2/balances", outcome: OK },
    { changes: { scopes: ["vault/#/balance:read"] }, path: "/v1/vaults/vault_2", outcome: NOT_FOUND },
    {
      changes: { scopes: ["vault/#/balance:read"] },
      path: "/v1/vaults/vault_2/addresses",
      outcome: NOT_FOUND,
    },
    { changes: { vaults: ["vault_1"] }, path: "/v1/vaults/vault_1/transactions", outcome: OK },
    { changes: { vaults: ["vault_1"] }, path: "/v1/vaults/vault_2/transactions", outcome: NOT_FOUND },
    { changes: { vaults: ["vault_1"] }, path: "/v1/assets", outcome: OK },
    {
      changes: { vaults: ["vault_1"], scopes: ["vault/vault_2:read"] },
      path: "/v1/vaults/vault_2",
      outcome: NOT_FOUND,
    },
  ];

  test.each(rows)("$changes on $path: $outcome.status", async ({ changes, path, outcome }) => {
    const arrived = portcullis.origin.requests.length;
    expect(await get(await portcullis.createKey(changes), path)).toEqual(outcome);
    expect(portcullis.origin.requests.length - arrived).toBe(outcome === OK ? 1 : 0);
  });
});
