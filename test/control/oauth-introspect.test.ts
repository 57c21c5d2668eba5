import { expect, test } from "vitest";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { adminClaims } from "../support/issuer.ts";
import { swapSecret } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

const portcullis = await usePortcullis();
const client = await portcullis.createKey({ name: "Client" });

async function introspect(token: string): Promise<Record<string, unknown>> {
  const answer = await postForm(portcullis, "introspect", { token }, { client, from: freshAddress() });
  expect(answer.status).toBe(200);
  return await answer.json<Record<string, unknown>>();
}

const INACTIVE = { active: false };

test("a live token is described with the access that it has at present", async () => {
  const key = await portcullis.createKey({ vaults: ["vault_1", "vault_2"] });
  const { access_token: token } = await exchange(portcullis, key);
  expect(await introspect(token)).toEqual({
    active: true,
    token_type: "Bearer",
    client_id: key.id,
    sub: key.id,
    org_id: "org_test",
    owner_id: "alice",
    scope: "vault:read",
    vaults: ["vault_1", "vault_2"],
    iss: portcullis.edges[0],
    aud: portcullis.edges[0],
    iat: expect.any(Number),
    exp: expect.any(Number),
    jti: expect.any(String),
  });
  await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { vaults: ["vault_2"] });
  expect(await introspect(token)).toMatchObject({ active: true, vaults: ["vault_2"] });
});

test("a live key is told, too", async () => {
  const key = await portcullis.createKey();
  expect(await introspect(key.key)).toMatchObject({ active: true, client_id: key.id, vaults: "*" });
});

test.each<[string, (key: CreatedKey) => Promise<unknown>]>([
  ["revoked", (key) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`)],
  ["disabled", (key) => portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { disabled: true })],
  [
    "expired",
    (key) => portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { expiresAt: "2020-01-01T00:00:00Z" }),
  ],
])("a key that was %s is inactive at once, with its tokens, and nothing more is told", async (_, cut) => {
  const key = await portcullis.createKey();
  const { access_token: token } = await exchange(portcullis, key);
  await cut(key);
  expect(await introspect(key.key)).toEqual(INACTIVE);
  expect(await introspect(token)).toEqual(INACTIVE);
});

test("a key is told with the vaults that its owner may still use, and without any as inactive", async () => {
  const made = await portcullis.manage("POST", "/-/service-users", {
    name: "Robot",
    vaultRoles: { "*": ["developer"] },
  });
  const owner = await made.json<{ id: string }>();
  const key = await portcullis.createKey({ ownerId: owner.id });
  const { access_token: token } = await exchange(portcullis, key);
  const roles = (vaultRoles: object) =>
    portcullis.manage("PATCH", `/-/service-users/${owner.id}`, { vaultRoles });
  await roles({ vault_7: ["developer"] });
  expect(await introspect(key.key)).toMatchObject({ active: true, vaults: ["vault_7"] });
  expect(await introspect(token)).toMatchObject({ active: true, vaults: ["vault_7"] });
  await roles({});
  expect(await introspect(key.key)).toEqual(INACTIVE);
  expect(await introspect(token)).toEqual(INACTIVE);
  const again = await postForm(
    portcullis,
    "token",
    { grant_type: "client_credentials" },
    { client: key, from: freshAddress() },
  );
  expect([again.status, (await again.json<{ error: string }>()).error]).toEqual([400, "unauthorized_client"]);
});

test("a revoked token is inactive", async () => {
  const { access_token: token } = await exchange(portcullis, await portcullis.createKey());
  await postForm(portcullis, "revoke", { token });
  expect(await introspect(token)).toEqual(INACTIVE);
});

test("another organisation's key and token are inactive here, and live there", async () => {
  const other = await portcullis.issuer.token(adminClaims({ org_id: "org_other" }));
  await portcullis.call("POST", "/-/organization/bootstrap", { as: other });
  const made = await portcullis.call("POST", "/-/api-keys", {
    as: other,
    body: { name: "Theirs", scopes: ["vault:read"], vaults: "*" },
  });
  const key = await made.json<CreatedKey>();
  const { access_token: token } = await exchange(portcullis, key);
  expect(await introspect(key.key)).toEqual(INACTIVE);
  expect(await introspect(token)).toEqual(INACTIVE);
  const own = await postForm(portcullis, "introspect", { token }, { client: key });
  expect(await own.json()).toMatchObject({ active: true });
});

test.each([
  ["a key that never was", () => generateKey("fkc").key],
  ["another key's secret under this id", () => swapSecret(client.key, generateKey("fkc").key)],
  ["nonsense", () => "hello"],
  ["an identity token", () => portcullis.issuer.token(adminClaims())],
])("%s is inactive", async (_, token) => {
  expect(await introspect(await token())).toEqual(INACTIVE);
});

test("nobody is told anything without a live key", async () => {
  const dead = await portcullis.createKey();
  await portcullis.manage("DELETE", `/-/api-keys/${dead.id}`);
  for (const options of [{}, { client: dead }]) {
    const answer = await postForm(
      portcullis,
      "introspect",
      { token: client.key },
      { ...options, from: freshAddress() },
    );
    expect([answer.status, (await answer.json<{ error: string }>()).error]).toEqual([401, "invalid_client"]);
  }
});
