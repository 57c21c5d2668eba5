import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf, type Organization, type Person } from "../support/control.ts";
import { adminClaims } from "../support/issuer.ts";
import { freshAddress } from "../support/portcullis.ts";
import { scimClient } from "../support/scim.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;
let admin: Person;
let bob: Person;

/** Lists, counts and acts over many things at once. */
const control = await useControl();
beforeEach(async () => {
  organization = await control.newOrganization();
  ({ admin } = organization);
  bob = organization.member("bob", { name: "Bob Baker", ...developerOn("vault_1") });
});

async function read<T>(as: Person, method: string, path: string, body?: object): Promise<T> {
  const answer = await as.call(method, path, body);
  expect([method, path, answer.status]).toEqual([method, path, 200]);
  return await answer.json<T>();
}

const HIS = { scopes: ["vault:read"], vaults: ["vault_1"] };

describe("keys are counted", () => {
  test("by status, and those of the active ones that want to be looked at", async () => {
    const near = await bob.createKey({ ...HIS, expiresIn: "5d", allowedIps: ["203.0.113.0/24"] });
    await bob.createKey({ ...HIS, expiresIn: null, allowedIps: ["0.0.0.0/0"] });
    const off = await bob.createKey(HIS);
    const dead = await bob.createKey({ ...HIS, expiresIn: "1d" });
    const old = await bob.createKey(HIS);
    await bob.call("POST", `/-/api-keys/${old.id}/rotate`, { overlap: "24h" });
    await admin.createKey();
    await bob.call("PATCH", `/-/api-keys/${off.id}`, { disabled: true });
    await bob.call("DELETE", `/-/api-keys/${dead.id}`);
    await control.call("GET", "/v1/vaults/vault_1", { as: near.key, from: freshAddress() });

    const his = {
      live: 5,
      active: 4,
      disabled: 1,
      expired: 0,
      revoked: 1,
      // The rotated one as well.
      expiringSoon: 2,
      unused: 0,
      noExpiry: 1,
    };
    expect(await read(bob, "GET", "/-/api-keys/counts")).toMatchObject({ counts: { ...his, anyAddress: 3 } });
    expect(await read(admin, "GET", "/-/api-keys/counts?owner=bob")).toMatchObject({ counts: his });
    expect(await read(admin, "GET", "/-/api-keys/counts?owner=*")).toMatchObject({
      counts: { active: 5, neverUsed: expect.any(Number) },
    });
    for (const owner of ["*", "alice"])
      expect(await refusalOf(await bob.call("GET", `/-/api-keys/counts?owner=${owner}`))).toEqual([
        403,
        "role_required",
      ]);
  });
});

describe("several keys at once", () => {
  interface Outcomes {
    readonly outcomes: {
      readonly keyId: string;
      readonly status: string;
      readonly code: string | null;
      readonly receipt: { readonly effectiveAt: string } | null;
    }[];
  }

  test("are revoked with a receipt each, and one that cannot be holds up no other", async () => {
    const [one, two, hers] = [await bob.createKey(HIS), await bob.createKey(HIS), await admin.createKey()];
    const keyIds = [one.id, hers.id, two.id, one.id];
    const { outcomes } = await read<Outcomes>(bob, "POST", "/-/api-keys/acts", {
      act: "revoke",
      keyIds,
      reason: "Leaked in a build log",
    });
    expect(outcomes.map(({ keyId, status, code }) => [keyId, status, code])).toEqual([
      [one.id, "done", null],
      [hers.id, "refused", "not_found"],
      [two.id, "done", null],
    ]);
    for (const { keyId, receipt } of outcomes) {
      const key = await read<{ receipt?: object }>(admin, "GET", `/-/api-keys/${keyId}`);
      expect(key.receipt ?? null).toEqual(receipt);
    }
    expect(await read(bob, "GET", `/-/api-keys/${one.id}`)).toMatchObject({
      status: "revoked",
      revocationReason: "Leaked in a build log",
    });
    const used = await control.call("GET", "/v1/vaults/vault_1", { as: two.key, from: freshAddress() });
    expect(await refusalOf(used)).toEqual([401, "api_key_revoked"]);
    const { data } = await read<{ data: object[] }>(admin, "GET", `/-/audit-events?target=${two.id}`);
    expect(data[0]).toMatchObject({ action: "api_key.revoked", actor: { id: "bob" } });
    const attempts = await read<{ data: object[] }>(
      admin,
      "GET",
      `/-/audit-events?target=${hers.id}&actor=bob`,
    );
    expect(attempts.data).toMatchObject([
      { event: "api_key.revoked", outcome: "refused", code: "not_found", actor: { id: "bob" } },
    ]);
  });

  test("are disabled, those of others by admins", async () => {
    const [his, hers] = [await bob.createKey(HIS), await admin.createKey()];
    const body = { act: "disable", keyIds: [his.id, hers.id] };
    const { outcomes } = await read<Outcomes>(admin, "POST", "/-/api-keys/acts", body);
    expect(outcomes.map(({ status, receipt }) => [status, receipt])).toEqual([
      ["done", null],
      ["done", null],
    ]);
    expect(await read(bob, "GET", `/-/api-keys/${his.id}`)).toMatchObject({ status: "disabled" });
  });

  test.each([
    ["revoke", "revoked"],
    ["disable", "disabled"],
  ])("take no second factor to %s, which gives nobody anything", async (act, status) => {
    const { id } = await admin.createKey();
    const passwordOnly = control.person(adminClaims({ sub: "alice", org_id: organization.id, amr: ["pwd"] }));
    const body = { act, keyIds: [id] };
    await read<Outcomes>(passwordOnly, "POST", "/-/api-keys/acts", body);
    expect(await read(admin, "GET", `/-/api-keys/${id}`)).toMatchObject({ status });
  });

  test.each<[string, object]>([
    ["none", { act: "revoke", keyIds: [] }],
    ["too many", { act: "revoke", keyIds: Array.from({ length: 101 }, () => "key_000000000000") }],
    ["no id", { act: "revoke", keyIds: ["../service-users"] }],
    ["another act", { act: "enable", keyIds: ["key_000000000000"] }],
  ])("are refused when there is %s", async (_, body) => {
    expect((await refusalOf(await admin.call("POST", "/-/api-keys/acts", body)))[0]).toBe(422);
  });
});

describe("a key is found", () => {
  test("by the hash of its string, by whoever may see it", async () => {
    const { id, key } = await bob.createKey(HIS);
    const hash = createHash("sha256").update(key).digest("hex");
    const find = async (as: Person, body: object) =>
      (await read<{ data: { id: string }[] }>(as, "POST", "/-/api-keys/search", body)).data.map(
        (each) => each.id,
      );
    expect(await find(bob, { hash })).toEqual([id]);
    expect(await find(admin, { hash })).toEqual([id]);
    expect(await find(organization.member("carol", developerOn("*")), { hash })).toEqual([]);
    expect(await find(admin, { hash: "0".repeat(64) })).toEqual([]);
  });

  test.each<[string, object, number]>([
    ["neither", {}, 400],
    ["both", { key: "x", hash: "0".repeat(64) }, 422],
    ["no hash", { hash: "0".repeat(63) }, 422],
  ])("not by %s", async (_, body, status) => {
    expect((await refusalOf(await admin.call("POST", "/-/api-keys/search", body)))[0]).toBe(status);
  });
});

describe("people are found", () => {
  interface Found {
    readonly data: { readonly id: string; readonly name: string }[];
  }

  test("by part of a name, an address or an id, one by one, and by admins alone", async () => {
    await bob.createKey(HIS);
    await organization.member("carol", { name: "Carol Chen", ...developerOn("*") }).call("GET", "/-/me");
    const client = await scimClient(control, organization);
    const dora = await client.create("/Users", {
      userName: "dora@demo.example",
      displayName: "Dora Dietrich",
    });
    const find = async (q: string) =>
      (await read<Found>(admin, "GET", `/-/people?q=${encodeURIComponent(q)}`)).data.map(({ name }) => name);
    expect(await find("BAKER")).toEqual(["Bob Baker"]);
    expect(await find("caro")).toEqual(["Carol Chen"]);
    expect(await find("dora@demo")).toEqual(["Dora Dietrich"]);
    expect(await find("nobody at all")).toEqual([]);

    expect(await read(admin, "GET", "/-/people/bob")).toMatchObject({
      name: "Bob Baker",
      keys: 1,
      scim: null,
    });
    expect(await read(admin, "GET", `/-/people/${dora}`)).toMatchObject({
      name: "Dora Dietrich",
      scim: "unmatched",
    });
    expect(await refusalOf(await admin.call("GET", "/-/people/nobody"))).toEqual([404, "not_found"]);
    expect(await refusalOf(await bob.call("GET", "/-/people/bob"))).toEqual([403, "role_required"]);
  });
});

describe("service users", () => {
  async function createUser(name: string, vaults = ["vault_1", "vault_2"]): Promise<string> {
    const vaultRoles = Object.fromEntries(vaults.map((vault) => [vault, ["developer"]]));
    const answer = await admin.call("POST", "/-/service-users", { name, vaultRoles });
    return (await answer.json<{ id: string }>()).id;
  }

  test("are found by part of a name, with how many keys they have and when those were used last", async () => {
    const id = await createUser("Settlement engine");
    await createUser("Reporting");
    const used = await admin.createKey({ ...HIS, ownerId: id });
    const revoked = await admin.createKey({ ...HIS, ownerId: id });
    await admin.call("DELETE", `/-/api-keys/${revoked.id}`);
    await control.call("GET", "/v1/vaults/vault_1", { as: used.key, from: freshAddress() });
    const path = "/-/service-users?q=settle&include=keys";
    await expect
      .poll(async () => (await read<{ data: object[] }>(admin, "GET", path)).data)
      .toMatchObject([{ id, keys: 1, lastUsedAt: expect.any(String) }]);
    const all = await read<{ data: object[] }>(admin, "GET", "/-/service-users");
    expect(all.data).toHaveLength(2);
    expect(all.data[0]).not.toHaveProperty("keys");
  });

  test("tell beforehand which keys other roles would narrow or leave nothing, and which calls that would refuse", async () => {
    const id = await createUser("Settlement engine");
    const one = await admin.createKey({ ...HIS, name: "One", ownerId: id });
    const both = await admin.createKey({ ...HIS, name: "Both", vaults: ["vault_1", "vault_2"], ownerId: id });
    const two = await admin.createKey({ ...HIS, name: "Two", vaults: ["vault_2"], ownerId: id });
    for (const { key } of [one, one, both])
      await control.call("GET", "/v1/vaults/vault_1", { as: key, from: freshAddress() });
    const preview = (vaultRoles: object) =>
      read<{ keys: { id: string; change: string }[] }>(admin, "POST", `/-/service-users/${id}/impact`, {
        vaultRoles,
      });
    const taken = { vault_2: ["developer"] };
    await expect.poll(() => preview(taken)).toMatchObject({ calls: 3 });
    const without = await preview(taken);
    expect(without).toMatchObject({ calls: 3, wouldRefuse: 3, byReason: [{ reason: "vault", calls: 3 }] });
    expect(Object.fromEntries(without.keys.map((key) => [key.id, key.change]))).toEqual({
      [one.id]: "nothing left",
      [both.id]: "narrowed",
      [two.id]: "same",
    });
    expect(await preview({ "*": ["developer"] })).toMatchObject({ wouldRefuse: 0 });
    expect(await read(admin, "GET", `/-/service-users/${id}`)).toMatchObject({
      vaultRoles: { vault_1: ["developer"], vault_2: ["developer"] },
    });
    const path = "/-/service-users/svc_nobody/impact";
    expect(await refusalOf(await admin.call("POST", path, { vaultRoles: {} }))).toEqual([404, "not_found"]);
  });
});

describe("credentials of the organisation", () => {
  interface Credentials {
    readonly scimToken: {
      readonly made: { readonly by: object } | null;
      readonly lastUsedAt: string | null;
    } | null;
    readonly signingKeys: { readonly kid: string; readonly made: object | null }[];
    readonly webhookSecret: { readonly made: object | null } | null;
  }
  const credentials = () => read<Credentials>(admin, "GET", "/-/organization/credentials");
  const byAlice = { at: expect.any(String), by: { id: "alice", name: "Alice" } };

  test("are told with who has made them and when they were used, never with a secret", async () => {
    expect(await credentials()).toMatchObject({ scimToken: null, webhookSecret: null });
    const client = await scimClient(control, organization);
    expect((await credentials()).scimToken).toEqual({ made: byAlice, lastUsedAt: null });
    await client.create("/Users", { userName: "dora" });
    expect((await credentials()).scimToken).toEqual({ made: byAlice, lastUsedAt: expect.any(String) });
    // A new one has not been used yet.
    await admin.call("POST", "/-/organization/scim-token");
    expect((await credentials()).scimToken?.lastUsedAt).toBeNull();

    await admin.call("PUT", "/-/organization/webhook", { url: "https://hooks.example.com/" });
    await admin.call("POST", "/-/organization/signing-key/rotate");
    const { signingKeys, webhookSecret } = await credentials();
    expect(webhookSecret).toMatchObject({ made: byAlice });
    expect(signingKeys.map(({ made }) => made)).toEqual([null, byAlice]);
    expect(JSON.stringify(await credentials())).not.toMatch(
      /[0-9a-f]{64}|"d"|privateJwk|whsec_|scim_[\w-]+\./,
    );
  });

  test("are admins' alone to see", async () => {
    expect(await refusalOf(await bob.call("GET", "/-/organization/credentials"))).toEqual([
      403,
      "role_required",
    ]);
  });
});
