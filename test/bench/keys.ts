import { groupOfKey } from "../../src/admission/key-guards.ts";
import { MAX_GROUP_KEYS } from "../../src/admission/protocol.ts";
import type { KeyRecord } from "../../src/core/key/key-record.ts";
import { drawGroup, generateKey } from "../../src/core/key/key-secret.ts";
import type { TestIssuer } from "../support/issuer.ts";
import { Admin } from "./admin.ts";
import type { Seed } from "./workers/memory-guards.ts";

/** The gateway's work is to be measured, not how it says that a limit is reached. */
const UNLIMITED = { requests: 1_000_000_000, windowSeconds: 3600 };
/** Guards that one request sets up. */
const SEEDS_A_CALL = 40;
const ORGANIZATION = "org_test";
/** As in `wrangler.toml`. */
const KEY_PREFIX = "fkc";

/** The keys that the traffic presents. */
export interface Keys {
  /** Active keys of one organisation, of the gateway with leases. The first was made by the control API. */
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

/** How many keys there are to be. */
export interface KeyCounts {
  readonly ofOne: number;
  readonly ofMany: number;
  /** Organisations that the latter are of. */
  readonly organizations: number;
}

interface Urls {
  readonly leased: string;
  readonly perRequest: string;
  readonly unsigned: string;
  /** Where the guards of the gateway with leases take keys. */
  readonly guards: string;
}

/**
 * Sets the gateways up and makes the keys. The single ones come from the control API. Of the many each guard gets its own
 * by one call, as organisations make it, since the control API would take minutes for them: to the guard, which alone is
 * asked about requests, they are the same.
 */
export async function createKeys(
  urls: Urls,
  issuer: TestIssuer,
  { ofOne, ofMany, organizations }: KeyCounts,
): Promise<Keys> {
  const admins = [urls.leased, urls.perRequest, urls.unsigned].map((url) =>
    Admin.of(url, issuer, ORGANIZATION),
  );
  const [leased, perRequest, unsigned] = (await Promise.all(admins)) as [Admin, Admin, Admin];
  await Promise.all([leased, perRequest, unsigned].map((admin) => admin.bootstrap()));
  const first = await create(leased);
  const revoked = await create(leased);
  await leased.call("DELETE", `/-/api-keys/${revoked.id}`);
  return {
    active: [first.key, ...(await seed(urls.guards, ofOne - 1))],
    ofMany: await seedOrganizations(urls.guards, ofMany, organizations),
    revoked: revoked.key,
    token: await exchange(urls.leased, first),
    perRequest: (await create(perRequest)).key,
    unsigned: (await create(unsigned)).key,
  };
}

interface Created {
  readonly id: string;
  readonly key: string;
}

async function create(admin: Admin): Promise<Created> {
  const body = { name: "Benchmark", scopes: ["vault:read"], vaults: "*", rateLimit: UNLIMITED };
  return await (await admin.call("POST", "/-/api-keys", body)).json<Created>();
}

/** An access token for a key, good for longer than any benchmark takes. */
async function exchange(gateway: string, { id, key }: Created): Promise<string> {
  const response = await fetch(`${gateway}/-/oauth/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${id}:${key}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", expires_in: "86400" }),
  });
  return (await response.json<{ access_token: string }>()).access_token;
}

async function seed(guards: string, count: number): Promise<string[]> {
  const groups = Array.from({ length: Math.ceil(count / MAX_GROUP_KEYS) }, (_, i) =>
    newGroup(ORGANIZATION, Math.min(MAX_GROUP_KEYS, count - i * MAX_GROUP_KEYS)),
  );
  return put(guards, groups);
}

function seedOrganizations(guards: string, count: number, organizations: number): Promise<string[]> {
  return put(
    guards,
    Array.from({ length: organizations }, (_, i) => newGroup(`org_${i}`, count / organizations)),
  );
}

interface Group {
  readonly seed: Seed;
  readonly keys: readonly string[];
}

function newGroup(orgId: string, count: number): Group {
  const name = drawGroup();
  const made = Array.from({ length: count }, () => generateKey(KEY_PREFIX, name));
  const records = made.map(({ id, hash }) => record(orgId, id, hash));
  return { seed: { orgId, group: name, records }, keys: made.map(({ key }) => key) };
}

function record(orgId: string, id: string, hash: string): KeyRecord {
  return {
    id,
    orgId,
    ownerId: "alice",
    ownerKind: "user",
    hash,
    version: 1,
    scopes: [{ action: "read", resource: "vault" }],
    vaults: "*",
    ownerVaults: "*",
    allowedIps: [],
    rateLimit: UNLIMITED,
    disabled: false,
    expiresAt: Date.now() + 365 * 86_400_000,
    revokedAt: null,
    retiresAt: null,
  };
}

async function put(guards: string, groups: readonly Group[]): Promise<string[]> {
  const keys = groups.flatMap((each) => each.keys);
  let confirmed = 0;
  for (let at = 0; at < groups.length; at += SEEDS_A_CALL) {
    const seeds = groups.slice(at, at + SEEDS_A_CALL).map((each) => each.seed);
    const response = await fetch(guards, { method: "POST", body: JSON.stringify(seeds) });
    confirmed += (await response.json<{ confirmed: number }>()).confirmed;
  }
  if (confirmed !== keys.length) throw new Error(`${confirmed} of ${keys.length} keys have come to guards`);
  return keys;
}

/**
 * A well-formed key that nobody has created. Of a group that is in use a lease says that there is no such key; of any
 * other only its guard could, each time.
 */
export function unknownKey(group = drawGroup()): string {
  return generateKey(KEY_PREFIX, group).key;
}

/** The group of a key string. */
export function groupOf(key: string): string {
  return groupOfKey(`key_${key.slice(KEY_PREFIX.length + 1)}`);
}

/** A key with its last letter mistyped. */
export function mistyped(key: string): string {
  return key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
}
