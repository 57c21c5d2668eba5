import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { afterAll, afterEach, expect, test } from "vitest";
import { startForwarding } from "../support/forwarding.ts";
import { RawConnection, requestText } from "../support/raw-http.ts";

const { origin, urls, stop } = await startForwarding({ gateway: {} });
afterAll(stop);
afterEach(() => {
  origin.server.removeAllListeners("upgrade");
});

/** The value that proves a server's consent (RFC 6455 section 4.2.2). */
function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** Has the origin accept a WebSocket and answer every short text message with the same text in capitals. */
function shoutBack(
  headers: readonly string[],
  seen: { url?: string; headers?: object; socket?: Duplex },
): void {
  origin.server.on("upgrade", (request, socket) => {
    Object.assign(seen, { url: request.url, headers: request.headers, socket });
    const accept = acceptOf(request.headers["sec-websocket-key"] ?? "");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, ...headers, "", ""].join("\r\n"));
    socket.on("data", (frame: Buffer) => {
      if ((frame[0] ?? 0) !== 0x81) return;
      const mask = frame.subarray(2, 6);
      const text = frame.subarray(6).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      const shouted = Buffer.from(text).toString().toUpperCase();
      socket.write(Buffer.concat([Buffer.from([0x81, shouted.length]), Buffer.from(shouted)]));
    });
    socket.on("error", () => {});
  });
}

test("a WebSocket is opened to the origin, and its messages pass both ways", async () => {
  const seen: { url?: string; headers?: Record<string, string> } = {};
  shoutBack(["Sec-WebSocket-Protocol: chat.v2"], seen);
  const socket = new WebSocket(`${urls.gateway.href.replace("http", "ws")}v1/feed?since=1`, [
    "chat.v1",
    "chat.v2",
  ]);
  const answer = new Promise((resolve, reject) => {
    socket.addEventListener("open", () => socket.send("hello"));
    socket.addEventListener("message", (event) => resolve(event.data));
    socket.addEventListener("error", reject);
  });
  expect(await answer).toBe("HELLO");
  expect(socket.protocol).toBe("chat.v2");
  expect(seen.url).toBe("/v1/feed?since=1");
  expect(seen.headers).toMatchObject({
    "sec-websocket-protocol": "chat.v1, chat.v2",
    "x-portcullis-key-id": "key_1",
    "x-forwarded-for": "203.0.113.9",
  });
  socket.close();
});

const HANDSHAKE = [
  "Connection: Upgrade",
  "Upgrade: WebSocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "X-Portcullis-Key-Id: forged",
];

test("its handshake is answered with the gateway's headers and without the origin's own", async () => {
  const seen: { headers?: Record<string, string> } = {};
  shoutBack(["Server: nginx", "Set-Cookie: a=1", "X-Request-Id: origin-1", "X-Stays: 1"], seen);
  const client = new RawConnection(urls.gateway);
  client.send(requestText("GET", "/v1/feed", HANDSHAKE));
  const response = await client.response();
  expect(response.status).toBe(101);
  expect(response.values("sec-websocket-accept")).toEqual([acceptOf("dGhlIHNhbXBsZSBub25jZQ==")]);
  expect(response.values("x-request-id")).toEqual(["request-1"]);
  expect(response.values("x-stays")).toEqual(["1"]);
  expect([...response.values("server"), ...response.values("set-cookie")]).toEqual([]);
  expect(seen.headers?.["x-portcullis-key-id"]).toBe("key_1");
  client.reset();
});

test("an origin that does not want it answers as usual", async () => {
  const client = new RawConnection(urls.gateway);
  client.send(requestText("GET", "/v1/feed", HANDSHAKE));
  const response = await client.response();
  expect([response.status, response.body.toString()]).toEqual([200, '{"ok":true}']);
  client.close();
});

test.each(["POST", "DELETE", "HEAD"])("a %s that asks for one stays what it is", async (method) => {
  const arriving = origin.next();
  const client = new RawConnection(urls.gateway);
  client.send(requestText(method, "/v1/feed", HANDSHAKE));
  expect((await client.response(method)).status).toBe(200);
  const request = await arriving;
  expect([request.method, request.values("upgrade")]).toEqual([method, []]);
  client.close();
});

test("when the client goes away, the origin's side is closed", async () => {
  const seen: { socket?: Duplex } = {};
  shoutBack([], seen);
  const client = new RawConnection(urls.gateway);
  client.send(requestText("GET", "/v1/feed", HANDSHAKE));
  await client.response();
  client.reset();
  await new Promise((resolve) => seen.socket?.once("end", resolve));
});
