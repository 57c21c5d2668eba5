import { describe, expect, test } from "vitest";
import { type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 3;
const PATH = "/v1/vaults/vault_1";

let addresses = 0;
/** Every key is used from an address of its own, so that refusals of one do not slow the others down. */
function freshAddress(): string {
  addresses++;
  return `203.0.${addresses >> 8}.${addresses & 255}`;
}

const portcullis = await usePortcullis({ edges: EDGES });

interface Cut {
  readonly name: string;
  /** The change that takes access away, and the status that it is to be refused with. */
  readonly apply: (key: CreatedKey) => Promise<Response>;
  readonly refusal: { readonly status: number; readonly code: string };
}

const patch = (changes: object) => (key: CreatedKey) =>
  portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);

const CUTS: readonly Cut[] = [
  {
    name: "revoked",
    apply: (key) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`),
    refusal: { status: 401, code: "api_key_revoked" },
  },
  { name: "disabled", apply: patch({ disabled: true }), refusal: { status: 401, code: "api_key_disabled" } },
  {
    name: "narrowed to other addresses",
    apply: patch({ allowedIps: ["198.51.100.0/24"] }),
    refusal: { status: 403, code: "ip_not_allowed" },
  },
  {
    name: "narrowed to other vaults",
    apply: patch({ vaults: ["vault_2"] }),
    refusal: { status: 404, code: "not_found" },
  },
  {
    name: "expired, its expiry moved into the past",
    apply: patch({ expiresAt: "2020-01-01T00:00:00Z" }),
    refusal: { status: 401, code: "api_key_expired" },
  },
];

interface Call {
  readonly sentAt: number;
  readonly status: number;
  readonly code?: string;
}

/** Calls with a key over every edge until told to stop, and keeps when each call was sent and how it ended. */
function load(key: CreatedKey, clients: number) {
  const address = freshAddress();
  const calls: Call[] = [];
  const stop = new AbortController();
  const client = async (edge: number): Promise<void> => {
    while (!stop.signal.aborted) {
      const sentAt = performance.now();
      const response = await portcullis.call("GET", PATH, { as: key.key, edge, from: address });
      const body = await response.json<{ error?: { code: string } }>();
      calls.push({ sentAt, status: response.status, ...(body.error && { code: body.error.code }) });
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, i) => client(i % EDGES)));
  return {
    calls,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

const KEYS = 12;
/** How many calls with each key are to be seen before and after the change. */
const ENOUGH_CALLS = 4 * EDGES;

describe.each(CUTS)("a key that was $name", ({ apply, refusal }) => {
  test("lets no request through that was sent after the answer, on any edge, under load", async () => {
    const rateLimit = { requests: 100_000, windowSeconds: 60 };
    const keys = await Promise.all(Array.from({ length: KEYS }, () => portcullis.createKey({ rateLimit })));
    const before: Call[] = [];
    const after: Call[] = [];
    await Promise.all(
      keys.map(async (key) => {
        const running = load(key, EDGES);
        await until(() => running.calls.length >= ENOUGH_CALLS);
        const response = await apply(key);
        const answeredAt = performance.now();
        expect(response.status).toBe(200);
        const seen = running.calls.length;
        await until(() => running.calls.length >= seen + ENOUGH_CALLS);
        await running.stop();
        for (const call of running.calls) (call.sentAt < answeredAt ? before : after).push(call);
      }),
    );
    expect(before.filter((call) => call.status === 200).length).toBeGreaterThanOrEqual(KEYS * ENOUGH_CALLS);
    expect(after.length).toBeGreaterThan(KEYS * EDGES);
    expect(after.filter((call) => call.status !== refusal.status || call.code !== refusal.code)).toEqual([]);
  });
});

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
