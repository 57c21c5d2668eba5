import { afterEach, describe, expect, test } from "vitest";
import { answerOk, type OriginHandler } from "../support/origin-server.ts";

import { RawConnection, requestText } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const LIST = "/v1/vaults";
/** An edge whose origin refuses connections. */
const UNREACHABLE = 1;
/** An edge that waits for its origin only a moment. */
const IMPATIENT = 2;

const portcullis = await usePortcullis({
  edges: [
    {},
    // The port of a service that no machine runs any more (tcpmux).
    { vars: { ORIGIN_URL: "http://127.0.0.1:1" } },
    { vars: { ORIGIN_TIMEOUT_MS: "150" } },
  ],
});
const key = await portcullis.createKey({ vaults: ["vault_1"] });
afterEach(async () => {
  portcullis.origin.handler = answerOk;
  expect((await portcullis.call("GET", PATH, { as: key.key })).status).toBe(200);
});

const hang: OriginHandler = () => {};
const cutBeforeHeaders: OriginHandler = (_, response) => response.socket?.destroy();
const cutWithinBody: OriginHandler = (_, response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
  response.write('{"data":[{"id":"vault_1"}', () => response.socket?.destroy());
};
const stopWithinBody: OriginHandler = (_, response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
  response.write('{"data":[');
};
const fail =
  (status: number, type = "text/html"): OriginHandler =>
  (_, response) => {
    response.writeHead(status, { "Content-Type": type }).end('{"secret":"stack trace"}');
  };

interface Fault {
  readonly name: string;
  readonly edge?: number;
  readonly path?: string;
  readonly origin?: OriginHandler;
  readonly code: string;
}

const FAULTS: readonly Fault[] = [
  { name: "refuses the connection", edge: UNREACHABLE, code: "origin_unavailable" },
  { name: "cuts it before the headers", origin: cutBeforeHeaders, code: "origin_unavailable" },
  { name: "does not answer", edge: IMPATIENT, origin: hang, code: "origin_timeout" },
  { name: "answers 502", origin: fail(502), code: "origin_unavailable" },
  { name: "answers 503", origin: fail(503, "application/json"), code: "origin_unavailable" },
  { name: "answers 504", origin: fail(504), code: "origin_timeout" },
  { name: "cuts a list to be filtered", path: LIST, origin: cutWithinBody, code: "origin_unavailable" },
  {
    name: "stops within a list to be filtered",
    edge: IMPATIENT,
    path: LIST,
    origin: stopWithinBody,
    code: "origin_timeout",
  },
];

describe("an origin that fails is told from the gateway that works", () => {
  test.each(FAULTS)("$name: 503 $code", async ({ edge = 0, path = PATH, origin = answerOk, code }) => {
    portcullis.origin.handler = origin;
    const response = await portcullis.call("GET", path, { as: key.key, edge });
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
    expect(response.headers.has("X-RateLimit-Remaining")).toBe(true);
    const lines = () =>
      portcullis.logs.filter((each) => each.includes(`"${response.headers.get("X-Request-Id")}"`));
    await expect.poll(lines).toEqual([expect.stringMatching(/"orgId":"org_test".*"reason":"[^"]/)]);
    const { error } = await response.json<{ error: Record<string, unknown> }>();
    expect(error).toMatchObject({ type: "internal_error", code });
    expect(error["correlationId"]).toBe(response.headers.get("X-Request-Id"));
  });

  test("answers 500 with something that is not JSON: 500 internal_error, and none of it", async () => {
    portcullis.origin.handler = fail(500);
    const response = await portcullis.call("GET", PATH, { as: key.key });
    expect(response.status).toBe(500);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ error: { code: "internal_error" } });
    expect(body).not.toContain("stack trace");
  });
});

function connect(): RawConnection {
  const connection = new RawConnection(portcullis.edges[0] ?? "");
  connection.send(requestText("GET", PATH, [`Authorization: Bearer ${key.key}`]));
  return connection;
}

test("a body that the origin cuts short reaches the client cut short, not as a whole one", async () => {
  portcullis.origin.handler = cutWithinBody;
  const response = await connect().response();
  expect(response.status).toBe(200);
  expect(response.complete).toBe(false);
});

describe("when the client goes away, the origin's connection is closed", () => {
  test.each([
    { name: "before the origin has answered", origin: hang, sign: null },
    { name: "within the body", origin: stopWithinBody, sign: '{"data":[' },
  ])("$name", async ({ origin, sign }) => {
    portcullis.origin.handler = origin;
    const arriving = portcullis.origin.next();
    const connection = connect();
    const received = await arriving;
    if (sign !== null) await connection.until((text) => text.includes(sign));
    connection.reset();
    await received.closed;
  });
});
