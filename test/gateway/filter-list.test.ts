import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { startForwarding } from "../support/forwarding.ts";
import type { OriginHandler } from "../support/origin-server.ts";
import { RawConnection, requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";

const { origin, urls, stop } = await startForwarding({
  gateway: { visible: ["vault_1", "vault_2"] },
  impatient: { visible: ["vault_1"], originTimeoutMs: 2000, busyMs: 10_000 },
  bare: { visible: ["vault_1", "7", "123456789012345678901"], list: { items: [], id: ["id"], total: null } },
  deep: {
    visible: ["vault_1"],
    list: { items: ["a/b", "0", "~"], id: ["meta", "name"], total: ["page", "total"] },
  },
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
  by: keyof typeof urls = "gateway",
  method = "GET",
): Promise<RawResponse> {
  origin.handler = answerWith(body, headers, status);
  return sendRaw(urls[by], requestText(method, "/v1/vaults"));
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
      expect(names.toSorted()).toEqual(["cache-control", "content-type", "date", "x-request-id", "x-stays"]);
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

  test("a list without end, of which the rest is not read", async () => {
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

  test("a list that stops coming", async () => {
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
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    response.end();
  };
  const client = new RawConnection(urls.impatient);
  client.send(requestText("GET", "/v1/vaults"));
  expect((await client.response()).body.toString()).toBe('{"data":[{"id":"vault_1"}]}');
  client.close();
});

test("a list that comes in more parts than a request may have timers is filtered as any other", async () => {
  origin.handler = (_request, response) => {
    response.write('{"data":[{"id":"vault_9"}');
    for (let i = 0; i < 10_100; i++) response.write(',{"id":"vault_1"}');
    response.end("]}");
  };
  const response = await sendRaw(urls.gateway, requestText("GET", "/v1/vaults"));
  expect(JSON.parse(response.body.toString()).data).toHaveLength(10_100);
});

describe("an id is a text or a whole number, at its place in the item", () => {
  test.each([
    ['[{"id":7},{"id":8},{"id":"7"}]', '[{"id":7},{"id":"7"}]'],
    ['[{"id":7.0},{"id":7e0},{"id":0.7e1},{"id":-7},{"id":70}]', "[]"],
    ['[{"id":123456789012345678901},{"id":123456789012345678902}]', '[{"id":123456789012345678901}]'],
    ['[{"id":true},{"id":null},{"id":{"rawJSON":"7"}},{"id":[7]},[7],7,"7",{}]', "[]"],
  ])("in a body that is the list itself: %s", async (body, shown) => {
    const response = await list(body, {}, 200, "bare");
    expect([response.status, response.body.toString()]).toEqual([200, shown]);
  });

  test("in a member of a member, by names with any letters in them", async () => {
    const item = (id: string): string => `{"meta":{"name":"${id}"},"name":"vault_1"}`;
    const body = (...ids: string[]): string => `{"a/b":[{"~":[${ids.map(item).join()}]}],"a":{"b":1}}`;
    const response = await list(body("vault_9", "vault_1"), {}, 200, "deep");
    expect(response.body.toString()).toBe(body("vault_1"));
  });

  test.each(["constructor", "__proto__", "toString", "length"])(
    "and not what every object has: %s",
    async (name) => {
      const response = await list(`{"a/b":[{"~":[{"meta":"${name}"}]}]}`, {}, 200, "deep");
      expect(response.body.toString()).toBe('{"a/b":[{"~":[]}]}');
    },
  );
});

describe("how many items there are is told of a list that came whole, and of no other:", () => {
  const item = (id: string): string => `{"meta":{"name":"${id}"}}`;
  const body = (ids: readonly string[], page: string): string =>
    `{"a/b":[{"~":[${ids.map(item).join()}]}]${page && `,"page":${page}`}}`;
  const SENT = ["vault_9", "vault_1", "vault_8"];

  test.each([
    ['{"total":3,"limit":3}', '{"total":1,"limit":3}'],
    ['{"total":"3"}', '{"total":"1"}'],
    ['{"total":57,"limit":3}', '{"limit":3}'],
    ['{"total":3.0}', "{}"],
    ['{"total":1,"total":57}', "{}"],
    ['{"total":{"value":57}}', "{}"],
    ['{"total":null}', "{}"],
    ["57", "57"],
    ["", ""],
  ])("by the body: %s", async (page, shown) => {
    const response = await list(body(SENT, page), {}, 200, "deep");
    expect(response.body.toString()).toBe(body(["vault_1"], shown));
  });

  test("not by that of an error", async () => {
    const response = await list('{"error":"late","page":{"total":57}}', {}, 400, "deep");
    expect(response.body.toString()).toBe('{"error":"late","page":{}}');
  });

  test.each([
    ["X-Total-Count: 2", "1"],
    ["X-Total-Count: 57", null],
    ["X-Total-Count: 1", null],
    ["X-WP-Total: 57", null],
    ["X-WP-TotalPages: 29", null],
    ["Total-Results: 57", null],
    ["X-Result-Count: 2", "1"],
    ['X-Pagination: {"total":57}', null],
    ["Content-Range: items 0-1/2", "items 0-0/1"],
    ["Content-Range: 0-1/2", "0-0/1"],
    ["Content-Range: items 0-1/57", null],
    ["Content-Range: items 0-1/*", null],
    ["Content-Range: items 2-3/4", null],
    ["Content-Range: items */57", null],
    ['Link: </v1?page=2>; rel="next", </v1?page=29>; rel="last"', '</v1?page=2>; rel="next"'],
    ["Link: </v1?page=29>; title=x; rel=last", null],
    ["Link: </v1?page=2>; rel=next", "</v1?page=2>; rel=next"],
    ['Link: </v1?page=57>; title="; rel=next"; rel="last"', null],
    ['Link: </v1/v_2>; rel="item", </v1/v_3>; rel=item, </v1>; rel="self first"', '</v1>; rel="self first"'],
    ["Link: </v1?page=2>; REL=Next; rel=last, </v1/v_2>", "</v1?page=2>; REL=Next; rel=last"],
    ['Link: </v1?page=29>; rel="next last"', null],
    ['Link: </last?page=2>; rel="prev first"', '</last?page=2>; rel="prev first"'],
    ["X-Page-Size: 2", "2"],
  ])("by a header: %s", async (line, shown) => {
    const [name = "", value = ""] = line.split(/: (.*)/s);
    const whole = '{"data":[{"id":"vault_1"},{"id":"vault_9"}]}';
    const response = await list(whole, { [name]: value });
    expect(response.values(name)).toEqual(shown === null ? [] : [shown]);
  });

  test("not to a HEAD, which shows no items to count", async () => {
    const counts = { "X-Total-Count": "1", "Content-Range": "items 0-0/1", Link: "</v1?page=9>; rel=last" };
    const head = await list('{"data":[{"id":"vault_9"}]}', counts, 200, "gateway", "HEAD");
    expect(Object.keys(counts).flatMap((name) => head.values(name))).toEqual([]);
  });

  test("zero, when none is shown", async () => {
    const headers = { "X-Total-Count": "1", "Content-Range": "items 0-0/1" };
    const response = await list('{"data":[{"id":"vault_9"}]}', headers);
    expect(response.values("X-Total-Count")).toEqual(["0"]);
    expect(response.values("Content-Range")).toEqual(["items */0"]);
  });
});

describe("a list in a charset is read in it", () => {
  const TEXT = '{"data":[{"id":"vault_1","n":"\u00e9"},{"id":"vault_9"}]}';
  const SHOWN = '{"data":[{"id":"vault_1","n":"\u00e9"}]}';
  test.each([
    ["application/json; charset=ISO-8859-1", Buffer.from(TEXT, "latin1")],
    ['application/json;charset="utf-8"; x=y', Buffer.from(TEXT)],
    ["application/json;charset=UTF-16LE", Buffer.from(TEXT, "utf16le")],
    ["application/json", Buffer.from(`\ufeff${TEXT}`)],
  ])("%s", async (type, body) => {
    const response = await list(body, { "Content-Type": type });
    expect([response.status, response.body.toString()]).toEqual([200, SHOWN]);
    expect(response.values("Content-Type")[0]).toMatch(/^application\/json(?:; charset=utf-8(?:; x=y)?)?$/);
  });

  test.each(["utf-7", "x-unknown", "utf-16be"])("which it must be, and a known one: %s", async (charset) => {
    const response = await list(TEXT, { "Content-Type": `application/json; charset=${charset}` });
    expect([response.status, code(response)]).toEqual([500, "internal_error"]);
  });
});

describe("an answer other than success", () => {
  test.each([
    [307, ""],
    [400, '{"error":"limit must be a number","limit":1.10}'],
    [404, '{"error":"no such list"}'],
    [400, '{"data":null,"error":"x"}'],
    [409, ""],
    [204, ""],
  ])("passes when it has no items (%i %s)", async (status, body) => {
    const response = await list(body, { Location: "/v1/x" }, status);
    expect(response.status).toBe(status);
    expect(response.values("location")).toEqual(["/v1/x"]);
    expect(response.body).toEqual(Buffer.from(body));
  });

  test("passes as an object where the list would be the body itself", async () => {
    const response = await list('{"error":"x"}', {}, 403, "bare");
    expect([response.status, response.body.toString()]).toEqual([403, '{"error":"x"}']);
  });

  test.each([300, 302, 400, 404, 409, 500, 507])("is filtered when it is a list (%i)", async (status) => {
    const numbers = '"n":1.10,"n":1.20';
    const response = await list(`{"data":[{"id":"vault_9"},{"id":"vault_1",${numbers}}]}`, {}, status);
    expect([response.status, response.body.toString()]).toEqual([
      status,
      '{"data":[{"id":"vault_1","n":1.20}]}',
    ]);
  });

  test.each([
    ["in a compressed list", gzipSync('{"data":[{"id":"vault_9"}]}'), { "Content-Encoding": "gzip" }],
    ["in a list of the same name as what is no list", '{"data":[{"id":"vault_9"}],"data":null}', {}],
  ])("does not show what is hidden %s", async (_kind, body, headers: Record<string, string>) => {
    const response = await list(body, headers, 400);
    expect(response.status).toBe(400);
    expect(JSON.parse(response.body.toString())).toHaveProperty("data");
    expect(response.body.toString()).not.toContain("vault_9");
  });

  const DEEP = `{"data":[{"id":"vault_9"}],"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  test.each([
    ["it is no JSON", "no vault_9", {}],
    ["it is no JSON, whatever it says", "no vault_9", { "Content-Type": "text/plain" }],
    ["it is cut short", '{"data":[{"id":"vault_9"}]', {}],
    ["it is no UTF-8", Buffer.from('{"data":[{"id":"vault_9","n":"\u00e9"}]}', "latin1"), {}],
    ["its items are none", '{"data":{"id":"vault_9"}}', {}],
    ["it is another list", '[{"id":"vault_9"}]', {}],
    ["it is a text", '"vault_9"', {}],
    [
      "its encoding cannot be read",
      deflateSync('{"data":[{"id":"vault_9"}]}'),
      { "Content-Encoding": "deflate" },
    ],
    ["it is nested beyond reason", DEEP, {}],
  ])("is not shown when %s", async (_kind, body, headers: Record<string, string>) => {
    for (const status of [400, 422, 500]) {
      const response = await list(body, headers, status);
      expect(response.status).toBe(500);
      expect(response.body.toString()).not.toContain("vault_9");
    }
  });
});
