import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { forward } from "../../src/gateway/forward.ts";
import { originHeaders } from "../../src/gateway/origin-headers.ts";
import { startForwarding } from "../support/forwarding.ts";
import { answerOk, type ReceivedRequest } from "../support/origin-server.ts";
import { requestText, sendRaw } from "../support/raw-http.ts";

const { origin, urls, stop } = await startForwarding({ gateway: {}, based: { basePath: "/base/api" } });
afterAll(stop);
beforeEach(() => {
  origin.handler = answerOk;
  origin.requests.length = 0;
});

/** Sends one request and returns the only one that the origin got. */
async function forwarded(text: string, to = urls.gateway): Promise<ReceivedRequest> {
  const response = await sendRaw(to, text);
  expect(response.status).toBe(200);
  expect(origin.requests).toHaveLength(1);
  return origin.requests[0] as ReceivedRequest;
}

describe("path and query arrive byte for byte:", () => {
  test.each([
    "/v1/vaults",
    "/v1/vaults?",
    "/v1/vaults?a=b&a=c&&=&d",
    "/v1/a%20b/%C3%A9/%c3%a9/%E2%82%AC",
    "/v1/:a@b!c$d&e'f(g)h*i+j,k=l~m-n_o.p",
    "/v1/a|b[c]",
    "/V1/Vaults/A..B/...",
    "/v1/x?next=http://a/../b//c?d=%2e%2E%2f%00%zz",
    "/v1/x?q={a}|^`[]\\~()*!$,;:@%27%22",
    "//v1/x",
    "//evil.example/v1",
  ])("%s", async (target) => {
    expect((await forwarded(requestText("GET", target))).target).toBe(target);
    origin.requests.length = 0;
    expect((await forwarded(requestText("GET", target), urls.based)).target).toBe(`/base/api${target}`);
  });

  test("only an apostrophe in a query is escaped by the runtime", async () => {
    expect((await forwarded(requestText("GET", "/v1/x'y?q='z'"))).target).toBe("/v1/x'y?q=%27z%27");
  });
});

test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
  "method %s arrives unchanged",
  async (method) => {
    const request = await forwarded(requestText(method, "/v1/x"));
    expect(request.method).toBe(method);
    expect(await request.wholeBody).toHaveLength(0);
  },
);

describe("headers", () => {
  test("the origin gets the gateway's own, and no other that claims the same", async () => {
    const request = await forwarded(
      requestText("GET", "/v1/x", [
        "Authorization: Bearer secret",
        "X-Portcullis-Key-Id: key_forged",
        "x_portcullis_vaults: *",
        "X-PORTCULLIS-NEW: forged",
        "X-Request-Id: forged",
        "X_Request_Id: forged",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-For: 127.0.0.2",
        "X_Forwarded_For: 127.0.0.1",
        "Forwarded: for=127.0.0.1;host=admin.internal",
        "X-Forwarded-Host: admin.internal",
        "X-Forwarded-Proto: https",
        "X-Real-IP: 127.0.0.1",
        "CF-Connecting-IP: 198.51.100.7",
        "True-Client-IP: 127.0.0.1",
        "Proxy-Authorization: Basic eDp5",
        "X-Original-URL: /admin",
        "X-HTTP-Method-Override: DELETE",
        "Expect: 100-continue",
      ]),
    );
    expect(request.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).toSorted()).toEqual([
      `host: ${new URL(origin.url).host}`,
      "x-forwarded-for: 203.0.113.9",
      "x-forwarded-host: api.example",
      "x-forwarded-proto: http",
      "x-portcullis-assertion: signed",
      "x-portcullis-key-id: key_1",
      "x-portcullis-vaults: vault_1 vault_2",
      "x-request-id: request-1",
    ]);
  });

  test("say https where the client came by it, and no address where none is known", () => {
    const headers = originHeaders({
      request: new Request("https://api.example/v1/x"),
      path: "/v1/x",
      query: "",
      config: { originUrl: origin.url, originTimeoutMs: 1, maxBodyBytes: 1, authorization: null },
      requestId: "request-1",
      clientAddress: "",
      identity: [],
      assertion: null,
      filter: null,
    });
    expect([...new Headers(headers)]).toEqual([
      ["x-forwarded-proto", "https"],
      ["x-request-id", "request-1"],
    ]);
  });

  test("of one connection stay there, with those that Connection names", async () => {
    const request = await forwarded(
      requestText("GET", "/v1/x", [
        "Connection: keep-alive, X-Hop, x-portcullis-key-id",
        "Keep-Alive: timeout=5",
        "X-Hop: 1",
        "TE: trailers",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "X-Stays: 1",
      ]),
    );
    const names = request.headers.map(([name]) => name.toLowerCase());
    expect(names).toContain("x-stays");
    expect(
      names.filter((name) => /^(connection|keep-alive|x-hop|te|upgrade|http2-settings)$/.test(name)),
    ).toEqual([]);
    expect(request.values("x-portcullis-key-id")).toEqual(["key_1"]);
  });

  test("all others arrive unchanged, repeated and non-ASCII ones and cookies included", async () => {
    const headers = [
      "Accept: application/json;q=0.5",
      "Accept-Encoding: zstd, br;q=0.9",
      "Content-Type: text/plain",
      "Cookie: a=1; b=2",
      'If-None-Match: "x"',
      "Range: bytes=0-1",
      "X-Twice: 1",
      "X-Twice: 2",
      "X-Latin: caf\u00e9",
      "X-Utf8: caf\u00c3\u00a9",
    ];
    const request = await forwarded(requestText("GET", "/v1/x", headers));
    const lines = request.headers.map(([name, value]) => `${name}: ${value}`);
    for (const header of headers) expect(lines).toContain(header);
  });
});

test("a redirect is passed back, not followed", async () => {
  origin.handler = (_request, response) => {
    response.writeHead(307, { Location: "/elsewhere" }).end();
  };
  const response = await sendRaw(urls.gateway, requestText("GET", "/v1/x"));
  expect(response.status).toBe(307);
  expect(response.values("location")).toEqual(["/elsewhere"]);
  expect(origin.requests).toHaveLength(1);
});

describe("GET and HEAD have no body:", () => {
  test.each(["GET", "HEAD"])("a %s that sends one is refused without asking the origin", async (method) => {
    for (const framing of [
      "Content-Length: 3\r\n\r\nabc",
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ]) {
      const response = await sendRaw(urls.gateway, `${method} /v1/x HTTP/1.1\r\nHost: x\r\n${framing}`);
      expect(response.status).toBe(400);
    }
    expect(origin.requests).toEqual([]);
  });

  test.each(["GET", "HEAD"])("a %s that announces an empty one is forwarded without", async (method) => {
    const request = await forwarded(requestText(method, "/v1/x", ["Content-Length: 0"]));
    expect(request.values("content-length")).toEqual([]);
    expect(request.values("transfer-encoding")).toEqual([]);
  });
});

// The local runtime has no cache of its own: what the platform is asked for is all that can be seen.
test("the platform's cache, which knows nothing of credentials, is kept out of the way", async () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("ok"));
  try {
    await forward({
      request: new Request("http://gateway.test/v1/x"),
      path: "/v1/x",
      query: "",
      config: {
        originUrl: "http://origin.test",
        originTimeoutMs: 1000,
        maxBodyBytes: 1,
        authorization: null,
      },
      requestId: "request-1",
      clientAddress: "",
      identity: [],
      assertion: null,
      filter: null,
    });
    expect(fetched.mock.calls).toMatchObject([
      ["http://origin.test/v1/x", { redirect: "manual", cf: { cacheTtl: -1, cacheLevel: "bypass" } }],
    ]);
  } finally {
    fetched.mockRestore();
  }
});
