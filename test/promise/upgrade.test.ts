import { afterEach, beforeEach, expect, test } from "vitest";
import { earlierKeys, unpackEarlierState } from "../support/earlier-state.ts";
import { localProduct, type LocalProduct } from "../support/local-product.ts";

const KEYS = earlierKeys();
/** The product is started several times. */
const TIMEOUT_MS = 240_000;

let product: LocalProduct;

beforeEach(async () => {
  product = await localProduct({}, unpackEarlierState);
});
afterEach(() => product.remove());

async function manage(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${product.url}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${await product.token("alice")}`,
      "Content-Type": "application/json",
    },
    ...(body && { body: JSON.stringify(body) }),
  });
}

function use(credential: string): Promise<Response> {
  return fetch(`${product.url}/v1/networks`, { headers: { Authorization: `Bearer ${credential}` } });
}

async function outcomeOf(credential: string): Promise<[number, string | null]> {
  const response = await use(credential);
  const { error } = (await response.json()) as { error?: { code: string } };
  return [response.status, error?.code ?? null];
}

/** What the version before has left: keys that work, ends that are final, a window half used, counts. */
async function expectAllThere(): Promise<void> {
  expect(await outcomeOf(KEYS.holder.key)).toEqual([200, null]);
  expect(await outcomeOf(KEYS.spare.key)).toEqual([200, null]);
  expect(await outcomeOf(KEYS.revoked.key)).toEqual([401, "api_key_revoked"]);
  expect(await outcomeOf(KEYS.disabled.key)).toEqual([401, "api_key_disabled"]);
  const usage = await manage("GET", `/-/api-keys/${KEYS.live.id}/usage?window=7d`);
  const { totals } = (await usage.json()) as { totals: { succeeded: number } };
  expect(totals.succeeded).toBeGreaterThanOrEqual(5);
}

test(
  "a state of the version before keys had groups opens whole, and its keys are managed as before",
  { timeout: TIMEOUT_MS },
  async () => {
    await product.start();
    await expectAllThere();
    const response = await use(KEYS.live.key);
    expect(response.headers.get("X-RateLimit-Remaining")).toBe("4");

    const edited = await manage("PATCH", `/-/api-keys/${KEYS.spare.id}`, { name: "Edited", disabled: true });
    expect([edited.status, await outcomeOf(KEYS.spare.key)]).toEqual([200, [401, "api_key_disabled"]]);
    const enabled = await manage("PATCH", `/-/api-keys/${KEYS.disabled.id}`, { disabled: false });
    expect([enabled.status, await outcomeOf(KEYS.disabled.key)]).toEqual([200, [200, null]]);

    const rotation = await manage("POST", `/-/api-keys/${KEYS.live.id}/rotate`, { overlap: "24h" });
    const successor = (await rotation.json()) as { key: string };
    expect([rotation.status, await outcomeOf(successor.key)]).toEqual([201, [200, null]]);
    expect(await outcomeOf(KEYS.live.key)).toEqual([200, null]);

    const revoked = await manage("DELETE", `/-/api-keys/${KEYS.holder.id}`);
    expect(await revoked.json()).toMatchObject({ keyId: KEYS.holder.id, status: "revoked", version: 2 });
    expect(await outcomeOf(KEYS.holder.key)).toEqual([401, "api_key_revoked"]);
  },
);

test(
  "killed while the state is being opened, it opens whole the next time",
  { timeout: TIMEOUT_MS },
  async () => {
    for (const delay of [0, 5, 20, 60]) {
      await product.start();
      // Each of these opens an object of the version before.
      const requests = [KEYS.live, KEYS.revoked, KEYS.disabled, KEYS.holder, KEYS.spare].map(({ key }) =>
        use(key).catch(() => null),
      );
      await new Promise((resolve) => {
        setTimeout(resolve, delay);
      });
      await product.kill();
      await Promise.all(requests);
    }
    await product.start();
    await expectAllThere();
  },
);
