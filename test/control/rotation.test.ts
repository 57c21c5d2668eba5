import { describe, expect, test } from "vitest";
import { developerOn, NEW_KEY, refusalOf, type Organization } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;
let addresses = 0;

const control = await useControl({ vars: { MAX_KEYS_PER_OWNER: "3" } });

/** Every test has an organisation of its own, so that its keys are counted alone. */
async function setUp(): Promise<CreatedKey> {
  organization = await control.newOrganization();
  return organization.admin.createKey({
    description: "Nightly report",
    scopes: ["vault/#/balance:read"],
    vaults: ["vault_1"],
    allowedIps: ["203.0.0.0/8"],
    rateLimit: { requests: 7, windowSeconds: 60 },
    expiresIn: "10d",
  });
}

function use(key: CreatedKey, from = `203.0.113.${++addresses}`): Promise<Response> {
  return control.call("GET", "/v1/vaults/vault_1/balances", { as: key.key, from });
}

async function rotate(key: CreatedKey, body?: object): Promise<CreatedKey & Record<string, unknown>> {
  const answer = await organization.admin.call("POST", `/-/api-keys/${key.id}/rotate`, body);
  expect(answer.status).toBe(201);
  return await answer.json<CreatedKey & Record<string, unknown>>();
}

describe("a rotated key", () => {
  test("has a successor with another secret and the same settings", async () => {
    const old = await setUp();
    const { key, id, keyPrefix, version, createdAt, expiresAt, predecessorId, ...settings } =
      await rotate(old);
    expect(predecessorId).toBe(old.id);
    expect(id).not.toBe(old.id);
    expect(key).not.toBe(old.key);
    expect(key.startsWith(String(keyPrefix))).toBe(true);
    expect(version).toBe(1);
    const lifeMs = Date.parse(String(expiresAt)) - Date.parse(String(createdAt));
    expect(Math.round(lifeMs / 1000)).toBe(10 * 86_400);
    expect(old).toMatchObject(settings);
  });

  test("works on for a day, and its answers say until when", async () => {
    const old = await setUp();
    const before = Date.now();
    const next = await rotate(old);
    const after = Date.now();
    const [oldAnswer, newAnswer] = [await use(old), await use(next)];
    expect([oldAnswer.status, newAnswer.status]).toEqual([200, 200]);
    const until = Date.parse(oldAnswer.headers.get("X-Portcullis-Key-Expires") ?? "");
    expect(until).toBeGreaterThanOrEqual(before + 86_400_000);
    expect(until).toBeLessThanOrEqual(after + 86_400_000);
    expect(newAnswer.headers.has("X-Portcullis-Key-Expires")).toBe(false);
    const retiresAt = async (key: CreatedKey): Promise<unknown> => {
      const answer = await organization.admin.call("GET", `/-/api-keys/${key.id}`);
      return (await answer.json<{ retiresAt: unknown }>()).retiresAt;
    };
    expect([await retiresAt(old), await retiresAt(next)]).toEqual([new Date(until).toISOString(), null]);
  });

  test("is dead when the overlap ends, without anybody doing anything", async () => {
    const old = await setUp();
    const next = await rotate(old, { overlap: "5s" });
    const answer = await use(old);
    expect(answer.status).toBe(200);
    const until = Date.parse(answer.headers.get("X-Portcullis-Key-Expires") ?? "");
    await sleep(until - Date.now());
    expect(await refusalOf(await use(old))).toEqual([401, "api_key_revoked"]);
    expect((await use(next)).status).toBe(200);
    const kept = await organization.admin.call("GET", `/-/api-keys/${old.id}`);
    expect(await kept.json()).toMatchObject({
      status: "revoked",
      revokedAt: new Date(until).toISOString(),
      revocationReason: "Rotated",
    });
    const deleted = await organization.admin.call("DELETE", `/-/api-keys/${old.id}`);
    const receipt = await deleted.json<{ status: string; effectiveAt: string }>();
    expect(receipt.status).toBe("revoked");
    expect(Date.parse(receipt.effectiveAt)).toBeGreaterThanOrEqual(until);
  });

  test.each([0, "0", "0h"])("is dead when the answer comes if the overlap is %j", async (overlap) => {
    const old = await setUp();
    expect((await use(old)).status).toBe(200);
    const next = await rotate(old, { overlap });
    expect(await refusalOf(await use(old))).toEqual([401, "api_key_revoked"]);
    expect((await use(next)).status).toBe(200);
  });

  test("makes room for its successor at the limit, and for one alone", async () => {
    const old = await setUp();
    const others = [await organization.admin.createKey(), await organization.admin.createKey()];
    await rotate(old);
    const more = await organization.admin.call("POST", "/-/api-keys", NEW_KEY);
    expect(await refusalOf(more)).toEqual([409, "key_limit_reached"]);
    const again = await organization.admin.call("POST", `/-/api-keys/${others[0]?.id}/rotate`);
    expect(await refusalOf(again)).toEqual([409, "key_limit_reached"]);
  });

  test("has one successor, however many ask for it at once", async () => {
    const old = await setUp();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        organization.admin.call("POST", `/-/api-keys/${old.id}/rotate`, { overlap: 0 }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const list = await organization.admin.call("GET", "/-/api-keys?status=active");
    expect((await list.json<{ data: object[] }>()).data).toHaveLength(1);
  });
});

test("both keys of a rotation name each other, and a third follows the second", async () => {
  const first = await setUp();
  const second = await rotate(first);
  const third = await rotate(second, { overlap: 0 });
  const links = await Promise.all(
    [first, second, third].map(async ({ id }) => {
      const answer = await organization.admin.call("GET", `/-/api-keys/${id}`);
      const { successorId, predecessorId } = await answer.json<Record<string, unknown>>();
      return [predecessorId, successorId];
    }),
  );
  expect(links).toEqual([
    [null, second.id],
    [first.id, third.id],
    [second.id, null],
  ]);
});

describe("a key that ends by itself before the overlap does", () => {
  test.each([
    ["its own expiry, which is the earlier", "1h", "24h", 3_600_000],
    ["the overlap's end, which is the earlier", "10d", "12h", 43_200_000],
  ])("tells of %s", async (_, expiresIn, overlap, leftMs) => {
    await setUp();
    const old = await organization.admin.createKey({ expiresIn, vaults: ["vault_1"] });
    const before = Date.now();
    await rotate(old, { overlap });
    const until = Date.parse((await use(old)).headers.get("X-Portcullis-Key-Expires") ?? "");
    expect(until).toBeGreaterThan(before + leftMs - 120_000);
    expect(until).toBeLessThanOrEqual(Date.now() + leftMs);
  });
});

describe("a rotation with an Idempotency-Key", () => {
  const again = (key: CreatedKey, name: string) =>
    organization.admin.call("POST", `/-/api-keys/${key.id}/rotate`, undefined, { "Idempotency-Key": name });

  test("rotates once, however often and however many at once, and names the key that it made", async () => {
    const old = await setUp();
    const answers = await Promise.all(Array.from({ length: 8 }, () => again(old, "r-1")));
    const made = answers.find(({ status }) => status === 201);
    if (made === undefined) throw new Error("No request has rotated the key");
    const { id } = await made.json<{ id: string }>();
    const repeated = [...answers.filter((each) => each !== made), await again(old, '"r-1"')];
    for (const answer of repeated) {
      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({
        error: { code: "already_exists", details: { keyId: id } },
      });
    }
    const list = await organization.admin.call("GET", "/-/api-keys");
    expect((await list.json<{ data: object[] }>()).data).toHaveLength(2);
  });

  test("is another request than a creation, another key's and another person's of the same name", async () => {
    const old = await setUp();
    const headers = { "Idempotency-Key": "same" };
    expect((await organization.admin.call("POST", "/-/api-keys", NEW_KEY, headers)).status).toBe(201);
    const next = await again(old, "same");
    expect(next.status).toBe(201);
    expect((await again(await next.json<CreatedKey>(), "same")).status).toBe(201);
  });
});

test("a key that is disabled has a successor that is, too", async () => {
  const old = await setUp();
  await organization.admin.call("PATCH", `/-/api-keys/${old.id}`, { disabled: true });
  const next = await rotate(old);
  expect(await refusalOf(await use(next))).toEqual([401, "api_key_disabled"]);
});

test("a key that has expired stays so, and has a successor that lives as long as it did", async () => {
  await setUp();
  const old = await organization.admin.createKey({ expiresIn: "1s", vaults: ["vault_1"] });
  await expect.poll(async () => (await use(old)).status, { timeout: 20_000 }).toBe(401);
  const { expiresAt, createdAt } = await rotate(old);
  expect(Math.round((Date.parse(String(expiresAt)) - Date.parse(String(createdAt))) / 1000)).toBe(1);
  expect(await refusalOf(await use(old))).toEqual([401, "api_key_expired"]);
});

describe("a rotation is refused", () => {
  const cases: [string, object | undefined, [number, string, string?]][] = [
    ["for an overlap that is no duration", { overlap: "soon" }, [422, "invalid_value", "overlap"]],
    ["for an overlap beyond thirty days", { overlap: "31d" }, [422, "invalid_value", "overlap"]],
    ["for an overlap of less than nothing", { overlap: "-1h" }, [422, "invalid_value", "overlap"]],
    ["for an overlap that is no whole number", { overlap: "0.5h" }, [422, "invalid_value", "overlap"]],
    ["for an overlap that has no unit", { overlap: "3600" }, [422, "invalid_value", "overlap"]],
    ["for an overlap that is a number but 0", { overlap: 3600 }, [400, "invalid_request", "overlap"]],
    ["for an overlap that is nothing", { overlap: null }, [400, "invalid_request", "overlap"]],
    ["for a field that there is not", { over: "1h" }, [400, "invalid_request", "over"]],
  ];
  test.each(cases)("%s", async (_, body, refusal) => {
    const { id } = await setUp();
    expect(await refusalOf(await organization.admin.call("POST", `/-/api-keys/${id}/rotate`, body))).toEqual(
      refusal,
    );
  });

  test("without a fresh second factor", async () => {
    const { id } = await setUp();
    const stale = organization.member("alice", { amr: ["pwd"], roles: ["admin"], ...developerOn("*") });
    expect(await refusalOf(await stale.call("POST", `/-/api-keys/${id}/rotate`))).toEqual([
      401,
      "mfa_required",
    ]);
  });

  test("for another person's key, even to an admin: who rotates sees the secret", async () => {
    await setUp();
    const bob = organization.member("bob", developerOn("vault_1"));
    const { id } = await bob.createKey();
    expect(await refusalOf(await organization.admin.call("POST", `/-/api-keys/${id}/rotate`))).toEqual([
      403,
      "role_required",
    ]);
    const carol = organization.member("carol", developerOn("vault_1"));
    expect(await refusalOf(await carol.call("POST", `/-/api-keys/${id}/rotate`))).toEqual([404, "not_found"]);
  });

  const again = async ({ id }: CreatedKey) =>
    refusalOf(await organization.admin.call("POST", `/-/api-keys/${id}/rotate`));

  test("for a key that has been rotated or revoked, or whose successor was", async () => {
    const old = await setUp();
    const next = await rotate(old);
    expect(await again(old)).toEqual([422, "invalid_value", "status"]);
    await organization.admin.call("DELETE", `/-/api-keys/${next.id}`);
    expect(await again(next)).toEqual([422, "invalid_value", "status"]);
    expect(await again(old)).toEqual([422, "invalid_value", "status"]);
    // What was promised of the old key stays: it works until the overlap ends, and can be revoked before.
    expect((await use(old)).status).toBe(200);
    await organization.admin.call("DELETE", `/-/api-keys/${old.id}`);
    expect(await refusalOf(await use(old))).toEqual([401, "api_key_revoked"]);
  });

  test("for a key whose successor would have expired when it is made", async () => {
    const old = await setUp();
    await organization.admin.call("PATCH", `/-/api-keys/${old.id}`, { expiresAt: "2020-01-01T00:00:00Z" });
    expect(await again(old)).toEqual([422, "invalid_value", "expiresAt"]);
  });
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
