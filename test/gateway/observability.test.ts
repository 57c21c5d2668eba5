import { beforeEach, describe, expect, test } from "vitest";
import { COLUMNS, DIMENSIONS, MEASURES, type Column, type DataPoint } from "../../src/core/usage/metrics.ts";
import { adminClaims } from "../support/issuer.ts";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { answerOk } from "../support/origin-server.ts";
import { freshAddress, type CallOptions } from "../support/portcullis.ts";
import { POINT } from "../support/runtime.ts";
import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const PAGE = "https://app.example";
const ON = { SERVER_TIMING: "on" };
const [NO_GUARD, NO_ORIGIN, PAGES, OFF] = [1, 2, 3, 4];

const portcullis = await usePortcullis({
  edges: [
    { metrics: true, vars: ON },
    { metrics: true, vars: ON, guard: "BrokenGuard" },
    { metrics: true, vars: { ...ON, ORIGIN_URL: "http://127.0.0.1:1" } },
    { metrics: true, vars: { ...ON, CORS_ORIGINS: PAGE, REQUEST_LOG: "refused" } },
    { vars: { REQUEST_LOG: "0.5" } },
  ],
});
beforeEach(() => {
  portcullis.origin.handler = answerOk;
});

type Point = Readonly<Record<Column, string | number>>;

/** The data points written so far, by the names of their columns. */
function points(): { index: string; point: Point }[] {
  return portcullis.logs
    .filter((line) => line.startsWith(POINT))
    .map((line) => readJson<DataPoint>(line.slice(POINT.length)))
    .map(({ indexes: [index], blobs, doubles }) => ({
      index,
      point: Object.fromEntries([
        ...Object.keys(DIMENSIONS).map((name, i) => [name, blobs[i]]),
        ...Object.keys(MEASURES).map((name, i) => [name, doubles[i]]),
      ]) as Point,
    }));
}

/** Sends a request from an address of its own and gives the points that it left. */
async function sent(method: string, path: string, options: CallOptions = {}) {
  const from = freshAddress();
  const response = await portcullis.call(method, path, { ...options, from });
  await response.arrayBuffer();
  for (;;) {
    const left = points().filter(({ point }) => point.address === from);
    if (left.length > 0) return { response, left, from };
    await new Promise(setImmediate);
  }
}

const timingOf = (response: Response): string => response.headers.get("Server-Timing") ?? "";
const TOTAL = /(?:^|, )total;dur=\d+$/;

describe("with a dataset bound every request leaves one data point that says", () => {
  test("who called what, how it ended, how it was admitted, what took how long, and when the key ends", async () => {
    const { key, id } = await portcullis.createKey({ expiresIn: "7d" });
    const { left, from } = await sent("GET", PATH, { as: key });
    expect(left).toEqual([
      {
        index: `org_test/${id}`,
        point: {
          kind: "request",
          orgId: "org_test",
          keyId: id,
          operation: "getVault",
          method: "GET",
          outcome: "succeeded",
          code: "",
          reason: "",
          admission: "guard",
          address: from,
          subscriber: from,
          status: 200,
          waitMs: expect.any(Number),
          originMs: expect.any(Number),
          totalMs: expect.any(Number),
          keyExpiresAt: expect.any(Number),
          count: 0,
          attempts: 0,
          bytes: 0,
          leaseMs: 0,
        },
      },
    ]);
    const days = (Number(left[0]?.point.keyExpiresAt) - Date.now() / 1000) / 86_400;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
  });

  const REFUSALS: readonly {
    readonly name: string;
    readonly sent: (key: string) => CallOptions & { readonly path?: string };
    readonly says: Partial<Point>;
    readonly index: "key" | "none";
  }[] = [
    {
      name: "a mistyped key",
      sent: (key) => ({ as: mistyped(key) }),
      says: { outcome: "refused", code: "api_key_invalid", status: 401, admission: "", orgId: "" },
      index: "none",
    },
    {
      name: "a key that was never issued",
      sent: () => ({ as: unknownKey(7) }),
      says: { outcome: "refused", code: "api_key_invalid", orgId: "" },
      index: "none",
    },
    {
      name: "the wrong secret",
      sent: (key) => ({ as: swapSecret(key, unknownKey(1)) }),
      says: { outcome: "refused", code: "api_key_invalid", orgId: "org_test" },
      index: "key",
    },
    {
      name: "no operation",
      sent: (key) => ({ as: key, path: "/v2" }),
      says: { outcome: "refused", code: "not_found", status: 404, operation: "" },
      index: "key",
    },
    {
      name: "a guard that cannot be asked",
      sent: (key) => ({ as: key, edge: NO_GUARD }),
      says: { outcome: "refused", code: "admission_unavailable", status: 503, admission: "unavailable" },
      index: "none",
    },
    {
      name: "an origin that cannot be reached",
      sent: (key) => ({ as: key, edge: NO_ORIGIN }),
      says: { outcome: "originErrors", code: "origin_unavailable", status: 503, orgId: "org_test" },
      index: "key",
    },
  ];

  test.each(REFUSALS)("why it was refused: $name", async ({ sent: send, says, index }) => {
    const { key, id } = await portcullis.createKey();
    const { path = PATH, ...options } = send(key);
    const { left } = await sent("GET", path, options);
    expect(left).toHaveLength(1);
    expect(left[0]?.point).toMatchObject({ kind: "request", ...says });
    expect(left[0]?.index).toBe(index === "key" ? `org_test/${id}` : "-");
  });

  test.each([
    [200, "succeeded", ""],
    [302, "succeeded", ""],
    [404, "clientErrors", ""],
    [409, "clientErrors", ""],
    [429, "clientErrors", ""],
    [500, "originErrors", ""],
    [503, "originErrors", "origin_unavailable"],
  ])("how it ended: the origin answers %i", async (status, outcome, code) => {
    portcullis.origin.handler = (_, response) =>
      response.writeHead(status, { "Content-Type": "application/json", Location: "/" }).end("{}");
    const { key } = await portcullis.createKey();
    const { left } = await sent("GET", PATH, { as: key });
    expect(left[0]?.point).toMatchObject({ outcome, code, status });
  });

  test("that a preflight was answered by the gateway itself", async () => {
    const headers = { Origin: PAGE, "Access-Control-Request-Method": "GET" };
    const { left } = await sent("OPTIONS", PATH, { edge: PAGES, headers });
    expect(left[0]?.point).toMatchObject({ outcome: "answered", admission: "", keyId: "" });
  });

  test("that the rate limit was used up", async () => {
    const { key } = await portcullis.createKey({ rateLimit: { requests: 1, windowSeconds: 60 } });
    await sent("GET", PATH, { as: key });
    const { left } = await sent("GET", PATH, { as: key });
    expect(left[0]?.point).toMatchObject({ outcome: "limited", code: "rate_limited", status: 429 });
  });
});

test("a request to the control API leaves one, too, with the key that it is about", async () => {
  const as = await portcullis.issuer.token(adminClaims());
  const { id } = await portcullis.createKey();
  const { left } = await sent("DELETE", `/-/api-keys/${id}`, { as });
  expect(left.map(({ point }) => point)).toMatchObject([
    { kind: "control", orgId: "org_test", keyId: id, outcome: "succeeded", status: 200, method: "DELETE" },
  ]);
});

test("a cut leaves one when it is in force everywhere: which key, what it is now, how long it took", async () => {
  const { key, id } = await portcullis.createKey();
  await sent("GET", PATH, { as: key });
  await portcullis.manage("PATCH", `/-/api-keys/${id}`, { disabled: true });
  await portcullis.manage("DELETE", `/-/api-keys/${id}`);
  const cutsOf = () =>
    points().filter(({ index, point }) => point.kind === "cut" && index === `org_test/${id}`);
  while (cutsOf().length < 3) await new Promise(setImmediate);
  const cuts = cutsOf();
  expect(cuts.map(({ point }) => point.outcome)).toEqual(["changed", "disabled", "revoked"]);
  // The lease of the request before had to end first.
  expect(cuts[1]?.point.waitMs).toBeGreaterThan(0);
});

test("no data point holds a secret, and none is of more than a dataset takes", async () => {
  const { key } = await portcullis.createKey();
  const as = await portcullis.issuer.token(adminClaims());
  await sent("GET", `${PATH}?key=${key}`, { as: key });
  await sent("GET", `/-/api-keys/${key}`, { as });
  await sent("POST", "/-/api-keys", { as, body: { name: key } });
  const lines = portcullis.logs.filter((line) => line.startsWith(POINT));
  expect(lines.filter((line) => line.includes(key.slice(16, -6)) || line.includes(as))).toEqual([]);
  for (const line of lines) {
    const { indexes, blobs, doubles } = readJson<DataPoint>(line.slice(POINT.length));
    expect(indexes).toHaveLength(1);
    expect(Buffer.byteLength(indexes[0])).toBeLessThanOrEqual(96);
    expect(blobs.length).toBeLessThanOrEqual(20);
    expect(doubles.length).toBeLessThanOrEqual(20);
    expect(doubles.every(Number.isFinite)).toBe(true);
  }
});

test("without a dataset there are none", async () => {
  const { key, id } = await portcullis.createKey();
  const before = points().length;
  await (await portcullis.call("GET", PATH, { as: key, edge: OFF })).arrayBuffer();
  expect(points().length).toBe(before);
  expect(COLUMNS.keyId).toBe("blob3");
  expect(id).toMatch(/^key_/);
});

describe("Server-Timing", () => {
  test("says how a request was admitted, and how long guard, origin and all of it took", async () => {
    const { key } = await portcullis.createKey();
    const { response } = await sent("GET", PATH, { as: key });
    expect(timingOf(response)).toMatch(
      /^admission;desc="guard", guard;dur=\d+, origin;dur=\d+, total;dur=\d+$/,
    );
    const later = await sent("GET", PATH, { as: key });
    expect(timingOf(later.response)).toMatch(
      /^admission;desc="(?:lease|guard)", guard;dur=\d+, origin;dur=\d+, total;dur=\d+$/,
    );
  });

  test("is on refusals, without what did not happen", async () => {
    const { key } = await portcullis.createKey();
    expect(timingOf((await sent("GET", "/v2", { as: key })).response)).toMatch(
      /^admission;desc="\w+", guard;dur=\d+, total;dur=\d+$/,
    );
    expect(timingOf((await sent("GET", PATH, { as: key, edge: NO_GUARD })).response)).toMatch(
      /^admission;desc="unavailable", guard;dur=\d+, total;dur=\d+$/,
    );
    expect(timingOf((await sent("GET", PATH, { as: key, edge: NO_ORIGIN })).response)).toMatch(
      /, origin;dur=\d+, total;dur=\d+$/,
    );
  });

  test("does not tell a caller without the right secret whether there is such a key", async () => {
    const { key } = await portcullis.createKey();
    for (const as of [undefined, mistyped(key), unknownKey(3), swapSecret(key, unknownKey(1))]) {
      const { response } = await sent("GET", PATH, as === undefined ? {} : { as });
      expect(response.status).toBe(401);
      expect(timingOf(response)).toMatch(/^total;dur=\d+$/);
    }
  });

  test.each(["/-/healthz", "/-/errors/not_found", "/-/console/", "/-/api-keys", "/-/nowhere"])(
    "is on what the gateway answers by itself: %s",
    async (path) => {
      const response = await portcullis.call("GET", path);
      await response.arrayBuffer();
      expect(timingOf(response)).toMatch(TOTAL);
    },
  );

  test("goes before what the origin says of itself", async () => {
    const { key } = await portcullis.createKey();
    portcullis.origin.handler = (_, response) =>
      response.writeHead(200, { "Server-Timing": "db;dur=53" }).end("{}");
    expect(timingOf((await sent("GET", PATH, { as: key })).response)).toMatch(/total;dur=\d+, db;dur=53$/);
  });

  test("is told to the pages that may call, and to no others", async () => {
    const { key } = await portcullis.createKey();
    for (const [origin, isTold] of [
      [PAGE, true],
      ["https://other.example", false],
    ] as const) {
      const headers = { Origin: origin };
      const { headers: told } = await portcullis.call("GET", PATH, { as: key, edge: PAGES, headers });
      expect(told.get("Timing-Allow-Origin")).toBe(isTold ? PAGE : null);
      expect(told.get("Access-Control-Expose-Headers")?.includes("Server-Timing") ?? false).toBe(isTold);
    }
  });

  test("is not there unless it is switched on; then an origin's own passes", async () => {
    const { key } = await portcullis.createKey();
    const timing = async () =>
      (await portcullis.call("GET", PATH, { as: key, edge: OFF })).headers.get("Server-Timing");
    expect(await timing()).toBeNull();
    portcullis.origin.handler = (_, response) =>
      response.writeHead(200, { "Server-Timing": "db;dur=53" }).end("{}");
    expect(await timing()).toBe("db;dur=53");
  });
});

describe("REQUEST_LOG", () => {
  /** The statuses of the lines that requests have left, once a last one, which is always refused, has left its own. */
  async function statusesOf(edge: number, send: (from: string) => Promise<void>): Promise<number[]> {
    const from = freshAddress();
    const lines = () =>
      portcullis.logs
        .filter((line) => line.startsWith("{") && line.includes(`"${from}"`))
        .map((line) => readJson<{ status: number; code?: string }>(line));
    await send(from);
    await (await portcullis.call("GET", PATH, { edge, from })).arrayBuffer();
    while (!lines().some(({ code }) => code === "credential_missing")) await new Promise(setImmediate);
    return lines()
      .filter(({ code }) => code !== "credential_missing")
      .map(({ status }) => status);
  }

  async function use(edge: number, from: string, status: number): Promise<void> {
    const { key } = await portcullis.createKey();
    portcullis.origin.handler = (_, response) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end("{}");
    await (await portcullis.call("GET", PATH, { as: key, edge, from })).arrayBuffer();
  }

  test("of refusals leaves lines of those and of failures, and none of what was let through", async () => {
    const statuses = await statusesOf(PAGES, async (from) => {
      for (const status of [200, 404, 500]) await use(PAGES, from, status);
      await (await portcullis.call("GET", PATH, { as: unknownKey(9), edge: PAGES, from })).arrayBuffer();
    });
    expect(statuses).toEqual([500, 401]);
  });

  test("of a share leaves lines of some, and of every refusal", async () => {
    const [requests, refused] = [60, 5];
    const statuses = await statusesOf(OFF, async (from) => {
      const { key } = await portcullis.createKey();
      for (let i = 0; i < requests; i++)
        await (await portcullis.call("GET", PATH, { as: key, edge: OFF, from })).arrayBuffer();
      for (let i = 0; i < refused; i++)
        await (await portcullis.call("GET", "/v2", { as: key, edge: OFF, from })).arrayBuffer();
    });
    expect(statuses.filter((status) => status === 404)).toHaveLength(refused);
    const chosen = statuses.filter((status) => status === 200).length;
    expect(chosen).toBeGreaterThan(0);
    expect(chosen).toBeLessThan(requests);
  });
});
