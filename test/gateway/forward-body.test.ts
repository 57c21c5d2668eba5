import { createServer, type Socket } from "node:net";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { startForwarding } from "../support/forwarding.ts";
import { answerOk, type OriginHandler } from "../support/origin-server.ts";
import { RawConnection, requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";

const LIMIT = 200_000;
const { origin, urls, stop } = await startForwarding({
  gateway: { maxBodyBytes: LIMIT },
  impatient: { maxBodyBytes: LIMIT, originTimeoutMs: 2000 },
  impatientAndBusy: { originTimeoutMs: 400, busyMs: 10_000 },
  unreachable: { originUrl: `http://127.0.0.1:${await unusedPort()}` },
});
afterAll(stop);
beforeEach(() => {
  origin.handler = answerOk;
  origin.requests.length = 0;
});

const answerWithLength: OriginHandler = async (request, response) => {
  const body = await request.wholeBody.catch(() => null);
  if (body !== null) response.end(`${body.length}`);
};
const silent: OriginHandler = () => {};

const HEAD = "POST /v1/x HTTP/1.1\r\nHost: api.example\r\n";
const sized = (length: number): string => `${HEAD}Content-Length: ${length}\r\n\r\n`;
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;
const LAST_CHUNK = "0\r\n\r\n";

function refusal(response: RawResponse): { code: string; retryAfter?: number } {
  return JSON.parse(response.body.toString());
}

describe("an upload streams:", () => {
  test.each([
    ["of unknown size", CHUNKED, chunk("first"), chunk("second") + LAST_CHUNK],
    ["small", sized(11), "first", "second"],
    ["large", sized(100_005), "first", "s".repeat(100_000)],
  ])("the first bytes arrive before the last are sent (%s)", async (_kind, head, first, rest) => {
    origin.handler = answerWithLength;
    const client = new RawConnection(urls.gateway);
    const arriving = origin.next();
    client.send(head + first);
    const request = await arriving;
    await expect.poll(() => request.body().toString()).toBe("first");
    client.send(rest);
    expect((await client.response("POST")).body.toString()).toBe(`${(await request.wholeBody).length}`);
    client.close();
  });

  test.each([
    ["small", 1_000],
    ["large", 150_000],
    ["as large as is allowed", LIMIT],
    ["empty", 0],
  ])("its size stays known (%s)", async (_kind, length) => {
    origin.handler = answerWithLength;
    const body = Buffer.alloc(length, "abc");
    const response = await sendRaw(urls.gateway, Buffer.concat([Buffer.from(sized(length)), body]));
    expect(response.body.toString()).toBe(`${length}`);
    const [request] = origin.requests;
    expect(request?.values("content-length")).toEqual([`${length}`]);
    expect(await request?.wholeBody).toEqual(body);
  });

  test("while the answer streams back", async () => {
    origin.handler = (request, response) => {
      response.flushHeaders();
      void request.wholeBody.then((body) => response.end(body));
    };
    const client = new RawConnection(urls.gateway);
    const arriving = origin.next();
    client.send(CHUNKED + chunk("one,"));
    await client.until((text) => text.startsWith("HTTP/1.1 200"));
    client.send(chunk("two"));
    const request = await arriving;
    await expect.poll(() => request.body().toString()).toBe("one,two");
    client.send(LAST_CHUNK);
    expect((await client.response("POST")).body.toString()).toBe("one,two");
    client.close();
  });

  test("and an answer that comes before its end is passed on", async () => {
    origin.handler = (_request, response) => {
      response.writeHead(422, { "Content-Type": "application/json" }).end('{"early":true}');
    };
    const client = new RawConnection(urls.gateway);
    client.send(CHUNKED + chunk("a".repeat(50_000)));
    const response = await client.response("POST");
    expect([response.status, response.body.toString()]).toEqual([422, '{"early":true}']);
    client.close();
  });
});

test("an answer streams: its first bytes arrive before the last are sent", async () => {
  let sendRest = (): void => {};
  origin.handler = (_request, response) => {
    response.write("first,");
    sendRest = () => response.end("second");
  };
  const client = new RawConnection(urls.gateway);
  client.send(requestText("GET", "/v1/x"));
  await client.until((text) => text.includes("first,"));
  sendRest();
  expect((await client.response()).body.toString()).toBe("first,second");
  client.close();
});

describe("a body over the limit is 413:", () => {
  test.each([
    ["", ""],
    [" and asks for no more of it", "Expect: 100-continue\r\n"],
  ])("one that says so is refused at once%s", async (_kind, header) => {
    const client = new RawConnection(urls.gateway);
    client.send(`${HEAD}${header}Content-Length: ${LIMIT + 1}\r\n\r\n`);
    const response = await client.response("POST");
    expect([response.status, refusal(response).code]).toEqual([413, "payload_too_large"]);
    expect(client.text).not.toContain("100 Continue");
    expect(origin.requests).toEqual([]);
    client.close();
  });

  test("one that grows beyond it is cut off, and the origin never takes the part for the whole", async () => {
    origin.handler = answerWithLength;
    const client = new RawConnection(urls.gateway);
    const arriving = origin.next();
    client.send(CHUNKED + chunk("a".repeat(LIMIT)));
    const request = await arriving;
    await expect.poll(() => request.body().length).toBe(LIMIT);
    client.send(chunk("b") + LAST_CHUNK);
    const response = await client.response("POST");
    expect([response.status, refusal(response).code]).toEqual([413, "payload_too_large"]);
    await expect(request.wholeBody).rejects.toThrow();
    client.close();
  });

  test("one of unknown size that just reaches it passes", async () => {
    origin.handler = answerWithLength;
    const response = await sendRaw(urls.gateway, CHUNKED + chunk("a".repeat(LIMIT)) + LAST_CHUNK);
    expect(response.body.toString()).toBe(`${LIMIT}`);
  });

  test("once the answer has begun, its end is cut off instead", async () => {
    origin.handler = (_request, response) => {
      response.write("begun");
    };
    const client = new RawConnection(urls.gateway);
    client.send(CHUNKED + chunk("a"));
    await client.until((text) => text.includes("begun"));
    client.send(chunk("a".repeat(LIMIT)));
    await client.closed;
    expect((await client.response("POST")).complete).toBe(false);
  });

  test.each(["sized", "stream"])(
    "a client that sends all of it first can read the answer (%s)",
    async (kind) => {
      origin.handler = answerWithLength;
      for (let round = 0; round < 5; round++) {
        const bytes = new Uint8Array(8_000_000);
        const body = kind === "sized" ? bytes : new Blob([bytes]).stream();
        const response = await fetch(urls.gateway, { method: "POST", body, duplex: "half" } as RequestInit);
        expect(response.status).toBe(413);
      }
    },
  );
});

describe("a body whose framing is broken is the client's fault, and no part of it is taken for the whole:", () => {
  test.each([
    ["a size that is no number", "zz\r\nabc\r\n0\r\n\r\n"],
    ["a negative size", "-3\r\nabc\r\n0\r\n\r\n"],
    ["a signed size", "+3\r\nabc\r\n0\r\n\r\n"],
    ["a size with a prefix", "0x3\r\nabc\r\n0\r\n\r\n"],
    ["a size with a space before it", " 3\r\nabc\r\n0\r\n\r\n"],
    ["a size with a word after it", "3 x\r\nabc\r\n0\r\n\r\n"],
    ["a size with a null byte", "3\0\r\nabc\r\n0\r\n\r\n"],
    ["a size beyond all", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"],
    ["no size", "\r\nabc\r\n0\r\n\r\n"],
    ["a line that ends in LF", "3\nabc\n0\n\n"],
    ["a line that ends in CR", "3\rabc\r0\r\r"],
    ["a line without end", `3;${"a".repeat(100_000)}\r\nabc\r\n0\r\n\r\n`],
    ["a chunk longer than it says", "3\r\nabcd\r\n0\r\n\r\n"],
    ["a chunk shorter than it says", "5\r\nabc\r\n0\r\n\r\n"],
    ["a second chunk that is none", "3\r\nabc\r\nzz\r\n\r\n"],
    ["a trailer that is none", "3\r\nabc\r\n0\r\nX y\r\n\r\n"],
  ])("%s", async (_kind, body) => {
    origin.handler = answerWithLength;
    const response = await sendRaw(urls.gateway, CHUNKED + body);
    expect(response.status).toBe(400);
    expect(refusal(response)).toMatchObject({
      code: "invalid_request",
      details: { body: expect.any(String) },
    });
    for (const request of origin.requests) await expect(request.wholeBody).rejects.toThrow();
  });

  test.each(["gzip, chunked", "chunked, chunked", "deflate,chunked"])(
    "a coding that the gateway does not undo: %s",
    async (coding) => {
      const response = await sendRaw(
        urls.gateway,
        `${HEAD}Transfer-Encoding: ${coding}\r\n\r\n${chunk("abc")}${LAST_CHUNK}`,
      );
      expect([response.status, refusal(response).code]).toEqual([400, "invalid_request"]);
      expect(origin.requests).toEqual([]);
    },
  );

  test("but chunks with extensions and trailers are well-formed", async () => {
    origin.handler = answerWithLength;
    const response = await sendRaw(urls.gateway, `${CHUNKED}3;a="b"\r\nabc\r\n0\r\nX: y\r\n\r\n`);
    expect([response.status, response.body.toString()]).toEqual([200, "3"]);
  });
});

describe("an origin that does not answer is a refusal:", () => {
  test.each([
    ["small", `${sized(3)}abc`],
    ["none", requestText("GET", "/v1/x")],
    ["of unknown size", CHUNKED + chunk("abc") + LAST_CHUNK],
  ])("silent for the configured time (body: %s)", async (_kind, text) => {
    origin.handler = silent;
    const response = await sendRaw(urls.impatient, text);
    expect(response.status).toBe(503);
    expect(refusal(response)).toEqual({
      code: "origin_timeout",
      retryAfter: 1,
      reason: expect.stringMatching(/silent for \d+ ms/),
    });
    await origin.requests[0]?.closed;
  });

  test.each([
    ["of unknown size", CHUNKED, chunk("p".repeat(10_000)), LAST_CHUNK, 80_000],
    ["large", sized(80_000), "p".repeat(10_000), "", 80_000],
    ["small", sized(8), "p", "", 8],
  ])("an upload that is still flowing is no silence (%s)", async (_kind, head, part, end, length) => {
    origin.handler = answerWithLength;
    const client = new RawConnection(urls.impatient);
    client.send(head);
    for (let parts = 0; parts < 8; parts++) {
      client.send(part);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    client.send(end);
    expect((await client.response("POST")).body.toString()).toBe(`${length}`);
    client.close();
  });

  test("an upload that has stopped is, and the origin never takes the part for the whole", async () => {
    origin.handler = answerWithLength;
    for (const text of [CHUNKED + chunk("part"), `${sized(1_000)}part`, `${sized(100_000)}part`]) {
      const client = new RawConnection(urls.impatientAndBusy);
      const arriving = origin.next();
      client.send(text);
      const request = await arriving;
      expect(refusal(await client.response("POST")).code).toBe("origin_timeout");
      await expect(request.wholeBody).rejects.toThrow();
      client.close();
    }
  });

  test("unreachable", async () => {
    const response = await sendRaw(urls.unreachable, requestText("GET", "/v1/x"));
    expect(response.status).toBe(503);
    expect(refusal(response)).toMatchObject({ code: "origin_unavailable", retryAfter: 1 });
  });

  test.each([
    ["reset", (socket: Socket) => socket.resetAndDestroy()],
    ["closed", (socket: Socket) => socket.destroy()],
    ["closed amid the headers", (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\nX:")],
    ["not speaking HTTP", (socket: Socket) => socket.end("hello\r\n\r\n")],
  ])("%s before its headers", async (_kind, act) => {
    origin.handler = (request) => act(request.connection);
    const response = await sendRaw(urls.gateway, requestText("GET", "/v1/x"));
    expect(refusal(response)).toMatchObject({ code: "origin_unavailable", retryAfter: 1 });
  });
});

describe("a client that goes away cancels the request to the origin:", () => {
  test("while the origin is silent", async () => {
    origin.handler = silent;
    const client = new RawConnection(urls.gateway);
    const arriving = origin.next();
    client.send(requestText("GET", "/v1/x"));
    const request = await arriving;
    client.reset();
    await request.closed;
  });

  test("while the answer streams", async () => {
    origin.handler = (request, response) => {
      const timer = setInterval(() => response.write("more,"), 10);
      void request.closed.then(() => clearInterval(timer));
    };
    const client = new RawConnection(urls.gateway);
    const arriving = origin.next();
    client.send(requestText("GET", "/v1/x"));
    await client.until((text) => text.includes("more,"));
    client.close();
    await (
      await arriving
    ).closed;
  });

  test.each([
    ["of unknown size", CHUNKED + chunk("part")],
    ["small", `${sized(1_000)}part`],
    ["large", `${sized(100_000)}part`],
  ])("amid an upload, and the origin never takes the part for the whole (%s)", async (_kind, text) => {
    origin.handler = answerWithLength;
    for (const leave of ["close", "reset"] as const) {
      const client = new RawConnection(urls.gateway);
      const arriving = origin.next();
      client.send(text);
      const request = await arriving;
      await expect.poll(() => request.body().toString()).toBe("part");
      client[leave]();
      await expect(request.wholeBody).rejects.toThrow();
    }
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
