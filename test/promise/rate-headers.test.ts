import { describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { answerOk, type OriginHandler } from "../support/origin-server.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const LIMIT = { requests: 7, windowSeconds: 900 };
const RATE_HEADERS = [
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "RateLimit-Policy",
  "RateLimit",
];

const portcullis = await usePortcullis();

function createLimited(changes: object = {}): Promise<CreatedKey> {
  return portcullis.createKey({ rateLimit: LIMIT, vaults: ["vault_1"], ...changes });
}

async function send(as: string | undefined, path = PATH): Promise<Response> {
  const response = await portcullis.call("GET", path, { ...(as && { as }), from: freshAddress() });
  await response.arrayBuffer();
  return response;
}

/** What a response tells of the window; fails if any header is not in its form. */
function rateOf(response: Response) {
  const header = (name: string) => response.headers.get(name) ?? "";
  const policy = /^"key";q=(\d+);w=(\d+)$/.exec(header("RateLimit-Policy"));
  const limit = /^"key";r=(\d+);t=(\d+)$/.exec(header("RateLimit"));
  expect([header("X-RateLimit-Limit"), header("X-RateLimit-Remaining")]).toEqual([policy?.[1], limit?.[1]]);
  expect(header("X-RateLimit-Reset")).toMatch(/^\d{10}$/);
  return {
    requests: Number(policy?.[1]),
    windowSeconds: Number(policy?.[2]),
    remaining: Number(limit?.[1]),
    secondsLeft: Number(limit?.[2]),
    resetAt: Number(header("X-RateLimit-Reset")),
  };
}

test("the rate headers agree with each other, with the clock, and from one answer to the next", async () => {
  const key = await createLimited();
  const before = Math.floor(Date.now() / 1000);
  const first = rateOf(await send(key.key));
  const second = rateOf(await send(key.key));
  const after = Math.ceil(Date.now() / 1000);

  expect(first).toMatchObject({ ...LIMIT, remaining: LIMIT.requests - 1 });
  expect(second).toMatchObject({ ...LIMIT, remaining: LIMIT.requests - 2, resetAt: first.resetAt });
  for (const { resetAt, secondsLeft } of [first, second]) {
    expect(secondsLeft).toBeLessThanOrEqual(LIMIT.windowSeconds);
    expect(resetAt).toBeGreaterThanOrEqual(before + LIMIT.windowSeconds);
    expect(resetAt - secondsLeft).toBeGreaterThanOrEqual(before);
    expect(resetAt - secondsLeft).toBeLessThanOrEqual(after);
  }
});

test("a limit of the key's own and the deployment's default are told alike", async () => {
  const key = await portcullis.createKey();
  expect(rateOf(await send(key.key))).toMatchObject({ requests: 1000, windowSeconds: 60, remaining: 999 });
});

test("a used-up limit says nothing remains, and Retry-After reaches to the reset", async () => {
  const key = await createLimited({ rateLimit: { ...LIMIT, requests: 1 } });
  await send(key.key);
  const response = await send(key.key);
  expect(response.status).toBe(429);
  const { remaining, secondsLeft } = rateOf(response);
  expect(remaining).toBe(0);
  expect(Number(response.headers.get("Retry-After"))).toBeGreaterThanOrEqual(secondsLeft);
  expect(Number(response.headers.get("Retry-After"))).toBeLessThanOrEqual(LIMIT.windowSeconds);
});

const answer =
  (status: number): OriginHandler =>
  (_, response) => {
    response.writeHead(status, { "X-RateLimit-Limit": "1", RateLimit: "mine" }).end();
  };

describe("every answer to a request that was admitted carries the rate headers", () => {
  test.each([
    { name: "an answer of the origin", origin: answerOk, status: 200 },
    { name: "an origin's answer with rate headers of its own", origin: answer(201), status: 201 },
    { name: "an origin's 404", origin: answer(404), status: 404 },
    { name: "an origin's 500", origin: answer(500), status: 500 },
    { name: "an origin's 503", origin: answer(503), status: 503 },
    { name: "a vault that the key may not see", path: "/v1/vaults/vault_2", status: 404 },
    { name: "an unknown operation", path: "/v2", status: 404 },
    { name: "an ambiguous path", path: "/v1//vaults", status: 400 },
    { name: "a scope that the key lacks", changes: { scopes: ["vault:write"] }, status: 403 },
  ])("$name", async ({ origin = answerOk, path, changes, status }) => {
    const key = await createLimited(changes);
    portcullis.origin.handler = origin;
    const response = await send(key.key, path);
    portcullis.origin.handler = answerOk;
    expect(response.status).toBe(status);
    expect(rateOf(response)).toMatchObject({ ...LIMIT, remaining: LIMIT.requests - 1 });
  });

  test("access that the owner has lost", async () => {
    const claims = (vaultRoles: object, iat: number) =>
      adminClaims({ sub: "bob", iat, vault_roles: vaultRoles });
    const now = Math.floor(Date.now() / 1000);
    const token = await portcullis.issuer.token(claims({ vault_1: ["developer"] }, now - 2));
    const body = { name: "Test", scopes: ["vault:read"], vaults: ["vault_1"], rateLimit: LIMIT };
    const created = await portcullis.call("POST", "/-/api-keys", { as: token, body });
    const { key } = await created.json<CreatedKey>();
    await portcullis.call("GET", "/-/api-keys", { as: await portcullis.issuer.token(claims({}, now - 1)) });

    const response = await send(key);
    expect(response.status).toBe(403);
    expect(rateOf(response)).toMatchObject({ ...LIMIT, remaining: LIMIT.requests - 1 });
  });
});

describe("an answer to a request that was not admitted tells nothing of any budget", () => {
  test.each([
    { name: "no credential", as: () => undefined, status: 401 },
    { name: "a malformed credential", as: () => "x", status: 401 },
    { name: "a mistyped key", as: (key: CreatedKey) => mistyped(key.key), status: 401 },
    { name: "an unknown key", as: () => unknownKey(1), status: 401 },
    {
      name: "the wrong secret",
      as: (key: CreatedKey) => swapSecret(key.key, unknownKey(2)),
      status: 401,
    },
    { name: "a disabled key", change: { disabled: true }, status: 401 },
    { name: "an expired key", change: { expiresAt: "2020-01-01T00:00:00Z" }, status: 401 },
    { name: "an address that is not allowed", change: { allowedIps: ["192.0.2.1"] }, status: 403 },
  ])("$name", async ({ as = (key: CreatedKey) => key.key, change, status }) => {
    const key = await createLimited();
    await send(key.key);
    if (change !== undefined) await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, change);
    const response = await send(as(key));
    expect(response.status).toBe(status);
    expect(RATE_HEADERS.filter((name) => response.headers.has(name))).toEqual([]);
  });

  test("a revoked key", async () => {
    const key = await createLimited();
    await send(key.key);
    await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
    const response = await send(key.key);
    expect(response.status).toBe(401);
    expect(RATE_HEADERS.filter((name) => response.headers.has(name))).toEqual([]);
  });
});
