import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { SAMPLE_DOCUMENT } from "../../src/api/read-files.ts";
import { type DemoServer, startDemoServer } from "../../src/demo/demo-server.ts";
import { originHandler } from "../../src/demo/origin.ts";

interface Page {
  readonly data: readonly Record<string, unknown>[];
  readonly pagination: { readonly limit: number; readonly nextCursor: string | null };
}

interface ApiDocument {
  readonly components: {
    readonly schemas: Readonly<
      Record<string, { readonly properties: object; readonly required: readonly string[] }>
    >;
  };
}

const document = parse(readFileSync(SAMPLE_DOCUMENT, "utf8")) as ApiDocument;

let server: DemoServer;
let origin: string;

beforeAll(async () => {
  server = await startDemoServer(0, { origin: originHandler });
  origin = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const VAULT = "/v1/vaults/vault_3f8a2c1d9b";
const LISTS = [
  { path: "/v1/vaults", schema: "Vault" },
  { path: `${VAULT}/balances`, schema: "Balance" },
  { path: `${VAULT}/transactions`, schema: "Transaction" },
  { path: `${VAULT}/addresses`, schema: "Address" },
  { path: "/v1/networks", schema: "Network" },
  { path: "/v1/assets", schema: "Asset" },
] as const;

async function getPage(path: string): Promise<Page> {
  const response = await fetch(origin + path);
  expect(response.status).toBe(200);
  return await response.json<Page>();
}

describe.each(LISTS)("$path", ({ path, schema }) => {
  test("pages of any size give every item exactly once, in order", async () => {
    const { data: all } = await getPage(`${path}?limit=500`);
    expect(all.length).toBeGreaterThan(1);
    for (const limit of [1, 2, 7, all.length]) {
      const walked: unknown[] = [];
      let cursor: string | null = null;
      do {
        const { data, pagination }: Page = await getPage(
          `${path}?limit=${limit}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        expect(pagination.limit).toBe(limit);
        walked.push(...data);
        cursor = pagination.nextCursor;
      } while (cursor !== null);
      expect(walked).toEqual(all);
    }
  });

  test("items are what the API's document says they are", async () => {
    const { properties = {}, required = [] } = document.components.schemas[schema] ?? {};
    expect(required).not.toEqual([]);
    for (const item of (await getPage(path)).data) {
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(item)));
      expect(Object.keys(item)).toEqual(expect.arrayContaining([...required]));
    }
  });

  test("says the same each time", async () => {
    expect(await getPage(path)).toEqual(await getPage(path));
  });

  test.each(["0", "501", "-1", "1.5", "ten", ""])("limit=%s is refused", async (limit) => {
    const response = await fetch(`${origin}${path}?limit=${limit}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request" } });
  });

  test("a cursor of another list is refused", async () => {
    const other = path === "/v1/networks" ? "/v1/assets" : "/v1/networks";
    const { pagination } = await getPage(`${other}?limit=1`);
    const response = await fetch(`${origin}${path}?cursor=${pagination.nextCursor}`);
    expect(response.status).toBe(400);
  });
});

test("without a limit a page holds 100 items", async () => {
  const { data, pagination } = await getPage(`${VAULT}/transactions`);
  expect(data).toHaveLength(100);
  expect(pagination.limit).toBe(100);
});

test("transactions come newest first, under ids of their own", async () => {
  const { data } = await getPage(`${VAULT}/transactions?limit=500`);
  const times = data.map((transaction) => String(transaction["createdAt"]));
  expect(times).toEqual(times.toSorted().toReversed());
  expect(new Set(data.map((transaction) => transaction["id"])).size).toBe(data.length);
});

test("every amount is decimal text with all of the asset's digits, and a total adds up", async () => {
  const decimals = new Map((await getPage("/v1/assets")).data.map(({ id, decimals: n }) => [id, Number(n)]));
  for (const { id } of (await getPage("/v1/vaults")).data) {
    for (const { assetId, available, pending, total } of (await getPage(`/v1/vaults/${String(id)}/balances`))
      .data) {
      const units = [available, pending, total].map((amount) => {
        expect(amount).toMatch(new RegExp(`^\\d+\\.\\d{${decimals.get(assetId)}}$`));
        return BigInt(String(amount).replace(".", ""));
      });
      expect(units[2]).toBe((units[0] ?? 0n) + (units[1] ?? 0n));
    }
  }
});

test("each vault can be read by the id that the list gives, and looks the same", async () => {
  const { data } = await getPage("/v1/vaults");
  expect(data.length).toBeGreaterThanOrEqual(6);
  expect(data.map(({ id }) => id)).toContain("vault_3f8a2c1d9b");
  for (const vault of data) {
    expect(await (await fetch(`${origin}/v1/vaults/${String(vault["id"])}`)).json()).toEqual(vault);
  }
});

test.each([
  { method: "GET", path: "/v1/vaults/vault_0000000000", status: 404 },
  { method: "GET", path: "/v1/vaults/vault_0000000000/balances", status: 404 },
  { method: "GET", path: `${VAULT}/secrets`, status: 404 },
  { method: "GET", path: `${VAULT}/`, status: 404 },
  { method: "GET", path: "/V1/vaults", status: 404 },
  { method: "GET", path: "/", status: 404 },
  { method: "GET", path: "/toString", status: 404 },
  { method: "POST", path: "/v1/vaults", status: 405 },
  { method: "DELETE", path: VAULT, status: 405 },
])("$method $path is $status, as JSON", async ({ method, path, status }) => {
  const response = await fetch(origin + path, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(await response.json()).toHaveProperty("error.code");
});

test("HEAD answers like GET, without the body", async () => {
  const [get, head] = [
    await fetch(`${origin}/v1/assets`),
    await fetch(`${origin}/v1/assets`, { method: "HEAD" }),
  ];
  expect(head.status).toBe(200);
  expect(head.headers.get("Content-Length")).toBe(get.headers.get("Content-Length"));
  expect(await head.text()).toBe("");
});
