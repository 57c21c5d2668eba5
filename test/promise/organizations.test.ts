import { beforeAll, describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";

const portcullis = await usePortcullis();
/** Of `org_test`. */
const key = await portcullis.createKey();
beforeAll(async () => {
  await asStranger("POST", "/-/organization/bootstrap");
});

/** A call as an admin of another organisation, who has the very name and roles of the first one's admin. */
async function asStranger(method: string, path: string, body?: object): Promise<Response> {
  const as = await portcullis.issuer.token(adminClaims({ org_id: "org_other" }));
  return portcullis.call(method, path, { as, ...(body && { body }) });
}

async function createStrangersKey(): Promise<CreatedKey> {
  const body = { name: "Other", scopes: ["vault:read"], vaults: ["vault_1"] };
  return await (await asStranger("POST", "/-/api-keys", body)).json<CreatedKey>();
}

describe("another organisation's key does not exist for an admin", () => {
  test.each([
    { method: "GET", body: undefined },
    { method: "PATCH", body: { disabled: true } },
    { method: "DELETE", body: undefined },
  ])("$method", async ({ method, body }) => {
    const [foreign, unknown] = await Promise.all([
      asStranger(method, `/-/api-keys/${key.id}`, body),
      asStranger(method, "/-/api-keys/key_000000000000", body),
    ]);
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect((await portcullis.call("GET", PATH, { as: key.key })).status).toBe(200);
  });

  test("nor in any list", async () => {
    const own = await createStrangersKey();
    const response = await asStranger("GET", "/-/api-keys?owner=*&status=all&limit=500");
    const { data } = await response.json<{ data: { id: string }[] }>();
    expect(data.map(({ id }) => id)).toContain(own.id);
    expect(data.map(({ id }) => id)).not.toContain(key.id);
  });
});

test("the origin is told whose key it is, so that the same vault id is not the same vault", async () => {
  const own = await createStrangersKey();
  const told: (readonly string[])[] = [];
  for (const { key: as } of [key, own]) {
    const arriving = portcullis.origin.next();
    const headers = { "X-Portcullis-Org-Id": "org_third", "X-Org-Id": "org_third" };
    await portcullis.call("GET", PATH, { as, headers });
    told.push((await arriving).values("X-Portcullis-Org-Id"));
  }
  expect(told).toEqual([["org_test"], ["org_other"]]);
});

test("roles lost in one organisation take nothing from the same person's keys in another", async () => {
  const own = await createStrangersKey();
  const as = await portcullis.issuer.token(adminClaims({ org_id: "org_other", vault_roles: {} }));
  await portcullis.call("GET", "/-/api-keys", { as });
  expect((await portcullis.call("GET", PATH, { as: own.key })).status).toBe(403);
  expect((await portcullis.call("GET", PATH, { as: key.key })).status).toBe(200);
});
