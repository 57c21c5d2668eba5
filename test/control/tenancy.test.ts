import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf, type ErrorBody, type Person } from "../support/control.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";
let key: CreatedKey;

const control = await useControl();
const organization = await control.newOrganization();
const elsewhere = await control.newOrganization();
const bob = organization.member("bob", developerOn("vault_1"));
beforeAll(async () => {
  const earlier = Math.floor(Date.now() / 1000) - 10;
  const erin = organization.member("erin", { roles: ["admin"], iat: earlier });
  expect((await erin.call("GET", "/-/api-keys?owner=*")).status).toBe(200);
});
beforeEach(async () => {
  key = await bob.createKey();
});

async function read(): Promise<unknown> {
  return (await bob.call("GET", `/-/api-keys/${key.id}`)).json();
}

async function bodyWithoutIds(answer: Response): Promise<unknown> {
  const { error } = await answer.json<ErrorBody>();
  return { ...error, correlationId: "", details: error.details };
}

const STRANGERS: Readonly<Record<string, () => Person>> = {
  "a colleague": () => organization.member("carol", developerOn("*")),
  "a colleague with the same vaults": () => organization.member("dave", developerOn("vault_1")),
  "an admin of another organisation": () => elsewhere.admin,
  "somebody of the same name in another organisation": () => elsewhere.member("bob", developerOn("vault_1")),
  "an admin of an organisation whose id differs in letter case": () =>
    control.person({ sub: "bob", org_id: organization.id.toUpperCase(), roles: ["admin"] }),
  "a former admin": () => organization.member("erin"),
};

const ATTEMPTS: readonly (readonly [method: string, body?: object, headers?: Record<string, string>])[] = [
  ["GET"],
  ["PATCH", { name: "Mine" }],
  ["PATCH", { disabled: true }, { "If-Match": '"1"' }],
  ["PATCH", {}, { "If-Match": '"9"' }],
  ["DELETE"],
];

describe.each(Object.entries(STRANGERS))("to %s a key", (_, stranger) => {
  test("does not exist: it cannot be told from one that never did, read, changed or revoked", async () => {
    const before = await read();
    for (const [method, body, headers] of ATTEMPTS) {
      const [real, made] = await Promise.all(
        [key.id, "key_000000000000"].map((id) => stranger().call(method, `/-/api-keys/${id}`, body, headers)),
      );
      expect(real?.status).toBe(404);
      expect(await bodyWithoutIds(real as Response)).toEqual(await bodyWithoutIds(made as Response));
    }
    expect(await read()).toEqual(before);
    const answer = await control.call("GET", "/v1/vaults/vault_1", { as: key.key, from: freshAddress() });
    expect(answer.status).toBe(200);
  });

  test("is in no list", async () => {
    for (const owner of ["", "&owner=bob", "&owner=*"]) {
      const answer = await stranger().call("GET", `/-/api-keys?status=all&limit=500${owner}`);
      expect(await answer.text()).not.toContain(key.id);
    }
  });
});

test("an admin reads, changes and revokes everybody's keys in the organisation", async () => {
  const path = `/-/api-keys/${key.id}`;
  const { admin } = organization;
  expect(await (await admin.call("GET", path)).json()).toMatchObject({ owner: { id: "bob" } });
  expect(await (await admin.call("PATCH", path, { name: "Seen to" })).json()).toMatchObject({
    name: "Seen to",
    owner: { id: "bob" },
  });
  expect(await (await admin.call("DELETE", path)).json()).toMatchObject({ keyId: key.id, status: "revoked" });
});

test("what another organisation's admin does to people of the same name touches nobody here", async () => {
  const before = await read();
  await elsewhere.member("bob").call("GET", "/-/organization");
  expect(await read()).toEqual(before);
  const answer = await control.call("GET", "/v1/vaults/vault_1", { as: key.key, from: freshAddress() });
  expect(answer.status).toBe(200);
});

test("an API key manages nothing, not even itself", async () => {
  for (const [method, path] of [
    ["GET", "/-/api-keys"],
    ["GET", `/-/api-keys/${key.id}`],
    ["DELETE", `/-/api-keys/${key.id}`],
    ["GET", "/-/organization"],
  ] as const) {
    expect(await refusalOf(await control.call(method, path, { as: key.key }))).toEqual([
      401,
      "identity_token_invalid",
    ]);
  }
});
