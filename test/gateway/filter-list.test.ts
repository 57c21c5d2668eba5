import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { startForwarding } from "../support/forwarding.ts";
import type { OriginHandler } from "../support/origin-server.ts";
import { RawConnection, requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";

const { origin, urls, stop } = await startForwarding({
  gateway: { visible: ["vault_1", "vault_2"] },
  impatient: { visible: ["vault_1"], originTimeoutMs: 300, busyMs: 10_000 },
});
afterAll(stop);
beforeEach(() => {
  origin.requests.length = 0;
});

function answerWith(
  body: string | Buffer,
  headers: Record<string, string> = {},
  status = 200,
): OriginHandler {
  return (_request, response) => {
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": `${Buffer.byteLength(body)}`,
      ...headers,
    });
    response.end(body);
  };
}

async function list(
  body: string | Buffer,
  headers: Record<string, string> = {},
  status = 200,
): Promise<RawResponse> {
  origin.handler = answerWith(body, headers, status);
  return sendRaw(urls.gateway, requestText("GET", "/v1/vaults"));
}

function code(response: RawResponse): string {
  return JSON.parse(response.body.toString()).code;
}

describe("a list shows what the client may see:", () => {
  test("all of it, when nothing is to be hidden", async () => {
    const shown = '{"data":[{"id":"vault_2","n":1.10},{"id":"vault_1"}],"x":"\u00e9\\u001f"}';
    const response = await list(` ${shown.replaceAll(",", " ,\n ")}\r\n`);
    expect(response.body.toString()).toBe(shown);
    expect(response.values("content-length")).toEqual([`${Buffer.byteLength(shown)}`]);
    expect(response.values("content-type")).toEqual(["application/json"]);
  });

  test.each([
    ["the list", '{"data":[{"id":"vault_9"}],"data":[{"id":"vault_1"}]}'],
    ["an id", '{"data":[{"id":"vault_9","id":"vault_1"}]}'],
    ["an item's member", '{"data":[{"id":"vault_1","x":{"id":"vault_9"},"x":1}],"y":"vault_9","y":1}'],
  ])("of members with the same name only the last (%s)", async (_kind, body) => {
    const text = (await list(body)).body.toString();
    expect(JSON.parse(text)).toEqual(JSON.parse(body));
    expect(text).not.toContain("vault_9");
  });

  test("without the items that it may not see, and without those that have no id", async () => {
    const response = await list(
      '{"data":[{"id":"vault_9"},{"id":"vault_1","deep":{"data":[{"id":"vault_9"}]}},{"id":1},{"name":"x"},"vault_1",' +
        '["vault_1"],null,{"id":null},{"id":"VAULT_1"},{"id":"vault_2"}],"next":null}',
    );
    const expected =
      '{"data":[{"id":"vault_1","deep":{"data":[{"id":"vault_9"}]}},{"id":"vault_2"}],"next":null}';
    expect(response.body.toString()).toBe(expected);
    expect(response.values("content-length")).toEqual([`${expected.length}`]);
  });

  test("empty, when it may see none", async () => {
    expect((await list('{"data":[{"id":"vault_9"}]}')).body.toString()).toBe('{"data":[]}');
  });

  test("with every number as the origin spelled it", async () => {
    const numbers = "[0.10,1e400,-0,12345678901234567890.123456789,1E+2,100000000000000000000001]";
    const response = await list(`{"data":[{"id":"vault_9"},{"id":"vault_1","amounts":${numbers}}]}`);
    expect(response.body.toString()).toBe(`{"data":[{"id":"vault_1","amounts":${numbers}}]}`);
  });

  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])("also when the origin compresses it unasked (%s)", async (encoding, compress) => {
    for (const [body, shown] of [
      ['{"data":[{"id":"vault_1"}]}', '{"data":[{"id":"vault_1"}]}'],
      ['{"data":[{"id":"vault_9"}]}', '{"data":[]}'],
    ] as const) {
      const response = await list(compress(body), { "Content-Encoding": encoding });
      expect(response.values("content-encoding")).toEqual([]);
      expect(response.body.toString()).toBe(shown);
    }
  });

  test("whatever its success status, and however it is framed", async () => {
    origin.handler = (_request, response) => {
      response.writeHead(203);
      response.write('{"data":[{"id":"vau');
      response.end('lt_9"}]}');
    };
    const response = await sendRaw(urls.gateway, requestText("GET", "/v1/vaults"));
    expect([response.status, response.body.toString()]).toEqual([203, '{"data":[]}']);
    expect(response.values("content-type")).toEqual([]);
  });
});

test("the origin is asked for the whole list, readable and whether or not it was modified", async () => {
  origin.handler = answerWith('{"data":[]}');
  const headers = [
    "Accept-Encoding: gzip, br",
    "Range: bytes=0-10",
    'If-Range: "x"',
    'If-None-Match: "x"',
    "If-Modified-Since: Fri, 20 Nov 2026 18:00:00 GMT",
    'If-Match: "x"',
    "If-Unmodified-Since: Fri, 20 Nov 2026 18:00:00 GMT",
    "Accept: application/json",
  ];
  await sendRaw(urls.gateway, requestText("GET", "/v1/vaults", headers));
  const [request] = origin.requests;
  expect(request?.values("accept-encoding")).toEqual(["identity"]);
  expect(request?.values("accept")).toEqual(["application/json"]);
  expect(request?.headers.filter(([name]) => /^(if-|range)/i.test(name))).toEqual([]);
});

test.each(["GET", "HEAD"])(
  "headers about the bytes do not tell whether items were hidden (%s)",
  async (method) => {
    for (const id of ["vault_1", "vault_9"]) {
      origin.handler = answerWith(`{"data":[{"id":"${id}"}]}`, {
        "Accept-Ranges": "bytes",
        "Content-Digest": "sha-256=:AA==:",
        "Content-MD5": "AA==",
        Digest: "sha-256=AA==",
        ETag: '"x"',
        "Last-Modified": "Fri, 20 Nov 2026 18:00:00 GMT",
        "Repr-Digest": "sha-256=:AA==:",
        "X-Stays": "1",
      });
      const response = await sendRaw(urls.gateway, requestText(method, "/v1/vaults"));
      const names = response.headers
        .map(([name]) => name.toLowerCase())
        .filter((name) => name !== "content-length");
      expect(names.sort()).toEqual(["cache-control", "content-type", "date", "x-request-id", "x-stays"]);
      if (method === "HEAD") expect(response.values("content-length")).toEqual([]);
    }
  },
);

describe("what cannot be filtered is not shown:", () => {
  test.each([
    ["no JSON", "vault_9"],
    ["JSON cut short", '{"data":[{"id":"vault_9"}'],
    ["no such member", '{"items":[{"id":"vault_9"}]}'],
    ["no array", '{"data":{"id":"vault_9"}}'],
    ["a bare array", '[{"id":"vault_9"}]'],
    ["a bare value", '"vault_9"'],
    ["null", "null"],
    ["nothing", ""],
    ["no UTF-8", Buffer.from('{"data":[{"id":"vault_9","n":"\u00e9"}]}', "latin1")],
    ["nested beyond reason", `{"data":[{"id":"vault_9"}],"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ])("%s", async (_kind, body) => {
    const response = await list(body);
    expect([response.status, code(response)]).toEqual([500, "internal_error"]);
    expect(response.body.toString()).not.toContain("vault_9");
  });

  test("an encoding that cannot be read", async () => {
    const response = await list(deflateSync('{"data":[{"id":"vault_1"}]}'), {
      "Content-Encoding": "deflate",
    });
    expect(code(response)).toBe("internal_error");
  });

  test("more than 10 MiB, also when it is small on the wire", async () => {
    const item = `{"id":"vault_1","x":"${"a".repeat(1024 * 1024)}"}`;
    const body = `{"data":[${Array.from({ length: 10 }, () => item).join()}]}`;
    expect(code(await list(body))).toBe("internal_error");
    expect(code(await list(gzipSync(body), { "Content-Encoding": "gzip" }))).toBe("internal_error");
  });

  test("a list without end, of which the rest is not read", { timeout: 5_000 }, async () => {
    origin.handler = (request, response) => {
      response.write('{"data":[');
      const timer = setInterval(() => response.write(" ".repeat(1024 * 1024)), 5);
      void request.closed.then(() => clearInterval(timer));
    };
    const response = await sendRaw(urls.impatient, requestText("GET", "/v1/vaults"));
    expect(code(response)).toBe("internal_error");
    await origin.requests[0]?.closed;
  });

  test("a list that is cut off", async () => {
    origin.handler = (_request, response) => {
      response.write('{"data":[{"id":"vault_1"}]}', () => response.destroy());
    };
    const response = await sendRaw(urls.gateway, requestText("GET", "/v1/vaults"));
    expect([response.status, code(response)]).toEqual([503, "origin_unavailable"]);
  });

  test("a list that stops coming", { timeout: 5_000 }, async () => {
    origin.handler = (_request, response) => {
      response.write('{"data":[');
    };
    const response = await sendRaw(urls.impatient, requestText("GET", "/v1/vaults"));
    expect([response.status, code(response)]).toEqual([503, "origin_timeout"]);
    await origin.requests[0]?.closed;
  });
});

test("a slow list is no silence as long as it keeps coming", async () => {
  origin.handler = async (_request, response) => {
    for (const part of ['{"data":[', '{"id":"vault_1"}', ",", '{"id":"vault_9"}', "]", "}"]) {
      response.write(part);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    response.end();
  };
  const client = new RawConnection(urls.impatient);
  client.send(requestText("GET", "/v1/vaults"));
  expect((await client.response()).body.toString()).toBe('{"data":[{"id":"vault_1"}]}');
  client.close();
});

describe("an answer other than success", () => {
  test.each([
    [200, '{"data":[]}'],
    [307, ""],
    [400, '{"error":"limit must be a number","limit":1.10}'],
    [400, '{"data":{"id":"vault_9"}}'],
    [400, "limit must be a number"],
    [422, Buffer.from("caf\u00e9", "latin1")],
    [204, ""],
  ])("passes when it is no list (%i %s)", async (status, body) => {
    const response = await list(body, { Location: "/v1/x" }, status);
    expect(response.status).toBe(status);
    expect(response.values("location")).toEqual(["/v1/x"]);
    expect(response.body).toEqual(Buffer.from(body));
  });

  test.each([300, 302, 400, 409, 500, 507])("is filtered when it is a list (%i)", async (status) => {
    const numbers = '"n":1.10,"n":1.20';
    const response = await list(`{"data":[{"id":"vault_9"},{"id":"vault_1",${numbers}}]}`, {}, status);
    expect([response.status, response.body.toString()]).toEqual([
      status,
      '{"data":[{"id":"vault_1","n":1.20}]}',
    ]);
  });

  test.each([
    ["in a compressed list", gzipSync('{"data":[{"id":"vault_9"}]}'), { "Content-Encoding": "gzip" }],
    ["in a list that is no UTF-8", Buffer.from('{"data":[{"id":"vault_9","n":"\u00e9"}]}', "latin1"), {}],
    ["in a list of the same name as what is no list", '{"data":[{"id":"vault_9"}],"data":null}', {}],
  ])("does not show what is hidden %s", async (_kind, body, headers: Record<string, string>) => {
    const response = await list(body, headers, 400);
    expect(response.status).toBe(400);
    expect(JSON.parse(response.body.toString())).toHaveProperty("data");
    expect(response.body.toString()).not.toContain("vault_9");
  });

  test.each([
    ["its encoding cannot be read", deflateSync('{"data":[{"id":"vault_9"}]}'), "deflate"],
    [
      "it is nested beyond reason",
      `{"data":[{"id":"vault_9"}],"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
      "identity",
    ],
  ])("is not shown when %s", async (_kind, body, encoding) => {
    const response = await list(body, { "Content-Encoding": encoding }, 400);
    expect([response.status, code(response)]).toEqual([500, "internal_error"]);
  });
});
