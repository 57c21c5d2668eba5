import { generateKey } from "../../src/core/key-secret.ts";
import { adminClaims, type TestIssuer } from "../support/issuer.ts";

/** How many keys are being created at any moment. */
const CONCURRENCY = 32;
/** The gateway's work is to be measured, not how it says that a limit is reached. */
const UNLIMITED = { requests: 1_000_000_000, windowSeconds: 3600 };

/** The keys that the traffic presents. */
export interface Keys {
  /** Active keys of the gateway with leases. */
  readonly active: readonly string[];
  /** Active keys of the same gateway, a few of each of many organisations. */
  readonly ofMany: readonly string[];
  /** A revoked key of the same gateway. */
  readonly revoked: string;
  /** An access token of the first of the active keys. */
  readonly token: string;
  /** An active key of the gateway without leases. */
  readonly perRequest: string;
  /** An active key of the gateway without assertions. */
  readonly unsigned: string;
}

/** Sets both gateways up and creates the keys, `count` of them active at the one with leases; tells how long those took. */
export async function createKeys(
  urls: { readonly leased: string; readonly perRequest: string; readonly unsigned: string },
  issuer: TestIssuer,
  count: number,
  organizations: number,
): Promise<{ readonly keys: Keys; readonly seconds: number }> {
  const [leased, perRequest, unsigned] = [urls.leased, urls.perRequest, urls.unsigned].map(
    (url) => new Admin(url, issuer),
  ) as [Admin, Admin, Admin];
  await Promise.all([leased, perRequest, unsigned].map((admin) => admin.bootstrap()));
  const startedAt = performance.now();
  const active = await leased.createKeys(count);
  const seconds = (performance.now() - startedAt) / 1000;
  const keys: Keys = {
    active,
    ofMany: await createOfMany(urls.leased, issuer, count / organizations, organizations),
    revoked: await leased.createRevokedKey(),
    token: await leased.exchange(active[0] as string),
    perRequest: (await perRequest.createKeys(1))[0] as string,
    unsigned: (await unsigned.createKeys(1))[0] as string,
  };
  return { keys, seconds };
}

async function createOfMany(
  gateway: string,
  issuer: TestIssuer,
  keysEach: number,
  organizations: number,
): Promise<string[]> {
  const keys: string[] = [];
  const waiting = Array.from({ length: organizations }, (_, i) => `org_${i}`).values();
  const worker = async (): Promise<void> => {
    for (const orgId of waiting) {
      const admin = new Admin(gateway, issuer, orgId);
      await admin.bootstrap();
      keys.push(...(await admin.createKeys(keysEach)));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY / 4 }, worker));
  return keys;
}

/** The control API of a gateway, as an admin uses it. */
class Admin {
  readonly #gateway: string;
  readonly #issuer: TestIssuer;
  readonly #orgId: string;

  constructor(gateway: string, issuer: TestIssuer, orgId = "org_test") {
    this.#gateway = gateway;
    this.#issuer = issuer;
    this.#orgId = orgId;
  }

  async bootstrap(): Promise<void> {
    await this.#call("POST", "/-/organization/bootstrap");
  }

  async createKeys(count: number): Promise<string[]> {
    const keys: string[] = [];
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) keys.push((await this.#createKey()).key);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return keys;
  }

  async createRevokedKey(): Promise<string> {
    const { id, key } = await this.#createKey();
    await this.#call("DELETE", `/-/api-keys/${id}`);
    return key;
  }

  /** An access token for a key, good for longer than any benchmark takes. */
  async exchange(key: string): Promise<string> {
    const id = `key_${key.slice(key.indexOf("_") + 1, key.indexOf("_") + 13)}`;
    const response = await fetch(`${this.#gateway}/-/oauth/token`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`${id}:${key}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", expires_in: "86400" }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  async #createKey(): Promise<{ id: string; key: string }> {
    const body = { name: "Benchmark", scopes: ["vault:read"], vaults: "*", rateLimit: UNLIMITED };
    const response = await this.#call("POST", "/-/api-keys", body);
    return (await response.json()) as { id: string; key: string };
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(this.#gateway + path, {
      method,
      headers: {
        Authorization: `Bearer ${await this.#issuer.token(adminClaims({ org_id: this.#orgId }))}`,
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (response.ok) return response;
    throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
  }
}

/** A well-formed key that nobody has created, with the prefix of another. */
export function unknownKey(like: string): string {
  return generateKey(like.slice(0, like.indexOf("_"))).key;
}

/** A key with its last letter mistyped. */
export function mistyped(key: string): string {
  return key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
}
