import { describe, expect, test } from "vitest";
import { developerOn, refusalOf, type ErrorBody } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { unknownKey } from "../support/key-strings.ts";
import { useControl } from "../support/started.ts";

const DAY_MS = 86_400_000;
const FORM = "([0-9A-Za-z]{12})[0-9A-Za-z]{38}";

interface Created extends CreatedKey {
  readonly keyPrefix: string;
  readonly scopes: unknown;
  readonly vaults: unknown;
  readonly allowedIps: unknown;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly name: string;
}

const control = await useControl();
const organization = await control.newOrganization();

async function create(changes: object): Promise<Created> {
  return (await organization.admin.createKey(changes)) as Created;
}

describe("a new key", () => {
  test("is what was asked for, told whole, with its secret", async () => {
    const { admin } = organization;
    const asked = {
      name: "Reporting",
      description: "Nightly\nreports",
      scopes: [{ action: "read", resource: "vault/#/balance" }],
      vaults: ["vault_1", "vault_2"],
      allowedIps: ["203.0.113.0/24", "2001:db8::1"],
      rateLimit: { requests: 10, windowSeconds: 5 },
      expiresAt: "2096-01-31T12:00:00Z",
    };
    const answer = await admin.call("POST", "/-/api-keys", asked);
    const key = await answer.json<Created>();
    expect(answer.status).toBe(201);
    const [, id] = new RegExp(`^fkc_${FORM}$`).exec(key.key) ?? [];
    expect(key).toEqual({
      ...asked,
      key: key.key,
      id: `key_${id}`,
      keyPrefix: `fkc_${id}`,
      expiresAt: "2096-01-31T12:00:00.000Z",
      status: "active",
      disabled: false,
      version: 1,
      owner: { id: "alice", kind: "user", name: "Alice" },
      createdAt: key.createdAt,
      createdBy: "alice",
      lastUsedAt: null,
      lastUsedIp: null,
      lastRefusedAt: null,
      lastRefusedIp: null,
      revokedAt: null,
      revokedBy: null,
      revocationReason: null,
      retiresAt: null,
      successorId: null,
      predecessorId: null,
    });
    expect(answer.headers.get("ETag")).toBe('"1"');
    expect(answer.headers.get("Location")).toBe(`/-/api-keys/key_${id}`);
  });

  test("has a null, an empty list or a default for what was not said", async () => {
    expect(await create({})).toMatchObject({
      description: null,
      scopes: [{ action: "read", resource: "vault" }],
      vaults: "*",
      allowedIps: [],
      rateLimit: null,
    });
  });

  test("works at once, and is nothing but its own", async () => {
    const [one, two] = await Promise.all([create({}), create({})]);
    expect(one.key).not.toBe(two.key);
    expect((await control.call("GET", "/v1/vaults", { as: one.key })).status).toBe(200);
  });

  test.each<[string, object, number | null]>([
    ["a year, unless said otherwise", {}, 365 * DAY_MS],
    ["a number of days", { expiresIn: "30d" }, 30 * DAY_MS],
    ["a number of hours", { expiresIn: "12h" }, DAY_MS / 2],
    ["a number of years of 365 days", { expiresIn: "2y" }, 730 * DAY_MS],
    ["for ever: no duration", { expiresIn: null }, null],
    ["for ever: no date", { expiresAt: null }, null],
  ])("lives %s", async (_, expiry, lifetimeMs) => {
    const before = Date.now();
    const { expiresAt } = await create(expiry);
    const after = Date.now();
    if (lifetimeMs === null) return expect(expiresAt).toBeNull();
    expect(Date.parse(expiresAt ?? "") - lifetimeMs).toBeGreaterThanOrEqual(before);
    expect(Date.parse(expiresAt ?? "") - lifetimeMs).toBeLessThanOrEqual(after);
  });

  test.each<[string, object, object]>([
    [
      "a time in another zone",
      { expiresAt: "2096-06-01T02:00:00.5+02:00" },
      { expiresAt: "2096-06-01T00:00:00.500Z" },
    ],
    ["a name with space around it", { name: "  Reports \t" }, { name: "Reports" }],
    [
      "a name in the spelling that people see",
      { name: "\u00a0Cafe\u0301  \u200bof\u2003the\u00ad \u202eNorth\ufeff" },
      { name: "Caf\u00e9 of the North" },
    ],
    ["a name in any script", { name: "Büro 東京 🗝️" }, { name: "Büro 東京 🗝️" }],
    [
      "the shorthand of a scope",
      { scopes: ["vault/#/balance:*"] },
      { scopes: [{ action: "*", resource: "vault/#/balance" }] },
    ],
    ["the scope of everything", { scopes: ["*:read"] }, { scopes: [{ action: "read", resource: "*" }] }],
    [
      "a scope twice, in both forms",
      { scopes: ["vault:read", { action: "read", resource: "vault" }] },
      { scopes: [{ action: "read", resource: "vault" }] },
    ],
    ["a vault twice", { vaults: ["vault_2", "vault_1", "vault_2"] }, { vaults: ["vault_2", "vault_1"] }],
    ["an IPv6 address in full", { allowedIps: ["2001:0DB8:0:0:0:0:0:1"] }, { allowedIps: ["2001:db8::1"] }],
    ["an IPv4-mapped range", { allowedIps: ["::ffff:203.0.113.0/120"] }, { allowedIps: ["203.0.113.0/24"] }],
    [
      "an address twice, spelled differently",
      { allowedIps: ["::ffff:10.0.0.1", "10.0.0.1"] },
      { allowedIps: ["10.0.0.1"] },
    ],
  ])("stores %s in its one canonical form", async (_, asked, stored) => {
    expect(await create(asked)).toMatchObject(stored);
  });
});

describe("a request that has a name", () => {
  const name = () => ({ "Idempotency-Key": `"${crypto.randomUUID()}"` });
  const body = { name: "Once", scopes: ["vault:read"], vaults: "*" };

  test("makes one key, however often it comes, and tells which", async () => {
    const { admin } = await control.newOrganization();
    const headers = name();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => admin.call("POST", "/-/api-keys", body, headers)),
    );
    const sorted = answers.toSorted((a, b) => a.status - b.status);
    expect(sorted.map(({ status }) => status)).toEqual([201, 409, 409, 409]);
    const { id } = await (sorted[0] as Response).json<Created>();
    const again = await admin.call("POST", "/-/api-keys", body, headers);
    const { error } = await again.json<ErrorBody>();
    expect([error.code, error.details]).toEqual(["already_exists", { keyId: id }]);
    const { data } = await (await admin.call("GET", "/-/api-keys")).json<{ data: Created[] }>();
    expect(data.map((key) => key.id)).toEqual([id]);
  });

  test("may come again after it was refused", async () => {
    const headers = name();
    const { admin } = organization;
    expect((await admin.call("POST", "/-/api-keys", { ...body, name: "" }, headers)).status).toBe(422);
    expect((await admin.call("POST", "/-/api-keys", body, headers)).status).toBe(201);
  });

  test("is another than somebody else's of the same name", async () => {
    const headers = name();
    const bob = organization.member("bob", developerOn("*"));
    expect((await organization.admin.call("POST", "/-/api-keys", body, headers)).status).toBe(201);
    expect((await bob.call("POST", "/-/api-keys", body, headers)).status).toBe(201);
  });

  test.each(["", '"', "two words", "x".repeat(129), unknownKey(1), `"x${unknownKey(1)}"`])(
    "has a name that can be: not %j",
    async (bad) => {
      const answer = await organization.admin.call("POST", "/-/api-keys", body, { "Idempotency-Key": bad });
      expect(await refusalOf(answer)).toEqual([400, "invalid_request", "Idempotency-Key"]);
    },
  );
});
