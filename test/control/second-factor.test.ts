import { beforeEach, describe, expect, test } from "vitest";
import { refusalOf, type Organization, type Person } from "../support/control.ts";
import { adminClaims } from "../support/issuer.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;
/** The admin, signed in by a password alone. */
let passwordOnly: Person;
let key: CreatedKey;

const control = await useControl();
beforeEach(async () => {
  organization = await control.newOrganization();
  passwordOnly = control.person(adminClaims({ sub: "alice", org_id: organization.id, amr: ["pwd"] }));
  key = await organization.admin.createKey({
    scopes: ["vault/#/balance:read"],
    vaults: ["vault_1", "vault_2"],
    allowedIps: ["203.0.113.0/24", "2001:db8::/32"],
    expiresIn: "30d",
    rateLimit: { requests: 100, windowSeconds: 60 },
  });
});

async function events(): Promise<readonly { action: string; code: string | null }[]> {
  const answer = await organization.admin.call("GET", "/-/audit-events?limit=500");
  return (await answer.json<{ data: { action: string; code: string | null }[] }>()).data;
}

describe("an edit that gives a key more than it had takes a fresh second factor", () => {
  test.each<[string, object]>([
    ["another action", { scopes: ["vault/#/balance:read", "vault/#/balance:write"] }],
    ["a wider resource", { scopes: ["vault:read"] }],
    ["another vault", { vaults: ["vault_1", "vault_2", "vault_3"] }],
    ["every vault", { vaults: "*" }],
    ["another address", { allowedIps: ["203.0.113.0/24", "2001:db8::/32", "192.0.2.1"] }],
    ["a wider range", { allowedIps: ["203.0.112.0/23", "2001:db8::/32"] }],
    ["every address", { allowedIps: [] }],
    ["every IPv4 address", { allowedIps: ["0.0.0.0/0"] }],
    ["a later expiry", { expiresIn: "60d" }],
    ["no expiry", { expiresAt: null }],
    ["more requests", { rateLimit: { requests: 101, windowSeconds: 60 } }],
    ["a shorter window", { rateLimit: { requests: 100, windowSeconds: 59 } }],
    ["the default limit, which is more", { rateLimit: null }],
    ["something less and something more", { vaults: ["vault_1"], expiresIn: "60d" }],
  ])("%s", async (_, change) => {
    const before = await events();
    const path = `/-/api-keys/${key.id}`;
    expect(await refusalOf(await passwordOnly.call("PATCH", path, change))).toEqual([401, "mfa_required"]);
    expect(await (await organization.admin.call("GET", path)).json()).toMatchObject({ version: 1 });
    expect(await events()).toEqual(before);
    expect((await organization.admin.call("PATCH", path, change)).status).toBe(200);
  });

  test("enabling", async () => {
    const path = `/-/api-keys/${key.id}`;
    expect((await passwordOnly.call("PATCH", path, { disabled: true })).status).toBe(200);
    expect(await refusalOf(await passwordOnly.call("PATCH", path, { disabled: false }))).toEqual([
      401,
      "mfa_required",
    ]);
    expect((await organization.admin.call("PATCH", path, { disabled: false })).status).toBe(200);
  });
});

describe("an edit that gives a key nothing takes none", () => {
  test.each<[string, object]>([
    ["a name and a description", { name: "Other", description: "More" }],
    ["a narrower resource", { scopes: ["vault/vault_1/balance:read"] }],
    ["the same scope twice, and one within it", { scopes: ["vault/#/balance:read", "vault/v/balance:read"] }],
    ["a vault less", { vaults: ["vault_2"] }],
    [
      "narrower ranges and an address",
      { allowedIps: ["203.0.113.128/25", "2001:db8:1::/48", "203.0.113.1"] },
    ],
    ["the same range in halves", { allowedIps: ["203.0.113.0/25", "203.0.113.128/25"] }],
    ["an earlier expiry", { expiresIn: "12h" }],
    ["disabling", { disabled: true }],
    ["fewer requests in a longer window", { rateLimit: { requests: 99, windowSeconds: 61 } }],
    ["nothing", {}],
  ])("%s", async (_, change) => {
    expect((await passwordOnly.call("PATCH", `/-/api-keys/${key.id}`, change)).status).toBe(200);
  });
});

test("a second factor of more than five minutes ago is none", async () => {
  const stale = control.person(
    adminClaims({ sub: "alice", org_id: organization.id, auth_time: Math.floor(Date.now() / 1000) - 301 }),
  );
  const answer = await stale.call("PATCH", `/-/api-keys/${key.id}`, { vaults: "*" });
  expect(await refusalOf(answer)).toEqual([401, "mfa_required"]);
});

const WEBHOOK = { url: "https://hooks.example.com/" };
const USER = { name: "Batch", vaultRoles: { vault_1: ["developer"] } };

describe("what else gives something takes a fresh second factor, and its lack is no audit event", () => {
  test.each<[string, string, string, object | undefined]>([
    ["creating a key", "POST", "/-/api-keys", { name: "New", scopes: ["vault:read"], vaults: "*" }],
    ["rotating a key", "POST", "/-/api-keys/{key}/rotate", undefined],
    ["a SCIM token", "POST", "/-/organization/scim-token", undefined],
    ["the next signing key", "POST", "/-/organization/signing-key/rotate", undefined],
    ["a webhook's first secret", "PUT", "/-/organization/webhook", WEBHOOK],
    ["a service user", "POST", "/-/service-users", USER],
  ])("%s", async (_, method, path, body) => {
    const before = await events();
    const url = path.replace("{key}", key.id);
    expect(await refusalOf(await passwordOnly.call(method, url, body))).toEqual([401, "mfa_required"]);
    expect(await events()).toEqual(before);
    expect((await organization.admin.call(method, url, body)).status).toBe(201);
  });

  test("a webhook's next secret, while the rest of it takes none", async () => {
    const url = "/-/organization/webhook";
    await organization.admin.call("PUT", url, WEBHOOK);
    const rotated = await passwordOnly.call("POST", `${url}/rotate-secret`);
    expect(await refusalOf(rotated)).toEqual([401, "mfa_required"]);
    expect((await passwordOnly.call("PUT", url, { ...WEBHOOK, disabled: true })).status).toBe(200);
    expect((await organization.admin.call("POST", `${url}/rotate-secret`)).status).toBe(201);
    expect((await passwordOnly.call("DELETE", url)).status).toBe(204);
  });

  test("a service user's roles and return, while taking them away takes none", async () => {
    const made = await organization.admin.call("POST", "/-/service-users", USER);
    const url = `/-/service-users/${(await made.json<{ id: string }>()).id}`;
    const wider = { vaultRoles: { vault_1: ["developer"], vault_2: ["developer"] } };
    for (const change of [wider, { vaultRoles: { "*": ["developer"] } }]) {
      expect(await refusalOf(await passwordOnly.call("PATCH", url, change))).toEqual([401, "mfa_required"]);
    }
    expect((await organization.admin.call("PATCH", url, { vaultRoles: { "*": ["developer"] } })).status).toBe(
      200,
    );
    for (const change of [wider, USER, { name: "Other" }, { vaultRoles: {} }, { active: false }]) {
      expect((await passwordOnly.call("PATCH", url, change)).status).toBe(200);
    }
    expect(await refusalOf(await passwordOnly.call("PATCH", url, { active: true }))).toEqual([
      401,
      "mfa_required",
    ]);
    expect((await passwordOnly.call("DELETE", url)).status).toBe(204);
  });
});
