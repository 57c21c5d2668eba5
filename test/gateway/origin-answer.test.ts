import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { startForwarding } from "../support/forwarding.ts";
import { answerOk } from "../support/origin-server.ts";
import { RawConnection, requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";

const { origin, urls, stop } = await startForwarding({ gateway: {}, busy: { busyMs: 10_000 } });
afterAll(stop);
beforeEach(() => {
  origin.handler = answerOk;
});

/** Has the origin answer with these very bytes, and returns what the client gets. */
async function answered(
  statusLine: string,
  headers: readonly string[] = [],
  body: string | Buffer = "",
  method = "GET",
): Promise<RawResponse> {
  const head = [`HTTP/1.1 ${statusLine}`, ...headers, "", ""].join("\r\n");
  origin.handler = (request) => {
    request.connection.write(Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]));
  };
  return sendRaw(urls.gateway, requestText(method, "/v1/x"));
}

function sizedJson(value: string): [string[], string] {
  return [["Content-Type: application/json", `Content-Length: ${value.length}`], value];
}

function refusal(response: RawResponse): { code: string; retryAfter?: number } {
  return JSON.parse(response.body.toString());
}

describe("the origin's answer comes back unchanged:", () => {
  test("status, headers, repeated and non-ASCII ones included, and body", async () => {
    const headers = [
      "Content-Type: text/plain; charset=latin1",
      "Content-Length: 4",
      'ETag: W/"x"',
      "X-Twice: 1",
      "X-Twice: 2",
      "X-Latin: caf\u00e9",
      "WWW-Authenticate: Custom realm=x",
    ];
    const links = ["Link: </a>; rel=next", "Link: </b>; rel=prev"];
    const response = await answered(
      "201 Created",
      [...headers, ...links],
      Buffer.from("caf\u00e9", "latin1"),
    );
    expect(response.status).toBe(201);
    expect(response.body.toString("latin1")).toBe("caf\u00e9");
    expect(response.values("link").join(", ")).toBe("</a>; rel=next, </b>; rel=prev");
    const others = response.headers.filter(([name]) => name !== "Link").map((header) => header.join(": "));
    const added = ["Cache-Control: private, no-store", "X-Request-Id: request-1"];
    expect(others.toSorted()).toEqual([...headers, ...added].toSorted());
  });

  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
    ["zstd", zstdCompressSync],
    ["x-own", (data: Buffer): Buffer => data],
  ])("a body in Content-Encoding %s, byte for byte", async (encoding, compress) => {
    const body = compress(Buffer.from("some text ".repeat(100)));
    const sized = await answered(
      "200 OK",
      [`Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`],
      body,
    );
    expect(sized.values("content-encoding")).toEqual([encoding]);
    expect(sized.values("content-length")).toEqual([`${body.length}`]);
    expect(sized.body).toEqual(body);
    const framed = Buffer.concat([
      Buffer.from(`${body.length.toString(16)}\r\n`),
      body,
      Buffer.from("\r\n0\r\n\r\n"),
    ]);
    const chunked = await answered(
      "200 OK",
      [`Content-Encoding: ${encoding}`, "Transfer-Encoding: chunked"],
      framed,
    );
    expect(chunked.body).toEqual(body);
    expect(chunked.complete).toBe(true);
  });

  test("to HEAD, with the length that GET would have", async () => {
    const response = await answered("200 OK", ["Content-Length: 1234", 'ETag: "x"'], "", "HEAD");
    expect(response.values("content-length")).toEqual(["1234"]);
    expect(response.values("etag")).toEqual(['"x"']);
  });

  test("a part of a representation", async () => {
    const response = await answered(
      "206 Partial Content",
      ["Content-Range: bytes 1-2/9", "Content-Length: 2"],
      "bc",
    );
    expect([response.status, response.body.toString()]).toEqual([206, "bc"]);
    expect(response.values("content-range")).toEqual(["bytes 1-2/9"]);
  });

  test.each(["204 No Content", "304 Not Modified"])("%s without a body", async (statusLine) => {
    const response = await answered(statusLine, ['ETag: "x"']);
    expect(response.status).toBe(Number(statusLine.slice(0, 3)));
    expect(response.values("etag")).toEqual(['"x"']);
  });

  test("an informational response before it is no answer", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    origin.handler = (request) => {
      request.connection.write(`${early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    };
    const response = await sendRaw(urls.gateway, requestText("GET", "/v1/x"));
    expect([response.status, response.body.toString()]).toEqual([200, "ok"]);
  });
});

test.each([
  "200 OK",
  "201 Created",
  "302 Found",
  "401 Unauthorized",
  "404 Not Found",
  "429 Too Many Requests",
  "500 Internal Server Error",
])(
  "what is the origin's own, the connection's or the gateway's to say is removed from its %s",
  async (line) => {
    const response = await answered(line, [
      "Content-Type: application/json",
      "Content-Length: 0",
      "Server: nginx/1.2.3",
      "X-Powered-By: Express",
      "Set-Cookie: a=1",
      "Set-Cookie: b=2",
      "X-Portcullis-Key-Expires: never",
      "X-Request-Id: origin-1",
      "RateLimit: forged",
      "RateLimit-Policy: forged",
      "X-RateLimit-Remaining: 99",
      "Connection: keep-alive, X-Hop",
      "Keep-Alive: timeout=5",
      "X-Hop: 1",
      "Proxy-Authenticate: Basic",
      "Trailer: X-T",
      "Upgrade: h2c",
      "X-Stays: 1",
    ]);
    expect(response.headers.map(([name, value]) => `${name}: ${value}`).toSorted()).toEqual([
      "Cache-Control: private, no-store",
      "Content-Length: 0",
      "Content-Type: application/json",
      "X-Request-Id: request-1",
      "X-Stays: 1",
    ]);
  },
);

test("a Cache-Control of the origin stays as it is", async () => {
  const response = await answered("200 OK", ["Content-Length: 0", "Cache-Control: public, max-age=60"]);
  expect(response.values("cache-control")).toEqual(["public, max-age=60"]);
});

describe("an answer that is cut off never looks complete:", () => {
  test.each([
    ["sized", "Content-Length: 10\r\n\r\npart"],
    ["chunked", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"],
    ["compressed", "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\npart"],
  ])("%s", async (_framing, rest) => {
    for (const cut of ["destroy", "resetAndDestroy"] as const) {
      let cutOff = (): void => {};
      origin.handler = ({ connection }) => {
        connection.write(`HTTP/1.1 200 OK\r\n${rest}`);
        cutOff = () => connection[cut]();
      };
      const client = new RawConnection(urls.gateway);
      client.send(requestText("GET", "/v1/x"));
      await client.until((text) => text.includes("part"));
      cutOff();
      await client.closed;
      const response = await client.response();
      expect([response.status, response.complete]).toEqual([200, false]);
    }
  });
});

describe("the origin's own 404 comes back unchanged where it is JSON:", () => {
  test.each(["application/json", "application/problem+json; charset=utf-8"])("%s", async (type) => {
    const body = '{"error":{"code":"resource_missing"}}';
    const lines = [`Content-Type: ${type}`, `Content-Length: ${body.length}`, 'ETag: "1"'];
    const response = await answered("404 Not Found", lines, body);
    expect([response.status, response.body.toString()]).toEqual([404, body]);
    expect([response.values("content-type"), response.values("etag")]).toEqual([[type], ['"1"']]);
  });
});

describe("an origin that failed or has nothing to show is a refusal:", () => {
  test.each(["text/html", "text/json-seq", ""])("404 that is not JSON but %j", async (type) => {
    const lines = [type === "" ? "X-None: 1" : `Content-Type: ${type}`, "Content-Length: 7"];
    const response = await answered("404 Not Found", lines, "vault_7");
    expect([response.status, refusal(response).code]).toEqual([404, "not_found"]);
    expect(response.body.toString()).not.toContain("vault_7");
  });

  test.each([
    ["502 Bad Gateway", "origin_unavailable"],
    ["503 Service Unavailable", "origin_unavailable"],
    ["504 Gateway Timeout", "origin_timeout"],
  ])("%s is %s, even as JSON", async (statusLine, code) => {
    expect(refusal(await answered(statusLine, ...sizedJson("{}")))).toMatchObject({ code, retryAfter: 1 });
  });

  test.each([
    ["120", 120],
    ["1", 1],
    ["86400", 86_400],
    ["86401", 1],
    ["0", 1],
    ["-5", 1],
    ["1.5", 1],
    ["Fri, 20 Nov 2026 18:00:00 GMT", 1],
    ["Fri, 20 Nov 2126 18:00:00 GMT", 1],
    ["2126-11-20T18:00:00Z", 1],
    ["Friday", 1],
    ["99999999999999999999", 1],
  ])("a Retry-After of %s on a 503 becomes %i", async (value, seconds) => {
    const response = await answered("503 Service Unavailable", [
      `Retry-After: ${value}`,
      "Content-Length: 0",
    ]);
    expect(refusal(response).retryAfter).toBe(seconds);
  });

  test.each([
    ["IMF-fixdate", (at: Date) => at.toUTCString()],
    ["RFC 850", rfc850],
    ["asctime", asctime],
  ])("a Retry-After with a date becomes the seconds until then (%s)", async (_form, spelled) => {
    const at = new Date(Date.now() + 3_600_000);
    const response = await answered("503 Service Unavailable", [
      `Retry-After: ${spelled(at)}`,
      "Content-Length: 0",
    ]);
    const { retryAfter } = refusal(response);
    expect(retryAfter).toBeLessThanOrEqual(3_600);
    expect(retryAfter).toBeGreaterThan(3_500);
    expect(retryAfter).toSatisfy(Number.isInteger);
  });

  test.each([
    ["500 Internal Server Error", "text/html"],
    ["500 Internal Server Error", "application/jsonp"],
    ["501 Not Implemented", "text/plain"],
    ["520 Unknown", "text/html"],
    ["600 Beyond", "application/json"],
    ["101 Switching Protocols", "application/json"],
  ])("%s as %s is internal_error", async (statusLine, type) => {
    const response = await answered(statusLine, [`Content-Type: ${type}`, "Content-Length: 6"], "secret");
    expect(response.status).toBe(500);
    expect(refusal(response).code).toBe("internal_error");
    expect(response.body.toString()).not.toContain("secret");
  });

  test("without a Content-Type, too", async () => {
    expect(refusal(await answered("500 Oops", ["Content-Length: 0"])).code).toBe("internal_error");
  });

  test.each(["application/json", "application/problem+json; charset=utf-8", "Application/JSON"])(
    "but a 5xx of the API itself, in %s, is an answer",
    async (type) => {
      for (const status of [500, 501, 507]) {
        const response = await answered(
          `${status} Failed`,
          [`Content-Type: ${type}`, "Content-Length: 2"],
          "{}",
        );
        expect([response.status, response.body.toString()]).toEqual([status, "{}"]);
      }
    },
  );

  test("the rest of its body is not waited for, whatever else the request still does", async () => {
    origin.handler = ({ connection, closed }) => {
      connection.write("HTTP/1.1 500 Failed\r\nTransfer-Encoding: chunked\r\n\r\n");
      const timer = setInterval(() => connection.write("4\r\nmore\r\n"), 5);
      void closed.then(() => clearInterval(timer));
    };
    const arriving = origin.next();
    await sendRaw(urls.busy, requestText("GET", "/v1/x"));
    const { closed } = await arriving;
    await closed;
  });
});

/** The obsolete forms of a date (RFC 9110 section 5.6.7), made of `Sun, 06 Nov 1994 08:49:37 GMT`. */
function rfc850(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(" ");
  const weekday = at.toLocaleDateString("en", { weekday: "long", timeZone: "UTC" });
  return `${weekday}, ${day}-${month}-${year?.slice(2)} ${time} GMT`;
}

function asctime(at: Date): string {
  const [weekday, day, month, year, time] = at.toUTCString().split(" ");
  return `${weekday?.slice(0, 3)} ${month} ${day?.replace(/^0/, " ")} ${time} ${year}`;
}
