import { describe, expect, test } from "vitest";
import { swapSecret } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 3;
const PATH = "/v1/vaults/vault_1";
const LONG_WINDOW_S = 3600;
/** How long an edge may use what it was given: the default. */
const LEASE_MS = 200;
/** The largest share of what remains that one edge is given at a time. */
const SHARE = 20;

const portcullis = await usePortcullis({ edges: EDGES });

function createLimited(requests: number, changes: object = {}): Promise<CreatedKey> {
  return portcullis.createKey({ rateLimit: { requests, windowSeconds: LONG_WINDOW_S }, ...changes });
}

interface Answer {
  readonly status: number;
  /** What `X-RateLimit-Remaining` said. */
  readonly remaining: number | null;
}

async function send(key: CreatedKey, edge: number, path = PATH): Promise<Answer> {
  const response = await portcullis.call("GET", path, { as: key.key, edge });
  await response.arrayBuffer();
  const remaining = response.headers.get("X-RateLimit-Remaining");
  return { status: response.status, remaining: remaining === null ? null : Number(remaining) };
}

/** Sends requests all at once, spread over some edges, and counts how they ended. */
async function burst(key: CreatedKey, requests: number, edges: number): Promise<Map<number, number>> {
  const answers = await Promise.all(Array.from({ length: requests }, (_, i) => send(key, i % edges)));
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** Uses up what is left, once no lease can hold any of it back, and counts it. */
async function drain(key: CreatedKey): Promise<number> {
  let admitted = 0;
  for (let before = -1; admitted > before;) {
    before = admitted;
    await wait(LEASE_MS);
    for (let edge = 0; edge < EDGES; edge++) {
      while ((await send(key, edge)).status === 200) admitted++;
    }
  }
  return admitted;
}

/** How many requests with the key the origin got. */
function arrived(key: CreatedKey): number {
  return portcullis.origin.requests.filter((request) => request.values("X-Portcullis-Key-Id")[0] === key.id)
    .length;
}

describe.each([5, 40, 200])("of ten times a limit of %i sent at once", (limit) => {
  test("exactly the limit is admitted on one edge, and the rest is told to wait", async () => {
    const key = await createLimited(limit);
    const counts = await burst(key, 10 * limit, 1);
    expect(Object.fromEntries(counts)).toEqual({ 200: limit, 429: 9 * limit });
    expect(arrived(key)).toBe(limit);
  });

  test(`never more than the limit is admitted over ${EDGES} edges, and in the end all of it`, async () => {
    const key = await createLimited(limit);
    const counts = await burst(key, 10 * limit, EDGES);
    const heldBack = EDGES * Math.ceil(limit / SHARE);
    expect(counts.get(200)).toBeLessThanOrEqual(limit);
    expect(counts.get(200)).toBeGreaterThanOrEqual(limit - heldBack);
    expect((counts.get(200) ?? 0) + (counts.get(429) ?? 0)).toBe(10 * limit);

    const admitted = (counts.get(200) ?? 0) + (await drain(key));
    expect(admitted).toBe(limit);
    expect(arrived(key)).toBe(limit);
  });
});

test("what an edge was given ahead and did not use by the end of its lease is not lost", async () => {
  const limit = 200;
  const used = 40;
  let key: CreatedKey;
  let remaining: number | null;
  do {
    key = await createLimited(limit);
    for (let i = 0; i < used; i++) expect((await send(key, 0)).status).toBe(200);
    ({ remaining } = await send(key, 1));
  } while (remaining === limit - used - 1);
  expect(used + 1 + (await drain(key))).toBe(limit);
});

describe("what remains of a limit", () => {
  test.each([
    { name: "on one edge", limit: 12, requests: 12, edges: 1 },
    { name: "over several edges in turn, if the limit is small", limit: 12, requests: 12, edges: EDGES },
    { name: "on one edge that is given some of it ahead", limit: 400, requests: 100, edges: 1 },
  ])("counts down by one with each request $name", async ({ limit, requests, edges }) => {
    const key = await createLimited(limit);
    const answers: Answer[] = [];
    for (let i = 0; i < requests; i++) answers.push(await send(key, i % edges));
    const expected = Array.from({ length: requests }, (_, i) => ({ status: 200, remaining: limit - 1 - i }));
    expect(answers).toEqual(expected);
  });

  test("is nothing once it is used up, however often it is asked for", async () => {
    const key = await createLimited(2);
    await burst(key, 2, 1);
    const answers = await Promise.all(portcullis.edges.map((_, edge) => send(key, edge)));
    expect(answers).toEqual(portcullis.edges.map(() => ({ status: 429, remaining: 0 })));
  });

  test.each([
    { name: "the wrong secret", as: (key: string, other: string) => swapSecret(key, other), status: 401 },
    { name: "an address that is not allowed", as: (key: string) => key, status: 403 },
  ])("is not spent by requests with $name", async ({ as, status }) => {
    const [key, other] = await Promise.all([
      createLimited(5, { allowedIps: ["192.0.2.1"] }),
      createLimited(5),
    ]);
    const from = freshAddress();
    for (let i = 0; i < 12; i++) {
      const credential = as(key.key, other.key);
      const refused = await portcullis.call("GET", PATH, { as: credential, from, edge: i % EDGES });
      expect(refused.status).toBe(status);
    }
    const response = await portcullis.call("GET", PATH, { as: key.key, from: "192.0.2.1" });
    expect(response.headers.get("X-RateLimit-Remaining")).toBe("4");
  });

  test.each([
    { name: "an operation that does not exist", path: "/v1/nothing", status: 404, changes: {} },
    { name: "a vault that is not allowed", path: "/v1/vaults/vault_2", status: 404, changes: {} },
    { name: "a path that is refused", path: "/v1//vaults", status: 400, changes: {} },
    { name: "a scope that is missing", path: PATH, status: 403, changes: { scopes: ["vault:write"] } },
  ])(
    "is spent by a request that was admitted and then refused for $name",
    async ({ path, status, changes }) => {
      const key = await createLimited(5, { vaults: ["vault_1"], ...changes });
      expect(await send(key, 0, path)).toEqual({ status, remaining: 4 });
      expect(await send(key, 0, path)).toEqual({ status, remaining: 3 });
    },
  );
});

test("a client that waits as long as Retry-After says is admitted, on whichever edge it was told", async () => {
  const edges = Array.from({ length: EDGES }, (_, edge) => edge);
  const admitted = edges.map(async (edge) => {
    const key = await portcullis.createKey({ rateLimit: { requests: 2, windowSeconds: 1 } });
    let refused: Response;
    do {
      await send(key, (edge + 1) % EDGES);
      refused = await portcullis.call("GET", PATH, { as: key.key, edge });
    } while (refused.status === 200);
    const seconds = refused.headers.get("Retry-After") ?? "";
    expect(seconds).toMatch(/^[1-9]\d*$/);
    await wait(Number(seconds) * 1000);
    return (await send(key, edge)).status;
  });
  expect(await Promise.all(admitted)).toEqual(edges.map(() => 200));
});

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
