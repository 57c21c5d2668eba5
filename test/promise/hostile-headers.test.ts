import { describe, expect, test } from "vitest";
import type { ReceivedRequest } from "../support/origin-server.ts";

import { requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const CLIENT = "198.51.100.9";
const SPOOFED = "spoofed-value";

const portcullis = await usePortcullis();
const key = await portcullis.createKey({ vaults: ["vault_1"] });
const authorization = `Authorization: Bearer ${key.key}`;

interface Exchange {
  readonly response: RawResponse;
  readonly arrived: readonly ReceivedRequest[];
}

/** Sends header lines byte for byte; tells what came back and what arrived at the origin. */
async function send(lines: readonly string[], path = PATH): Promise<Exchange> {
  const before = portcullis.origin.requests.length;
  const text = requestText("GET", path, [`CF-Connecting-IP: ${CLIENT}`, ...lines]);
  const response = await sendRaw(portcullis.edges[0] ?? "", text);
  return { response, arrived: portcullis.origin.requests.slice(before) };
}

/** What the origin is told by the gateway, and by nobody else. */
function expectOwnHeaders({ response, arrived }: Exchange): ReceivedRequest {
  expect(response.status).toBe(200);
  const [request] = arrived;
  if (request === undefined) throw new Error("Nothing arrived at the origin");
  const told = Object.fromEntries(
    request.headers
      .filter(([name]) => /^x[-_.](portcullis|request-id|forwarded)/i.test(name))
      .map(([name, value]) => [name.toLowerCase(), value]),
  );
  expect(told).toEqual({
    "x-portcullis-assertion": told["x-portcullis-assertion"],
    "x-portcullis-key-id": key.id,
    "x-portcullis-org-id": "org_test",
    "x-portcullis-owner-id": "alice",
    "x-portcullis-scopes": "vault:read",
    "x-portcullis-vaults": "vault_1",
    "x-request-id": response.values("X-Request-Id")[0],
    "x-forwarded-for": CLIENT,
    "x-forwarded-host": "api.example",
    "x-forwarded-proto": "http",
  });
  return request;
}

describe("a claim that only the gateway may make does not reach the origin", () => {
  test.each([
    "Forwarded",
    "Proxy",
    "Proxy-Authorization",
    "Proxy-Connection",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Originating-IP",
    "X-Remote-Addr",
    "True-Client-IP",
    "Fastly-Client-IP",
    "CF-Connecting-IPv6",
    "CF-IPCountry",
    "CF-Worker",
    "X-Host",
    "X-Original-Host",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Request-Id",
    "X-Portcullis-Key-Id",
    "X-Portcullis-Org-Id",
    "X-Portcullis-Owner-Id",
    "X-Portcullis-Scopes",
    "X-Portcullis-Vaults",
    "X-Portcullis-Assertion",
    "X-Portcullis-Anything",
    "x-PORTCULLIS-key-ID",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Endpoint-API-UserInfo",
    "X-Apigateway-Api-Userinfo",
    "X-Client-Verify",
    "X-Authenticated-Userid",
    "X-MS-CLIENT-PRINCIPAL",
    "X-Amzn-Mtls-Clientcert",
    "X-Pomerium-Jwt-Assertion",
    "X_Consumer_Username",
    "X_Client_Verify",
    // Servers in the tradition of CGI read all of these as the names above.
    "X_Forwarded_For",
    "X_Real_IP",
    "X_Original_URL",
    "X_HTTP_Method_Override",
    "X_Request_Id",
    "X_Portcullis_Key_Id",
    "X-Portcullis_Org-Id",
    "X.Portcullis.Vaults",
    "X.Forwarded.For",
    "Proxy_Authorization",
  ])("%s", async (name) => {
    const exchange = await send([authorization, `${name}: ${SPOOFED}`]);
    const request = expectOwnHeaders(exchange);
    expect(request.headers.filter(([, value]) => value.includes(SPOOFED))).toEqual([]);
  });

  test("the credential itself, in whatever header beside Authorization an old proxy might read", async () => {
    const request = expectOwnHeaders(await send([authorization, `Proxy-Authorization: Bearer ${key.key}`]));
    expect(request.headers.filter(([, value]) => value.includes(key.key))).toEqual([]);
    expect(request.values("Authorization")).toEqual([]);
  });
});

describe("a client cannot have the gateway drop what it says to the origin", () => {
  test.each([
    "x-portcullis-assertion",
    "X-Portcullis-Key-Id, X-Portcullis-Vaults",
    "close, x-request-id",
    "x-forwarded-for, host",
    "keep-alive, authorization",
  ])("Connection: %s", async (value) => {
    expectOwnHeaders(await send([authorization, `Connection: ${value}`]));
  });

  test("but drops what the client names as its own", async () => {
    const lines = [authorization, "Connection: X-Mine, close", "X-Mine: 1", "X-Yours: 2"];
    const request = expectOwnHeaders(await send(lines));
    expect([request.values("X-Mine"), request.values("X-Yours")]).toEqual([[], ["2"]]);
  });
});

test("headers that claim nothing pass as they are", async () => {
  const lines = ["Cookie: a=b; c=d", "Accept: a/b;q=0.1", "traceparent: 00-1-2-03", "X_Custom: \xe9\xff"];
  const request = expectOwnHeaders(await send([authorization, ...lines]));
  const passed = lines.map((line) => request.values(line.split(":")[0] ?? "").join());
  expect(passed).toEqual(lines.map((line) => line.slice(line.indexOf(":") + 2)));
});

describe("a head that is none does not get past the runtime", () => {
  test.each([
    { name: "a space before the colon", lines: () => [`Authorization : Bearer ${key.key}`] },
    { name: "a folded line", lines: () => [`Authorization:\r\n Bearer ${key.key}`] },
    { name: "a null byte", lines: () => [`Authorization: Bearer ${key.key}\0`] },
    { name: "a name with a space", lines: () => [authorization, "X Y: 1"] },
    { name: "two lengths", lines: () => [authorization, "Content-Length: 0", "Content-Length: 5"] },
    { name: "a negative length", lines: () => [authorization, "Content-Length: -1"] },
    { name: "two megabytes", lines: () => [authorization, `X-Big: ${"a".repeat(2_000_000)}`] },
  ])("$name", async ({ lines }) => {
    const { response, arrived } = await send(lines());
    expect([400, 431]).toContain(response.status);
    expect(arrived).toEqual([]);
  });
});

describe("a host that is none is refused, and says nothing of what is asked for", () => {
  test.each([
    "a\r\nHost: b",
    "a/v1/networks?",
    "a/v1/networks#",
    "a/-/healthz?",
    "a/-/console/?",
    "a b/c?",
    "a?x",
    "a#",
    "a\\b",
    "user@a",
    "a:99999",
    "a:1:2",
    "a:x",
    "[::1",
    "[a",
    "a]",
    "a%2fb",
    "a,b",
    'a"b',
  ])("%j", async (host) => {
    for (const path of [PATH, "/-/healthz", "/.well-known/oauth-protected-resource"]) {
      const before = portcullis.origin.requests.length;
      const text = requestText("GET", path, [authorization]).replace("Host: api.example", `Host: ${host}`);
      const response = await sendRaw(portcullis.edges[0] ?? "", text);
      expect(response.status).toBe(400);
      expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code: "invalid_request" } });
      expect(portcullis.origin.requests.slice(before)).toEqual([]);
    }
  });

  test.each(["api.example:8443", "API.example.", "192.0.2.1", "[2001:db8::1]:443", "a_b", "a:"])(
    "but %s is one",
    async (host) => {
      const text = requestText("GET", PATH, [authorization]).replace("Host: api.example", `Host: ${host}`);
      expect((await sendRaw(portcullis.edges[0] ?? "", text)).status).toBe(200);
    },
  );
});

describe("cookies arrive byte for byte, and as one line", () => {
  test.each([
    [["Cookie: a=\xe4; b=\xff\xfe"], "a=\xe4; b=\xff\xfe"],
    [["Cookie: a=\xc3\xa4\xef\xbf\xbd;b=2;"], "a=\xc3\xa4\xef\xbf\xbd;b=2;"],
    [["Cookie: a=1", "Cookie: b=2"], "a=1; b=2"],
    [["Cookie: a=1; b=2", "Cookie: c=3", "Cookie: d=\xc3\xa4"], "a=1; b=2; c=3; d=\xc3\xa4"],
    [['Cookie: a="x, y=2"', "Cookie: b=2"], 'a="x, y=2"; b=2'],
    [['Cookie: a="x', "Cookie: b=2"], 'a="x; b=2'],
    [["Cookie: a=1,b=2"], "a=1,b=2"],
    [["Cookie: a=1, 2"], "a=1, 2"],
    [["Cookie: a=\xe4; portcullis-session=secret; b=2; c=\xc3\xa4"], "b=2; c=\xc3\xa4"],
  ])("%j", async (lines, expected) => {
    const request = expectOwnHeaders(await send([authorization, ...lines]));
    expect(request.values("Cookie")).toEqual([expected]);
  });
});

describe("a session of the console, on the same host, stays with the gateway", () => {
  test.each([
    [["Cookie: portcullis-session=secret"], []],
    [
      ["Cookie: a=1; __Host-portcullis-session=secret; __Host-portcullis-session.1=secret; b=%32"],
      ["a=1; b=%32"],
    ],
    [["Cookie: portcullis-session=secret; a=1"], ["a=1"]],
  ])("%j", async (lines, expected) => {
    const [request] = (await send([authorization, ...lines])).arrived;
    const cookies = request?.headers.filter(([name]) => name.toLowerCase() === "cookie");
    expect(cookies?.map(([, value]) => value)).toEqual(expected);
  });

  test("in two lines, of which one is another's", async () => {
    const { arrived } = await send([authorization, "Cookie: a=1", "Cookie: portcullis-session=secret"]);
    expect(JSON.stringify(arrived[0]?.headers)).toContain("a=1");
    expect(JSON.stringify(arrived[0]?.headers)).not.toContain("secret");
  });
});
