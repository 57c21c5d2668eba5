import { describe, expect, test } from "vitest";
import { decodeJwt } from "jose";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 3;
const PATH = "/v1/vaults/vault_1";
const KEYS = 8;
/** How many calls with each token are to be seen before and after the change. */
const ENOUGH_CALLS = 4 * EDGES;

const portcullis = await usePortcullis({ edges: EDGES, vars: { PUBLIC_ORIGIN: "https://gateway.test" } });

interface Subject {
  readonly key: CreatedKey;
  readonly token: string;
}

interface Cut {
  readonly name: string;
  readonly apply: (subject: Subject) => Promise<Response>;
  readonly refusal: readonly [status: number, code: string];
  /** Whether the key itself goes on. */
  readonly keyLives?: true;
}

const patch =
  (changes: object): Cut["apply"] =>
  ({ key }) =>
    portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);

const CUTS: readonly Cut[] = [
  {
    name: "whose key was revoked",
    apply: ({ key }) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`),
    refusal: [401, "api_key_revoked"],
  },
  {
    name: "whose key was posted to the revocation endpoint",
    apply: ({ key }) => postForm(portcullis, "revoke", { token: key.key }),
    refusal: [401, "api_key_revoked"],
  },
  {
    name: "that was posted to the revocation endpoint",
    apply: ({ token }) => postForm(portcullis, "revoke", { token }),
    refusal: [401, "access_token_invalid"],
    keyLives: true,
  },
  { name: "whose key was disabled", apply: patch({ disabled: true }), refusal: [401, "api_key_disabled"] },
  {
    name: "whose key has expired",
    apply: patch({ expiresAt: "2020-01-01T00:00:00Z" }),
    refusal: [401, "api_key_expired"],
  },
  {
    name: "whose key was narrowed to other addresses",
    apply: patch({ allowedIps: ["198.51.100.0/24"] }),
    refusal: [403, "ip_not_allowed"],
  },
  {
    name: "whose key was narrowed to other vaults",
    apply: patch({ vaults: ["vault_2"] }),
    refusal: [404, "not_found"],
  },
  {
    name: "whose key was narrowed to another action",
    apply: patch({ scopes: ["vault:write"] }),
    refusal: [403, "insufficient_scope"],
  },
];

interface Call {
  readonly sentAt: number;
  readonly status: number;
  readonly code?: string;
}

/** Calls over every edge until told to stop, and keeps when each call was sent and how it ended. */
function load(token: string) {
  const calls: Call[] = [];
  const stop = new AbortController();
  const client = async (edge: number): Promise<void> => {
    while (!stop.signal.aborted) {
      const sentAt = performance.now();
      // Every call from an address of its own, so that the refusals do not add up to too many failures.
      const response = await portcullis.call("GET", PATH, { as: token, edge, from: freshAddress() });
      const body = await response.json<{ error?: { code: string } }>();
      calls.push({ sentAt, status: response.status, ...(body.error && { code: body.error.code }) });
    }
  };
  const running = Promise.all(Array.from({ length: EDGES }, (_, i) => client(i)));
  return { calls, stop: () => (stop.abort(), running) };
}

describe.each(CUTS)("a token $name", ({ apply, refusal, keyLives }) => {
  test("lets no request through that was sent after the answer, on any edge, under load", async () => {
    const rateLimit = { requests: 100_000, windowSeconds: 60 };
    const after: Call[] = [];
    let admitted = 0;
    await Promise.all(
      Array.from({ length: KEYS }, async () => {
        const key = await portcullis.createKey({ rateLimit });
        const { access_token: token } = await exchange(portcullis, key);
        const running = load(token);
        await until(() => running.calls.length >= ENOUGH_CALLS);
        const response = await apply({ key, token });
        const answeredAt = performance.now();
        expect(response.status).toBe(200);
        const seen = running.calls.length;
        await until(() => running.calls.length >= seen + ENOUGH_CALLS);
        await running.stop();
        admitted += running.calls.filter(({ status }) => status === 200).length;
        after.push(...running.calls.filter(({ sentAt }) => sentAt >= answeredAt));
        if (keyLives) {
          const call = await portcullis.call("GET", PATH, { as: key.key, from: freshAddress() });
          expect(call.status).toBe(200);
        }
      }),
    );
    expect(admitted).toBeGreaterThanOrEqual(KEYS * ENOUGH_CALLS);
    expect(after.length).toBeGreaterThan(KEYS * EDGES);
    expect(after.filter(({ status, code }) => status !== refusal[0] || code !== refusal[1])).toEqual([]);
  });
});

test("no assertion is signed for a key after its revocation was answered", async () => {
  const key = await portcullis.createKey({ rateLimit: { requests: 100_000, windowSeconds: 60 } });
  const running = load(key.key);
  await until(() => running.calls.length >= ENOUGH_CALLS);
  await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
  const forwarded = assertionsOf(key).length;
  const seen = running.calls.length;
  await until(() => running.calls.length >= seen + ENOUGH_CALLS);
  await running.stop();
  expect(forwarded).toBeGreaterThan(0);
  expect(assertionsOf(key)).toHaveLength(forwarded);
});

function assertionsOf(key: CreatedKey): string[] {
  return portcullis.origin.requests
    .flatMap((request) => request.values("X-Portcullis-Assertion"))
    .filter((assertion) => decodeJwt(assertion).sub === key.id);
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
