import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";

import { LINK_PATH, type LinkFault } from "../support/link-state.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { RawConnection, requestText, sendThenRead } from "../support/raw-http.ts";
import { useControl } from "../support/started.ts";

const control = await useControl({ edges: [{ links: true }, { links: true }] });
const organization = await control.newOrganization();

const HOME = "198.51.100.40";
interface Kind {
  readonly path: string;
  readonly from: string;
  readonly outcome: string;
  readonly method?: "GET" | "HEAD";
  /** Chunks as they are sent, with a method that has no body. */
  readonly body?: string;
}

/** What each request is to come to, and what it is counted as. */
const KINDS = [
  { path: "/v1/networks?as=200", from: HOME, outcome: "succeeded" },
  { path: "/v1/networks?as=304", from: HOME, outcome: "succeeded" },
  { path: "/v1/networks?as=302", from: HOME, outcome: "succeeded" },
  { path: "/v1/networks?as=204", from: HOME, outcome: "succeeded", method: "HEAD" },
  { path: "/v1/networks?as=stream", from: HOME, outcome: "succeeded" },
  { path: "/v1/networks?as=events", from: HOME, outcome: "succeeded" },
  { path: "/v1/networks?as=404", from: HOME, outcome: "clientErrors" },
  { path: "/v1/networks?as=404", from: HOME, outcome: "clientErrors", method: "HEAD" },
  { path: "/v1/networks?as=409", from: HOME, outcome: "clientErrors" },
  { path: "/v1/networks?as=500", from: HOME, outcome: "originErrors" },
  { path: "/v1/networks?as=503", from: HOME, outcome: "originErrors" },
  { path: "/v1/networks?as=reset", from: HOME, outcome: "originErrors" },
  { path: "/v1/networks?as=599", from: HOME, outcome: "originErrors" },
  { path: "/v1/networks", from: HOME, outcome: "refused", body: "3\r\nabc\r\n0\r\n\r\n" },
  { path: "/v1/networks", from: HOME, outcome: "refused", body: "zz\r\n" },
  { path: "/v1/networks?as=200", from: "203.0.113.200", outcome: "refused" },
  { path: "/v1/nowhere", from: HOME, outcome: "refused" },
  { path: "/v1/vaults/vault_9", from: HOME, outcome: "refused" },
] as const satisfies readonly Kind[];
const EACH = 12;

interface Usage {
  readonly totals: Readonly<Record<string, number>>;
  readonly keys?: readonly (Readonly<Record<string, number>> & { readonly keyId: string })[];
}

async function usage(path: string): Promise<Usage> {
  return await (await organization.admin.call("GET", path)).json<Usage>();
}

/** Answers as the query says. */
function answerAs(as: string | null, response: ServerResponse): void {
  if (as === "stream" || as === "events") {
    response.writeHead(200, { "Content-Type": as === "events" ? "text/event-stream" : "text/plain" });
    response.write("data: first\n\n");
    setImmediate(() => response.end("data: last\n\n"));
    return;
  }
  response.writeHead(Number(as), { "Content-Type": "application/json" }).end(as === "304" ? undefined : "{}");
}

test("usage by outcome is what the origin and the clients saw, whatever goes on at once", async () => {
  control.origin.handler = ({ target, connection }, response) => {
    const as = new URL(target, "http://origin").searchParams.get("as");
    if (as === "reset") connection.destroy();
    else answerAs(as, response);
  };
  const settings = { allowedIps: [HOME], vaults: ["vault_1"] };
  const keys = await Promise.all([
    organization.admin.createKey(settings),
    organization.admin.createKey({ ...settings, rateLimit: { requests: 30, windowSeconds: 600 } }),
  ]);

  const seen = new Map(keys.map(({ id }) => [id, new Map<string, number>()]));
  const send = async (key: CreatedKey, { path, from, outcome, method = "GET", body }: Kind, edge: number) => {
    const headers = [
      `Authorization: Bearer ${key.key}`,
      `CF-Connecting-IP: ${from}`,
      "Transfer-Encoding: chunked",
    ];
    const { status } = await (body === undefined
      ? control.call(method, path, { as: key.key, from, edge })
      : sendThenRead(control.edges[edge] ?? "", requestText(method, path, headers) + body));
    const counts = seen.get(key.id) ?? new Map<string, number>();
    const counted = status === 429 ? "limited" : outcome;
    counts.set(counted, (counts.get(counted) ?? 0) + 1);
  };
  const requests = keys.flatMap((key) =>
    KINDS.flatMap((kind) => Array.from({ length: EACH }, (_, i) => () => send(key, kind, i % 2))),
  );
  await Promise.all(requests.map((request) => request()));

  const expected = keys.map(({ id }) => {
    const counts = seen.get(id);
    const of = (outcome: string) => counts?.get(outcome) ?? 0;
    const arrived = control.origin.requests.filter((each) => each.values("X-Portcullis-Key-Id")[0] === id);
    expect(of("succeeded") + of("clientErrors") + of("originErrors")).toBe(arrived.length);
    return {
      succeeded: of("succeeded"),
      clientErrors: of("clientErrors"),
      originErrors: of("originErrors"),
      refused: of("refused"),
      limited: of("limited"),
    };
  });
  expect(expected[0]).toEqual({ succeeded: 72, clientErrors: 36, originErrors: 48, refused: 60, limited: 0 });
  expect(expected[1]?.limited).toBeGreaterThan(0);

  for (const [i, { id }] of keys.entries()) {
    const told = async () => (await usage(`/-/api-keys/${id}/usage`)).totals;
    await expect.poll(told).toEqual(expected[i]);
  }
  const { totals, keys: byKey = [] } = await usage("/-/usage");
  for (const outcome of Object.keys(totals)) {
    const sum = expected.reduce((total, each) => total + each[outcome as keyof typeof each], 0);
    expect([outcome, totals[outcome]]).toEqual([outcome, sum]);
    for (const [i, { id }] of keys.entries()) {
      const told = byKey.find(({ keyId }) => keyId === id)?.[outcome];
      expect([id, outcome, told]).toEqual([
        id,
        outcome,
        expected[i]?.[outcome as keyof (typeof expected)[0]],
      ]);
    }
  }
});

/** What calls to an object meet from now on, at every edge. */
async function disturb(binding: string, fault: LinkFault | null): Promise<void> {
  const faults = fault === null ? {} : { [binding]: { fault, share: 1 } };
  const body = JSON.stringify({ clock: 0, faults });
  await Promise.all(control.edges.map((edge) => fetch(edge + LINK_PATH, { method: "POST", body })));
}

const NONE = { succeeded: 0, clientErrors: 0, originErrors: 0, refused: 0, limited: 0 };

/** A key that is used so often at each edge. */
async function usedKey(times: number): Promise<{ key: CreatedKey; use: (times: number) => Promise<void> }> {
  control.origin.handler = (_, response) => answerAs("200", response);
  const key = await organization.admin.createKey({ vaults: ["vault_1"] });
  const use = async (count: number) => {
    for (const edge of [0, 1]) {
      const calls = Array.from({ length: count }, () =>
        control.call("GET", "/v1/networks", { as: key.key, edge }),
      );
      for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
    }
  };
  await use(times);
  return { key, use };
}

const toldOf = async ({ id }: CreatedKey) => (await usage(`/-/api-keys/${id}/usage`)).totals;

test("a guard that has delivered counts and crashed before it said so counts none of them twice", async () => {
  const { key, use } = await usedKey(10);
  await disturb("KEY_GUARD", "answer lost");
  await expect.poll(() => toldOf(key)).toEqual({ ...NONE, succeeded: 20 });
  await disturb("KEY_GUARD", "crash");
  await organization.admin.call("GET", `/-/api-keys/${key.id}/usage`);
  await disturb("KEY_GUARD", null);
  await use(1);
  await expect.poll(async () => (await toldOf(key))["succeeded"]).toBeGreaterThanOrEqual(22);
  expect(await toldOf(key)).toEqual({ ...NONE, succeeded: 22 });
});

test("an organisation that crashes, or whose answers are lost, has every count once", async () => {
  const { key, use } = await usedKey(10);
  let used = 20;
  for (const fault of ["answer lost", "crash", "unreachable"] as const) {
    await disturb("ORGANIZATION", fault);
    await use(5);
    used += 10;
    await disturb("ORGANIZATION", null);
    await expect.poll(() => toldOf(key)).toEqual({ ...NONE, succeeded: used });
  }
});

test("WebSockets count once, as what the origin made of them", async () => {
  const { key } = await usedKey(0);
  control.origin.server.on("upgrade", (request, socket: Duplex) => {
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.end([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
  });
  const open = async (path: string) => {
    const headers = [
      `Authorization: Bearer ${key.key}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    const connection = new RawConnection(control.edges[0] ?? "");
    connection.send(requestText("GET", path, headers));
    await connection.until((text) => text.includes("\r\n\r\n"));
    return Number(connection.text.slice(9, 12));
  };
  expect([await open("/v1/networks"), await open("/v1/networks"), await open("/v1/nowhere")]).toEqual([
    101, 101, 400,
  ]);
  await expect.poll(() => toldOf(key)).toEqual({ ...NONE, succeeded: 2, refused: 1 });
});

test("a request whose client goes away counts once it has reached the origin", async () => {
  const { key } = await usedKey(0);
  const held: ServerResponse[] = [];
  control.origin.handler = (_, response) => void held.push(response);
  for (let i = 0; i < 3; i++) {
    const arrived = control.origin.next();
    const client = new AbortController();
    const headers = { Authorization: `Bearer ${key.key}` };
    const call = fetch(`${control.edges[i % 2]}/v1/networks`, { headers, signal: client.signal });
    await arrived;
    client.abort();
    await expect(call).rejects.toThrow("aborted");
  }
  for (const response of held) answerAs("200", response);
  await expect.poll(() => toldOf(key)).toEqual({ ...NONE, succeeded: 3 });
});
