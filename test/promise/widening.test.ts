import { expect, test } from "vitest";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 3;
const PATH = "/v1/vaults/vault_1";

const portcullis = await usePortcullis({ edges: EDGES });

type Change = (key: CreatedKey) => Promise<Response>;

interface Widening {
  readonly name: string;
  /** How the key is when it is created. */
  readonly created?: Readonly<Record<string, unknown>>;
  /** What is then done to it to have it refused. */
  readonly narrow?: Change;
  readonly refusal: { readonly status: number; readonly code: string };
  readonly widen: Change;
}

const patch =
  (changes: object): Change =>
  (key) =>
    portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);

const NOT_FOUND = { status: 404, code: "not_found" };
const IP_NOT_ALLOWED = { status: 403, code: "ip_not_allowed" };
const EXPIRED = { status: 401, code: "api_key_expired" };
const RATE_LIMITED = { status: 429, code: "rate_limited" };

const WIDENINGS: readonly Widening[] = [
  {
    name: "an address is added to the allowlist",
    created: { allowedIps: ["192.0.2.1"] },
    refusal: IP_NOT_ALLOWED,
    widen: patch({ allowedIps: ["192.0.2.1", "198.18.0.0/15"] }),
  },
  {
    name: "the allowlist is emptied",
    created: { allowedIps: ["192.0.2.1"] },
    refusal: IP_NOT_ALLOWED,
    widen: patch({ allowedIps: [] }),
  },
  {
    name: "a vault is added",
    created: { vaults: ["vault_2"] },
    refusal: NOT_FOUND,
    widen: patch({ vaults: ["vault_2", "vault_1"] }),
  },
  {
    name: "all vaults are allowed",
    created: { vaults: ["vault_2"] },
    refusal: NOT_FOUND,
    widen: patch({ vaults: "*" }),
  },
  {
    name: "a scope is added",
    created: { scopes: ["vault:write"] },
    refusal: { status: 403, code: "insufficient_scope" },
    widen: patch({ scopes: ["vault:write", "vault:read"] }),
  },
  {
    name: "a disabled key is enabled",
    narrow: patch({ disabled: true }),
    refusal: { status: 401, code: "api_key_disabled" },
    widen: patch({ disabled: false }),
  },
  {
    name: "an expired key gets a later expiry",
    narrow: patch({ expiresAt: "2020-01-01T00:00:00Z" }),
    refusal: EXPIRED,
    widen: patch({ expiresIn: "1d" }),
  },
  {
    name: "an expired key gets no expiry",
    narrow: patch({ expiresAt: "2020-01-01T00:00:00Z" }),
    refusal: EXPIRED,
    widen: patch({ expiresAt: null }),
  },
  {
    name: "a used-up limit is raised",
    created: { rateLimit: { requests: 1, windowSeconds: 900 } },
    refusal: RATE_LIMITED,
    widen: patch({ rateLimit: { requests: 100, windowSeconds: 900 } }),
  },
  {
    name: "a used-up limit gives way to the default",
    created: { rateLimit: { requests: 1, windowSeconds: 900 } },
    refusal: RATE_LIMITED,
    widen: patch({ rateLimit: null }),
  },
];

test.each(WIDENINGS)(
  "when $name, the first request after the answer is let through on every edge",
  async (c) => {
    const { created, narrow, refusal, widen } = c;
    const key = await portcullis.createKey(created);
    const everywhere = () => Promise.all(portcullis.edges.map((_, edge) => send(key, edge)));
    await everywhere();
    if (narrow !== undefined) expect((await narrow(key)).status).toBe(200);
    expect(await everywhere()).toEqual(portcullis.edges.map(() => refusal));

    // Every edge goes on refusing until the change is answered, so that none is without a fresh refusal at hand.
    const load = { on: true };
    const refused = portcullis.edges.map(async (_, edge) => {
      while (load.on) await send(key, edge);
    });
    const answer = await widen(key);
    load.on = false;
    expect(await everywhere()).toEqual(portcullis.edges.map(() => ({ status: 200 })));
    expect(answer.status).toBe(200);
    await Promise.all(refused);
  },
);

async function send(key: CreatedKey, edge: number): Promise<{ status: number; code?: string }> {
  const response = await portcullis.call("GET", PATH, { as: key.key, edge, from: freshAddress() });
  const { error } = await response.json<{ error?: { code: string } }>();
  return { status: response.status, ...(error && { code: error.code }) };
}
