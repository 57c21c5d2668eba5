import { describe, expect, test } from "vitest";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const THROWS = 1;
const OVERLOADED = 2;
const SILENT = 3;
const STRANGE = 4;
const LIMIT = { requests: 25, windowSeconds: 900 };
const FAILURES_ALLOWED = 60;

/** Keys are made over a sound edge, and used over those that cannot ask their guards. */
const portcullis = await usePortcullis({
  edges: [
    {},
    { guard: "BrokenGuard" },
    { guard: "OverloadedGuard" },
    { guard: "SilentGuard" },
    { guard: "StrangeGuard" },
  ],
});

/** A key of which KV has a copy, so that an edge could think that it knows enough. */
async function createCached(change?: object): Promise<CreatedKey> {
  const key = await portcullis.createKey({ rateLimit: LIMIT });
  if (change !== undefined) await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, change);
  const kv = await portcullis.miniflare.getKVNamespace("KEY_RECORDS", "edge0");
  const version = change === undefined ? 1 : 2;
  let record: { version: number } | null;
  do record = (await kv.get(key.id, "json")) as { version: number } | null;
  while (record?.version !== version);
  return key;
}

/** A request over an edge that cannot ask the guard does not get through, and is told no more than that. */
async function expectUnconfirmed(edge: number, as: string, method = "GET"): Promise<Response> {
  const arrived = portcullis.origin.requests.length;
  const response = await portcullis.call(method, PATH, { as, edge, from: freshAddress() });
  const body = await response.text();
  expect(response.status).toBe(503);
  if (method === "HEAD") expect(body).toBe("");
  else expect(JSON.parse(body)).toMatchObject({ error: { code: "admission_unavailable" } });
  expect(response.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
  expect(portcullis.origin.requests.length).toBe(arrived);
  return response;
}

describe.each([
  { state: "throws", edge: THROWS },
  { state: "is overloaded", edge: OVERLOADED },
  { state: "answers in the words of another version", edge: STRANGE },
])("where the guard $state", ({ edge }) => {
  test("a live key is never let through, again and again, and is told its limit", async () => {
    const key = await createCached();
    for (let i = 0; i < 3; i++) {
      const response = await expectUnconfirmed(edge, key.key);
      expect(response.headers.get("X-RateLimit-Limit")).toBe(`${LIMIT.requests}`);
      expect(response.headers.get("X-RateLimit-Remaining")).toBe("0");
      expect(response.headers.get("RateLimit-Policy")).toBe(
        `"key";q=${LIMIT.requests};w=${LIMIT.windowSeconds}`,
      );
      expect(response.headers.has("X-RateLimit-Reset")).toBe(true);
      expect(response.headers.has("RateLimit")).toBe(true);
    }
  });

  test("a HEAD request is refused without a body", async () => {
    const key = await createCached();
    await expectUnconfirmed(edge, key.key, "HEAD");
  });

  test.each([
    { name: "an unknown key", as: () => unknownKey(1) },
    { name: "the wrong secret", as: (key: CreatedKey) => swapSecret(key.key, unknownKey(2)) },
    { name: "a disabled key", change: { disabled: true } },
    { name: "an expired key", change: { expiresAt: "2020-01-01T00:00:00Z" } },
    { name: "an address that is not allowed", change: { allowedIps: ["192.0.2.1"] } },
  ])("nothing is said that the guard has not confirmed: $name", async ({ as, change }) => {
    const key = await createCached(change);
    const response = await expectUnconfirmed(edge, as?.(key) ?? key.key);
    expect(response.headers.has("X-RateLimit-Limit")).toBe(false);
  });

  test("what needs no look-up is refused as ever", async () => {
    const key = await portcullis.createKey();
    const as = mistyped(key.key);
    const response = await portcullis.call("GET", PATH, { as, edge, from: freshAddress() });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: "api_key_invalid" } });
  });

  test("an address is not blamed for what the guard did not answer", async () => {
    const from = freshAddress();
    const attempts = Array.from({ length: FAILURES_ALLOWED + 10 }, (_, i) =>
      portcullis.call("GET", PATH, { as: unknownKey(100 + i), edge, from }),
    );
    const statuses = (await Promise.all(attempts)).map((response) => response.status);
    expect(new Set(statuses)).toEqual(new Set([503]));
  });

  test("the key goes on working on an edge that can ask", async () => {
    const key = await createCached();
    await expectUnconfirmed(edge, key.key);
    const response = await portcullis.call("GET", PATH, { as: key.key, edge: 0 });
    expect(response.status).toBe(200);
    expect(response.headers.get("X-RateLimit-Remaining")).toBe(`${LIMIT.requests - 1}`);
  });
});

test("where the guard never answers, nobody waits for ever, and nobody is let through", async () => {
  const [key, disabled] = await Promise.all([createCached(), createCached({ disabled: true })]);
  const credentials = [key.key, disabled.key, unknownKey(1)];
  await Promise.all(credentials.map((as) => expectUnconfirmed(SILENT, as)));
});
