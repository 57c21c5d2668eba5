import { describe, expect, test } from "vitest";
import type { ReceivedRequest } from "../support/origin-server.ts";

import { requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";
import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";

const portcullis = await usePortcullis();
const authorization = `Authorization: Bearer ${(await portcullis.createKey()).key}`;

interface Sent {
  readonly method: string;
  readonly path?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
}

async function send({ method, path = PATH, lines = [], body = "" }: Sent) {
  const before = portcullis.origin.requests.length;
  const text = requestText(method, path, [authorization, ...lines]) + body;
  const response: RawResponse = await sendRaw(portcullis.edges[0] ?? "", text);
  const arrived: readonly ReceivedRequest[] = portcullis.origin.requests.slice(before);
  return { response, arrived };
}

function codeOf(response: RawResponse): unknown {
  return readJson<{ error: { code: string } }>(response.body.toString()).error.code;
}

describe("a method that the API does not have for a path is not allowed", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "QUERY"])(
    "%s",
    async (method) => {
      const { response, arrived } = await send({ method });
      expect(response.status).toBe(405);
      expect(codeOf(response)).toBe("method_not_allowed");
      expect(response.values("Allow")).toEqual(["GET, HEAD"]);
      expect(arrived).toEqual([]);
    },
  );

  test("which is told to those alone who may call", async () => {
    const text = requestText("POST", PATH);
    const response = await sendRaw(portcullis.edges[0] ?? "", text);
    expect([response.status, codeOf(response)]).toEqual([401, "credential_missing"]);
    expect(response.values("Allow")).toEqual([]);
  });

  test("and where there is no such path, the path is what is missing", async () => {
    const { response } = await send({ method: "POST", path: "/v1/nothing" });
    expect([response.status, codeOf(response)]).toEqual([404, "not_found"]);
    expect(response.values("Allow")).toEqual([]);
  });

  test.each([
    { name: "in a header", lines: ["X-HTTP-Method-Override: GET"] },
    { name: "in an aliased header", lines: ["X_HTTP_METHOD_OVERRIDE: GET"] },
    { name: "in the query", path: `${PATH}?_method=GET` },
  ])("nor when another method is claimed $name", async ({ lines, path }) => {
    const sent = { method: "POST", ...(lines && { lines }), ...(path !== undefined && { path }) };
    const { response, arrived } = await send(sent);
    expect(response.status).toBe(405);
    expect(arrived).toEqual([]);
  });
});

test.each(["FOO", "get", "GETX", "LINK", "CONNECT"])(
  "a method that the runtime does not know gets no further than it: %s",
  async (method) => {
    const { response, arrived } = await send({ method });
    expect(response.status).toBeGreaterThanOrEqual(500);
    expect(arrived).toEqual([]);
  },
);

test("HEAD follows GET and stays HEAD, and its answer has no body", async () => {
  const { response, arrived } = await send({ method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.values("X-RateLimit-Limit")).toHaveLength(1);
  expect(arrived.map(({ method, target }) => [method, target])).toEqual([["HEAD", PATH]]);
});

describe("a GET request with a body is refused, since it could be read in two ways", () => {
  test.each([
    { name: "of a known length", lines: ["Content-Length: 5"], body: "hello" },
    { name: "in chunks", lines: ["Transfer-Encoding: chunked"], body: "5\r\nhello\r\n0\r\n\r\n" },
    {
      name: "with both framings",
      lines: ["Content-Length: 5", "Transfer-Encoding: chunked"],
      body: "0\r\n\r\n",
    },
    {
      name: "that looks like a request",
      lines: ["Content-Length: 33"],
      body: "GET /v1/vaults/vault_2 HTTP/1.1\r\n",
    },
  ])("$name", async ({ lines, body }) => {
    const { response, arrived } = await send({ method: "GET", lines, body });
    expect(response.status).toBe(400);
    expect(codeOf(response)).toBe("invalid_request");
    expect(arrived).toEqual([]);
  });

  test("but a length of zero is no body", async () => {
    const { response, arrived } = await send({ method: "GET", lines: ["Content-Length: 0"] });
    expect(response.status).toBe(200);
    expect(arrived).toHaveLength(1);
  });
});

describe("an upgrade", () => {
  const WEB_SOCKET = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  const H2C = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"];

  test.each([
    { name: "to a WebSocket", lines: WEB_SOCKET },
    { name: "to HTTP/2", lines: H2C },
  ])("$name is refused where there is no operation", async ({ lines }) => {
    const { response, arrived } = await send({ method: "GET", path: "/v1/stream", lines });
    expect(response.status).toBe(400);
    expect(codeOf(response)).toBe("invalid_request");
    expect(arrived).toEqual([]);
  });

  test("to a WebSocket is the origin's to answer where there is one", async () => {
    const { response, arrived } = await send({ method: "GET", lines: WEB_SOCKET });
    expect(response.status).toBe(200);
    expect(arrived.map((request) => request.values("Upgrade"))).toEqual([["websocket"]]);
  });

  test("to HTTP/2 is not passed on: it would take the connection away from the gateway", async () => {
    const { response, arrived } = await send({ method: "GET", lines: H2C });
    expect(response.status).toBe(200);
    expect(arrived.map((request) => request.values("Upgrade"))).toEqual([[]]);
    expect(arrived.map((request) => request.values("HTTP2-Settings"))).toEqual([[]]);
  });
});
