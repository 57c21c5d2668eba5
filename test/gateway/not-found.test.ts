import { describe, expect, test } from "vitest";
import type { OriginHandler } from "../support/origin-server.ts";

import { requestText, sendRaw } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

const portcullis = await usePortcullis();
const key = await portcullis.createKey({ vaults: ["vault_1", "vault_3"], scopes: ["vault/vault_1:read"] });

const answer404 =
  (type: string, body: string): OriginHandler =>
  (_, response) => {
    response.writeHead(404, {
      "Content-Type": type,
      "Cache-Control": "max-age=60",
      ETag: '"1"',
      "X-Origin": "1",
    });
    response.end(body);
  };

const neverAsked: OriginHandler = (_, response) => {
  response.writeHead(200).end("what nobody may see");
};

const KINDS = [
  { name: "an operation that does not exist", path: "/v1/nothing" },
  { name: "a path outside the API", path: "/" },
  { name: "a vault outside the key's allowlist", path: "/v1/vaults/vault_2" },
  { name: "a vault outside the key's scopes", path: "/v1/vaults/vault_3" },
  { name: "a view of a vault that the key may not see", path: "/v1/vaults/vault_2/balances" },
  {
    name: "a vault that the origin does not know, told in HTML",
    path: "/v1/vaults/vault_1",
    origin: answer404("text/html", "<p>no vault_1"),
  },
  {
    name: "a vault that the origin does not know, told in silence",
    path: "/v1/vaults/vault_1/balances",
    origin: answer404("text/plain", ""),
  },
];

/** Everything that a client can see of an answer, but for what differs between any two. */
async function seen(method: string, path: string) {
  const text = requestText(method, path, [`Authorization: Bearer ${key.key}`]);
  const response = await sendRaw(portcullis.edges[0] ?? "", text);
  const requestId = response.values("X-Request-Id")[0] ?? "";
  const headers = response.headers
    .filter(([name]) => name !== "Date")
    .map(([name, value]) => [name, /^(x-)?ratelimit/i.test(name) ? "" : value.replace(requestId, "id")]);
  return { status: response.status, headers, body: response.body.toString().replace(requestId, "id") };
}

describe("whatever is not there or not to be seen is answered alike", () => {
  test.each(KINDS)("$name", async ({ path, origin = neverAsked }) => {
    portcullis.origin.handler = neverAsked;
    const expected = await seen("GET", "/v1/no/such/operation");
    expect(expected).toMatchObject({ status: 404, body: expect.stringContaining('"not_found"') });
    portcullis.origin.handler = origin;
    expect(await seen("GET", path)).toEqual(expected);
  });

  test.each(KINDS)("$name, asked for by HEAD", async ({ path, origin = neverAsked }) => {
    portcullis.origin.handler = neverAsked;
    const expected = await seen("HEAD", "/v1/no/such/operation");
    expect(expected).toMatchObject({ status: 404, body: "" });
    portcullis.origin.handler = origin;
    expect(await seen("HEAD", path)).toEqual(expected);
  });
});

test("what the origin does not know, of what the key may see, is told as the origin tells it", async () => {
  const body = '{"error":{"code":"resource_missing","message":"no vault_1"}}';
  portcullis.origin.handler = answer404("application/json", body);
  const answer = await seen("GET", "/v1/vaults/vault_1");
  expect([answer.status, answer.body]).toEqual([404, body]);
  expect(Object.fromEntries(answer.headers)).toMatchObject({ ETag: '"1"', "X-Origin": "1" });
});

test("a list that the origin answers 404 with is filtered all the same", async () => {
  portcullis.origin.handler = answer404(
    "application/json",
    '{"data":[{"id":"vault_1"},{"id":"vault_2"}],"error":"x"}',
  );
  expect(await seen("GET", "/v1/vaults")).toMatchObject({
    status: 404,
    body: '{"data":[{"id":"vault_1"}],"error":"x"}',
  });
});
