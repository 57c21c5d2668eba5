import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf } from "../support/control.ts";
import { useControl } from "../support/started.ts";

type Key = Readonly<Record<string, unknown>> & { readonly id: string; readonly version: number };

const FULL = {
  name: "Reporting",
  description: "Nightly",
  scopes: [{ action: "read", resource: "vault" }],
  vaults: ["vault_1"],
  allowedIps: ["10.0.0.1"],
  rateLimit: { requests: 10, windowSeconds: 60 },
  expiresAt: "2096-01-01T00:00:00.000Z",
};
let key: Key;

const control = await useControl();
const organization = await control.newOrganization();
beforeEach(async () => {
  const { key: _, ...created } = (await organization.admin.createKey(FULL)) as unknown as Key;
  key = created as Key;
});

function change(fields: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return organization.admin.call("PATCH", `/-/api-keys/${key.id}`, fields, headers);
}

async function read(): Promise<Key> {
  return await (await organization.admin.call("GET", `/-/api-keys/${key.id}`)).json<Key>();
}

describe("a change", () => {
  test.each<[string, object, object]>([
    ["the name", { name: " Reports " }, { name: "Reports" }],
    ["the description", { description: "Daily" }, { description: "Daily" }],
    ["the description, to none", { description: null }, { description: null }],
    [
      "the scopes",
      { scopes: ["*:write", "*:write"] },
      { scopes: [{ action: "write", resource: "*" }], reachesNothing: true },
    ],
    ["the vaults", { vaults: ["vault_2", "vault_1"] }, { vaults: ["vault_2", "vault_1"] }],
    ["the vaults, to all", { vaults: "*" }, { vaults: "*" }],
    ["the addresses", { allowedIps: ["::ffff:10.0.0.2"] }, { allowedIps: ["10.0.0.2"] }],
    ["the addresses, to any", { allowedIps: [] }, { allowedIps: [] }],
    [
      "the rate limit",
      { rateLimit: { requests: 1, windowSeconds: 1 } },
      { rateLimit: { requests: 1, windowSeconds: 1 } },
    ],
    ["the rate limit, to the default", { rateLimit: null }, { rateLimit: null }],
    ["the expiry", { expiresAt: "2095-01-01T00:00:00+01:00" }, { expiresAt: "2094-12-31T23:00:00.000Z" }],
    ["the expiry, to none", { expiresAt: null }, { expiresAt: null }],
    ["the expiry, to none by duration", { expiresIn: null }, { expiresAt: null }],
    [
      "the expiry, to the past",
      { expiresAt: "2020-01-01T00:00:00Z" },
      { expiresAt: "2020-01-01T00:00:00.000Z", status: "expired" },
    ],
    ["whether it is disabled", { disabled: true }, { disabled: true, status: "disabled" }],
    [
      "several fields",
      { name: "A", disabled: true, vaults: "*" },
      { name: "A", disabled: true, status: "disabled", vaults: "*" },
    ],
  ])("of %s changes that alone, and makes the next version", async (_, fields, outcome) => {
    const answer = await change(fields);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("ETag")).toBe('"2"');
    const changed = await answer.json<Key>();
    expect(changed).toEqual({ ...key, ...outcome, version: 2 });
    expect(await read()).toEqual(changed);
  });

  test("to a duration counts from the change", async () => {
    const before = Date.now();
    const { expiresAt } = await (await change({ expiresIn: "1h" })).json<{ expiresAt: string }>();
    expect(Date.parse(expiresAt)).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });

  test("can be undone: enabled again, extended again", async () => {
    await change({ disabled: true, expiresAt: "2020-01-01T00:00:00Z" });
    expect(await read()).toMatchObject({ status: "disabled" });
    await change({ disabled: false });
    expect(await read()).toMatchObject({ status: "expired" });
    await change({ expiresIn: "1d" });
    expect(await read()).toMatchObject({ status: "active", version: 4 });
  });

  test.each<[string, object]>([
    ["nothing", {}],
    ["what is so already", FULL],
    [
      "what is so already, in another spelling",
      { scopes: ["vault:read"], allowedIps: ["::ffff:10.0.0.1"], name: " Reporting " },
    ],
  ])("of %s leaves the version as it is", async (_, fields) => {
    expect(await (await change(fields)).json()).toEqual(key);
  });

  test.each([
    "key",
    "hash",
    "keyPrefix",
    "id",
    "secret",
    "version",
    "status",
    "ownerId",
    "owner",
    "createdAt",
    "revokedAt",
  ])("of %s is refused: it is not editable", async (field) => {
    expect(await refusalOf(await change({ [field]: "x" }))).toEqual([400, "invalid_request", field]);
    expect(await read()).toEqual(key);
  });

  test.each<[number, string, string, object]>([
    [422, "invalid_value", "name", { name: "" }],
    [422, "invalid_value", "scopes", { scopes: [] }],
    [422, "invalid_value", "scopes", { scopes: ["planet:read"] }],
    [422, "invalid_value", "vaults", { vaults: [] }],
    [422, "invalid_value", "vaults", { vaults: ["a/b"] }],
    [422, "invalid_value", "allowedIps", { allowedIps: ["10.0.0.1/8"] }],
    [422, "invalid_value", "expiresIn", { expiresIn: "soon" }],
    [422, "invalid_value", "expiresIn", { expiresIn: "1d", expiresAt: null }],
    [422, "invalid_value", "expiresAt", { expiresAt: "2095-02-30T00:00:00Z" }],
    [422, "invalid_value", "rateLimit.requests", { rateLimit: { requests: 0, windowSeconds: 1 } }],
    [400, "invalid_request", "name", { name: null }],
    [400, "invalid_request", "disabled", { disabled: "yes" }],
    [400, "invalid_request", "disabled", { disabled: null }],
    [400, "invalid_request", "allowedIps", { allowedIps: null }],
  ])("is refused with %i %s of %s, and changes nothing: %j", async (status, code, field, fields) => {
    expect(await refusalOf(await change({ description: "changed", ...fields }))).toEqual([
      status,
      code,
      field,
    ]);
    expect(await read()).toEqual(key);
  });

  test("needs a body", async () => {
    expect(await refusalOf(await change(undefined))).toEqual([400, "invalid_request"]);
  });

  test("of a revoked key is refused, whatever it is", async () => {
    await organization.admin.call("DELETE", `/-/api-keys/${key.id}`);
    const revoked = await read();
    for (const fields of [{ name: "New" }, { disabled: false }, { expiresIn: "1d" }, {}]) {
      expect(await refusalOf(await change(fields))).toEqual([422, "invalid_value", "status"]);
    }
    expect(await read()).toEqual(revoked);
  });

  test("gives no vault that the owner has no role on, even by an admin who has", async () => {
    const bob = organization.member("bob", developerOn("vault_1"));
    const { id } = await bob.createKey({ vaults: ["vault_1"] });
    for (const person of [bob, organization.admin]) {
      const answer = await person.call("PATCH", `/-/api-keys/${id}`, { vaults: ["vault_1", "vault_2"] });
      expect(await refusalOf(answer)).toEqual([422, "invalid_value", "vaults"]);
    }
  });
});

test("reading a key tells its version as its ETag", async () => {
  const tag = async (): Promise<string | null> =>
    (await organization.admin.call("GET", `/-/api-keys/${key.id}`)).headers.get("ETag");
  expect(await tag()).toBe('"1"');
  await change({ name: "New" });
  expect(await tag()).toBe('"2"');
});

describe("If-Match", () => {
  test.each(['"1"', 'W/"1"', "*", '"1", "2"', '"2","1"', 'W/"3", "x,y" , "1"'])(
    "%s lets a change of version 1 through",
    async (tag) => {
      expect((await change({ name: "New" }, { "If-Match": tag })).status).toBe(200);
    },
  );

  test.each(['"0"', '"2"', 'W/"2"', '"01"', '"abc"', '""', '"2", "3"', '"9007199254740993"'])(
    "%s is not the version, so nothing changes",
    async (tag) => {
      const answer = await change({ name: "New" }, { "If-Match": tag });
      expect(await refusalOf(answer)).toEqual([412, "version_conflict"]);
      expect(await read()).toEqual(key);
    },
  );

  test.each(["1", "version 1", '"1', '"1" "2"', "* , *"])("%s is no entity tag", async (tag) => {
    const answer = await change({ name: "New" }, { "If-Match": tag });
    expect(await refusalOf(answer)).toEqual([400, "invalid_request", "If-Match"]);
    expect(await read()).toEqual(key);
  });

  test("is checked even where nothing would change", async () => {
    expect(await refusalOf(await change({}, { "If-Match": '"7"' }))).toEqual([412, "version_conflict"]);
  });

  test("lets exactly one of ten changes through that are sent at the same time", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => change({ name: `New ${i}` }, { "If-Match": '"1"' })),
    );
    const [winner, ...others] = answers.toSorted((a, b) => a.status - b.status);
    expect(winner?.status).toBe(200);
    for (const other of others) expect(await refusalOf(other)).toEqual([412, "version_conflict"]);
    expect(await read()).toEqual(await winner?.json());
    expect(await read()).toMatchObject({ version: 2 });
  });
});
