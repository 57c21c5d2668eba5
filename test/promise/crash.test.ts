import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/operators.ts";
import { startReceiver, verify } from "../support/webhook-receiver.ts";
import { localProduct, type LocalProduct } from "../support/local-product.ts";

/** A revocation waits so long: long enough to be killed in its midst. */
const LEASE_MS = 10_000;

let product: LocalProduct;

beforeAll(async () => {
  product = await localProduct({ ADMISSION_LEASE_MS: `${LEASE_MS}` });
  await product.start();
});
afterAll(() => product.remove());

interface Key {
  readonly id: string;
  readonly key: string;
}

async function manage(method: string, path: string, body?: object, token?: string): Promise<Response> {
  return fetch(`${product.url}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token ?? (await ready(() => product.token("alice")))}`,
      "Content-Type": "application/json",
    },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** The provider may take a moment longer than the gateway. */
async function ready<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 50; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(100);
    }
  }
}

async function createKey(): Promise<Key> {
  const key = { name: "Crash", scopes: ["vault:read"], vaults: "*" };
  for (;;) {
    const response = await manage("POST", "/-/api-keys", key);
    if (response.status === 201) return await response.json<Key>();
    await sleep(100);
  }
}

async function use({ key }: Key): Promise<{ status: number; code?: string }> {
  const response = await fetch(`${product.url}/v1/networks`, { headers: { Authorization: `Bearer ${key}` } });
  const body = await response.json<{ error?: { code: string } }>();
  return { status: response.status, ...(body.error && { code: body.error.code }) };
}

/** What is on record of a key. */
async function statusOf({ id }: Key, token: string): Promise<string> {
  const record = await manage("GET", `/-/api-keys/${id}`, undefined, token);
  return (await record.json<{ status: string }>()).status;
}

const DEAD = { status: 401, code: "api_key_revoked" };

describe("when everything is killed", () => {
  test("what a webhook has not taken is sent again afterwards, under the same id", async () => {
    const receiver = await startReceiver();
    const put = await manage("PUT", "/-/organization/webhook", { url: receiver.url });
    const { secret } = await put.json<{ secret: string }>();
    receiver.answer = (response) => void response.writeHead(500).end();
    const key = await createKey();
    const messages = () => receiver.received.filter((each) => verify(secret, each).data["id"] === key.id);
    await eventually(async () => messages().length > 0);
    await product.kill();
    receiver.answer = (response) => void response.writeHead(204).end();
    await product.start();
    await eventually(async () => messages().length > 1);
    const ids = messages().map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(1);
    await manage("DELETE", "/-/organization/webhook");
    await receiver.stop();
  });

  test("right after a revocation was acknowledged, the key is dead after the restart, and others live", async () => {
    const [revoked, kept] = [await createKey(), await createKey()];
    expect(await use(revoked)).toEqual({ status: 200 });
    expect(await use(kept)).toEqual({ status: 200 });
    expect((await manage("DELETE", `/-/api-keys/${revoked.id}`)).status).toBe(200);
    await product.kill();
    await product.start();
    expect(await use(revoked)).toEqual(DEAD);
    expect(await use(kept)).toEqual({ status: 200 });
  });

  test("after a revocation was committed and before it was answered, the key is dead after the restart", async () => {
    const key = await createKey();
    expect(await use(key)).toEqual({ status: 200 });
    const token = await product.token("alice");
    const answer = manage("DELETE", `/-/api-keys/${key.id}`, undefined, token).then(
      () => "answered",
      () => "cut off",
    );
    await expect.poll(() => statusOf(key, token)).toBe("revoked");
    await product.kill();
    expect(await answer).toBe("cut off");
    await product.start();
    expect(await use(key)).toEqual(DEAD);
    // Repeating the revocation tells what has become of it.
    const again = await manage("DELETE", `/-/api-keys/${key.id}`);
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ keyId: key.id, status: "revoked" });
  });

  test("usage lacks no more than the last minute's counts afterwards, and never tells more than there was", async () => {
    const key = await createKey();
    const used = async () => (await Promise.all(Array.from({ length: 20 }, () => use(key)))).length;
    const told = async () => {
      const usage = await manage("GET", `/-/api-keys/${key.id}/usage`);
      const { totals } = await usage.json<{ totals: Readonly<Record<string, number>> }>();
      return totals;
    };
    const none = { clientErrors: 0, originErrors: 0, refused: 0, limited: 0 };
    const delivered = await used();
    await eventually(async () => (await told())["succeeded"] === delivered);
    const undelivered = await used();
    await product.kill();
    await product.start();
    const { succeeded = -1, ...others } = await told();
    expect(others).toEqual(none);
    expect(succeeded).toBeGreaterThanOrEqual(delivered);
    expect(succeeded).toBeLessThanOrEqual(delivered + undelivered);
    // What is counted from then on is counted once, beside what there was.
    const afterwards = await used();
    await eventually(async () => ((await told())["succeeded"] ?? 0) >= succeeded + afterwards);
    expect(await told()).toEqual({ ...none, succeeded: succeeded + afterwards });
  });
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
