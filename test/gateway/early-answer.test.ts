import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { startForwarding } from "../support/forwarding.ts";
import { answerOk } from "../support/origin-server.ts";
import { RawConnection, sendThenRead } from "../support/raw-http.ts";

const BODY_BYTES = 5_000_000;
const ANSWER = '{"early":true}';
const ANSWER_TEXT = `HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/json\r\nContent-Length: ${ANSWER.length}\r\n\r\n${ANSWER}`;

/** Answers as soon as the head of a request has come, and never reads its body. */
const deaf = await startServer((socket) => {
  socket.once("data", () => {
    socket.pause();
    socket.write(ANSWER_TEXT);
  });
});
/** The same, and closes the connection. */
const rude = await startServer((socket) => {
  socket.once("data", () => {
    socket.pause();
    socket.write(ANSWER_TEXT);
    setTimeout(() => socket.destroy(), 50);
  });
});

const { origin, urls, stop } = await startForwarding({
  gateway: { maxBodyBytes: 2 * BODY_BYTES },
  small: { maxBodyBytes: 1000 },
  deaf: { maxBodyBytes: 2 * BODY_BYTES, originUrl: urlOf(deaf) },
  rude: { maxBodyBytes: 2 * BODY_BYTES, originUrl: urlOf(rude) },
  impatient: { maxBodyBytes: 2 * BODY_BYTES, originTimeoutMs: 300 },
});
afterAll(async () => {
  await stop();
  for (const server of [deaf, rude]) server.close();
});
beforeEach(() => {
  origin.handler = answerOk;
});

const HEAD = "POST /v1/x HTTP/1.1\r\nHost: api.example\r\n";
const UPLOADS = [
  {
    framing: "sized",
    upload: Buffer.concat([
      Buffer.from(`${HEAD}Content-Length: ${BODY_BYTES}\r\n\r\n`),
      Buffer.alloc(BODY_BYTES, "x"),
    ]),
  },
  {
    framing: "chunked",
    upload: Buffer.concat([
      Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${BODY_BYTES.toString(16)}\r\n`),
      Buffer.alloc(BODY_BYTES, "x"),
      Buffer.from("\r\n0\r\n\r\n"),
    ]),
  },
];

describe.each(UPLOADS)("a client that reads nothing while it sends 5 MB ($framing) reads", ({ upload }) => {
  test("the answer of an origin that does not wait for the end", async () => {
    origin.handler = (_request, response) => {
      response.writeHead(422, { "Content-Type": "application/json" }).end(ANSWER);
    };
    const response = await sendThenRead(urls.gateway, upload);
    expect([response.status, response.body.toString(), response.complete]).toEqual([422, ANSWER, true]);
  });

  test.each(["deaf", "rude"] as const)("the answer of an origin that reads none of it (%s)", async (kind) => {
    const response = await sendThenRead(urls[kind], upload);
    expect([response.status, response.body.toString(), response.complete]).toEqual([422, ANSWER, true]);
  });

  test("an answer without a body", async () => {
    origin.handler = (_request, response) => {
      response.writeHead(204).end();
    };
    expect((await sendThenRead(urls.gateway, upload)).status).toBe(204);
  });

  test("a compressed answer", async () => {
    origin.handler = (_request, response) => {
      response.writeHead(400, { "Content-Encoding": "gzip" }).end(gzipSync(ANSWER));
    };
    const response = await sendThenRead(urls.gateway, upload);
    expect(response.values("content-encoding")).toEqual(["gzip"]);
    expect(gunzipSync(response.body).toString()).toBe(ANSWER);
  });

  test("that it is too large", async () => {
    expect((await sendThenRead(urls.small, upload)).status).toBe(413);
  });

  test("that the origin does not answer", async () => {
    origin.handler = (request) => request.connection.pause();
    expect((await sendThenRead(urls.impatient, upload)).status).toBe(503);
  });
});

test("a client that is silent does not hold its answer up for long", async () => {
  origin.handler = (_request, response) => {
    response.writeHead(422).end(ANSWER);
  };
  const client = new RawConnection(urls.gateway);
  client.send(`${HEAD}Content-Length: 300000\r\n\r\n`);
  const response = await client.response("POST");
  expect([response.status, response.body.toString()]).toEqual([422, ANSWER]);
  client.close();
});

async function startServer(serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    // A reset is how some of these connections end.
    socket.on("error", () => {});
    serve(socket);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
