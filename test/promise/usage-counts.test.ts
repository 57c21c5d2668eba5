import { afterAll, beforeAll, expect, test } from "vitest";
import { startControl, type Control, type Organization } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { requestText, sendThenRead } from "../support/raw-http.ts";

let control: Control;
let organization: Organization;

beforeAll(async () => {
  control = await startControl({ edges: 2 });
  organization = await control.newOrganization();
});
afterAll(() => control.stop());

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
  return (await (await organization.admin.call("GET", path)).json()) as Usage;
}

test("usage by outcome is what the origin and the clients saw, whatever goes on at once", async () => {
  control.origin.handler = ({ target, connection }, response) => {
    const as = new URL(target, "http://origin").searchParams.get("as");
    if (as === "reset") connection.destroy();
    else
      response
        .writeHead(Number(as), { "Content-Type": "application/json" })
        .end(as === "304" ? undefined : "{}");
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
  expect(expected[0]).toEqual({ succeeded: 48, clientErrors: 36, originErrors: 48, refused: 60, limited: 0 });
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
