import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { LINK_PATH, type LinkState } from "../support/link-state.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const CHECK_MS = 1000;
const EVENT_MS = 100;

/** The origin sends an event every tenth of a second for ever, on streams and on WebSockets. */
const portcullis = await usePortcullis({
  edges: [{}, { links: true }],
  vars: { CONNECTION_CHECK_MS: `${CHECK_MS}` },
});

/** What calls of the second edge to guards meet. */
async function disturb(faults: LinkState["faults"]): Promise<void> {
  const body = JSON.stringify({ clock: 0, faults });
  await fetch(`${portcullis.edges[1]}${LINK_PATH}`, { method: "POST", body });
}
beforeAll(async () => {
  portcullis.origin.handler = (request, response) => {
    const type = request.values("X-Want")[0] ?? "text/event-stream; charset=utf-8";
    response.writeHead(200, { "Content-Type": type });
    const timer = setInterval(() => response.write("data: tick\n\n"), EVENT_MS);
    response.on("close", () => clearInterval(timer));
  };
  portcullis.origin.server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
    const timer = setInterval(() => socket.write(Buffer.from("\x81\x04tick", "latin1")), EVENT_MS);
    socket.on("error", () => {});
    socket.on("close", () => clearInterval(timer));
  });
});

/** An open connection: how many events have come, and when it ended. */
interface Open {
  readonly events: () => number;
  readonly ended: Promise<unknown>;
  readonly close: () => void;
}

async function openStream(key: CreatedKey, from: string, type?: string): Promise<Open> {
  const headers = type === undefined ? {} : { "X-Want": type };
  const response = await portcullis.call("GET", PATH, { as: key.key, from, edge: 1, headers });
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let events = 0;
  const ended = (async () => {
    for (;;) {
      const { done } = await reader.read();
      if (done) return "ended";
      events++;
    }
  })().catch(() => "cut");
  return { events: () => events, ended, close: () => void reader.cancel().catch(() => {}) };
}

async function openWebSocket(key: CreatedKey, from: string): Promise<Open> {
  const url = `${portcullis.edges[1]?.replace("http", "ws")}${PATH}`;
  const headers = { Authorization: `Bearer ${key.key}`, "CF-Connecting-IP": from };
  const socket = new WebSocket(url, { headers } as unknown as string[]);
  let events = 0;
  socket.addEventListener("message", () => events++);
  const ended = new Promise((resolve) => {
    socket.addEventListener("close", ({ code }) => resolve(code));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return { events: () => events, ended, close: () => socket.close() };
}

const CONNECTIONS = [
  { kind: "an event stream", open: openStream, end: "ended" },
  { kind: "a WebSocket", open: openWebSocket, end: 1008 },
] as const;

const CUTS: readonly { readonly name: string; readonly cut: (key: CreatedKey) => Promise<Response> }[] = [
  { name: "revoked", cut: ({ id }) => portcullis.manage("DELETE", `/-/api-keys/${id}`) },
  { name: "disabled", cut: ({ id }) => portcullis.manage("PATCH", `/-/api-keys/${id}`, { disabled: true }) },
  {
    name: "held to other addresses",
    cut: ({ id }) => portcullis.manage("PATCH", `/-/api-keys/${id}`, { allowedIps: ["192.0.2.1"] }),
  },
  {
    name: "held to other vaults",
    cut: ({ id }) => portcullis.manage("PATCH", `/-/api-keys/${id}`, { vaults: ["vault_2"] }),
  },
];

describe.each(CONNECTIONS)("$kind", ({ open, end }) => {
  test.each(["overloaded", "hangs"] as const)(
    "ends by itself when its guard cannot be asked (%s)",
    async (fault) => {
      const key = await portcullis.createKey();
      const connection = await open(key, freshAddress());
      await disturb({ KEY_GUARD: { fault, share: 1 } });
      expect(await connection.ended).toBe(end);
      await disturb({});
      const isServed = async () => {
        const again = await portcullis.call("GET", PATH, { as: key.key, edge: 1 });
        await again.body?.cancel();
        return again.ok;
      };
      await expect.poll(isServed).toBe(true);
    },
  );

  test("goes on over many checks while its key may make such a request, and costs its budget once", async () => {
    const key = await portcullis.createKey({ rateLimit: { requests: 3, windowSeconds: 3600 } });
    const connection = await open(key, freshAddress());
    await new Promise((resolve) => setTimeout(resolve, 3.5 * CHECK_MS));
    const before = connection.events();
    await expect.poll(connection.events).toBeGreaterThan(before + 5);
    const response = await portcullis.call("GET", PATH, { as: key.key, edge: 1 });
    expect(response.headers.get("X-RateLimit-Remaining")).toBe("1");
    await response.body?.cancel();
    connection.close();
    await connection.ended;
  });

  test.each(CUTS)("ends by itself after its key was $name", async ({ cut }) => {
    const key = await portcullis.createKey();
    const connection = await open(key, freshAddress());
    await new Promise((resolve) => setTimeout(resolve, CHECK_MS / 2));
    expect((await cut(key)).status).toBe(200);
    expect(await connection.ended).toBe(end);
  });
});

test("an answer of another kind is finished, whatever becomes of its key", async () => {
  const key = await portcullis.createKey();
  const connection = await openStream(key, freshAddress(), "text/plain");
  expect((await portcullis.manage("DELETE", `/-/api-keys/${key.id}`)).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 2 * CHECK_MS));
  const before = connection.events();
  await expect.poll(connection.events).toBeGreaterThan(before);
  connection.close();
  await connection.ended;
});

test("an event stream that its client does not read is not read from the origin without end", async () => {
  const chunk = "x".repeat(65_536);
  const enough = 128 * 1024 * 1024;
  const sent = { bytes: 0, isWaiting: false };
  const usual = portcullis.origin.handler;
  portcullis.origin.handler = async (_, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const closed = new Promise((resolve) => response.once("close", resolve));
    while (sent.bytes < enough && !response.destroyed) {
      sent.bytes += chunk.length;
      if (response.write(chunk)) continue;
      sent.isWaiting = true;
      await Promise.race([new Promise((resolve) => response.once("drain", resolve)), closed]);
      sent.isWaiting = false;
    }
  };
  const key = await portcullis.createKey();
  const response = await portcullis.call("GET", PATH, { as: key.key, from: freshAddress(), edge: 1 });
  let seen = -1;
  while (seen !== sent.bytes || !sent.isWaiting) {
    seen = sent.bytes;
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (sent.bytes >= enough) break;
  }
  expect(sent.bytes).toBeLessThan(enough);
  await response.body?.cancel();
  portcullis.origin.handler = usual;
});
