import { describe, expect, test } from "vitest";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 2;
const PATH = "/v1/vaults/vault_1";

const portcullis = await usePortcullis({ edges: EDGES });

/** The answer to a key on every edge, without what differs between any two answers. */
async function answers(as: string): Promise<unknown[]> {
  return Promise.all(
    portcullis.edges.map(async (_, edge) => {
      const response = await portcullis.call("GET", PATH, { as, edge, from: freshAddress() });
      const { error } = await response.json<{ error?: Record<string, unknown> }>();
      const names = [...response.headers.keys()].filter((name) => name !== "date");
      return {
        status: response.status,
        names,
        ...(error && { code: error["code"], message: error["message"] }),
      };
    }),
  );
}

async function codes(as: string): Promise<unknown[]> {
  return (await answers(as)).map((answer) => (answer as { code?: unknown }).code);
}

const everywhere = (value: unknown): unknown[] => Array.from({ length: EDGES }, () => value);
const patch = (key: CreatedKey, changes: object) =>
  portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);
const revoke = (key: CreatedKey) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
const EXPIRED = { expiresAt: "2020-01-01T00:00:00Z" };

const STATUSES = [
  { status: "live", apply: () => Promise.resolve(), code: undefined },
  {
    status: "disabled",
    apply: (key: CreatedKey) => patch(key, { disabled: true }),
    code: "api_key_disabled",
  },
  { status: "expired", apply: (key: CreatedKey) => patch(key, EXPIRED), code: "api_key_expired" },
  { status: "revoked", apply: revoke, code: "api_key_revoked" },
];

describe.each(STATUSES)("whoever does not have the secret of a $status key", ({ apply, code }) => {
  test.each([
    { name: "the secret of another key", guess: (key: string, other: string) => swapSecret(key, other) },
    { name: "a made-up secret", guess: (key: string) => swapSecret(key, unknownKey(1)) },
    { name: "a mistyped secret", guess: (key: string) => mistyped(key) },
  ])("is told the same as for an unknown key: $name", async ({ guess }) => {
    const [key, other] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
    await apply(key);
    const unknown = await answers(unknownKey(2));
    expect(unknown).toMatchObject(everywhere({ status: 401, code: "api_key_invalid" }));
    expect(await answers(guess(key.key, other.key))).toEqual(unknown);
    // Nor once the edges know the key.
    expect(await codes(key.key)).toEqual(everywhere(code));
    expect(await answers(guess(key.key, other.key))).toEqual(unknown);
    expect(await codes(key.key)).toEqual(everywhere(code));
  });
});

describe("of several reasons the first by precedence is told", () => {
  test.each([
    { name: "revoked before disabled and expired", changes: { disabled: true, ...EXPIRED }, revoked: true },
    { name: "disabled before expired", changes: { disabled: true, ...EXPIRED }, code: "api_key_disabled" },
    {
      name: "status before address",
      changes: { disabled: true, allowedIps: ["192.0.2.1"] },
      code: "api_key_disabled",
    },
  ])("$name", async ({ changes, revoked = false, code = "api_key_revoked" }) => {
    const key = await portcullis.createKey();
    await patch(key, changes);
    if (revoked) await revoke(key);
    expect(await codes(key.key)).toEqual(everywhere(code));
  });
});

test("a key in use expires at its moment, on every edge, though nothing was changed", async () => {
  const expiresAt = Date.now() + 5000;
  const key = await portcullis.createKey({
    expiresAt: new Date(expiresAt).toISOString(),
    rateLimit: { requests: 1_000_000, windowSeconds: 60 },
  });
  const outcomes: { startedAt: number; endedAt: number; code: unknown }[] = [];
  while (outcomes.at(-1)?.code === undefined) {
    const startedAt = Date.now();
    const [code] = await codes(key.key);
    outcomes.push({ startedAt, endedAt: Date.now(), code });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(outcomes.length).toBeGreaterThan(1);
  expect(outcomes.filter(({ code, startedAt }) => code === undefined && startedAt > expiresAt)).toEqual([]);
  expect(outcomes.at(-1)?.code).toBe("api_key_expired");
  expect(outcomes.at(-1)?.endedAt).toBeGreaterThanOrEqual(expiresAt);
  expect(await codes(key.key)).toEqual(everywhere("api_key_expired"));
});
