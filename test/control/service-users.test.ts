import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf, type Organization } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;
let addresses = 0;

const control = await useControl({ edges: 2 });
beforeEach(async () => {
  organization = await control.newOrganization();
});

interface ServiceUser {
  readonly id: string;
}

const ON_VAULT_1 = { vaultRoles: { vault_1: ["developer"] } };

async function createUser(fields: object = ON_VAULT_1): Promise<ServiceUser> {
  const answer = await organization.admin.call("POST", "/-/service-users", { name: "Reporter", ...fields });
  expect(answer.status).toBe(201);
  return await answer.json<ServiceUser>();
}

function keyOf(user: ServiceUser, changes: object = {}): Promise<CreatedKey> {
  return organization.admin.createKey({ ownerId: user.id, vaults: ["vault_1"], ...changes });
}

async function use(key: CreatedKey, edge: number): Promise<[number, string?]> {
  const from = `203.0.113.${++addresses}`;
  const answer = await control.call("GET", "/v1/vaults/vault_1", { as: key.key, from, edge });
  return answer.ok ? [answer.status] : ((await refusalOf(answer)) as [number, string]);
}

function change(user: ServiceUser, fields: object): Promise<Response> {
  return organization.admin.call("PATCH", `/-/service-users/${user.id}`, fields);
}

describe("a service user", () => {
  test("has the name that people see, from the start and after a change", async () => {
    const user = await createUser({ name: "Night\u200bly  report" });
    const path = `/-/service-users/${user.id}`;
    const nameNow = async () =>
      (await (await organization.admin.call("GET", path)).json<{ name: string }>()).name;
    expect(await nameNow()).toBe("Nightly report");
    await change(user, { name: "Re\u0301sume\u0301\u00a0 \ufeff" });
    expect(await nameNow()).toBe("Résumé");
    expect((await change(user, { name: "\u200b\u2060" })).status).toBe(422);
  });

  test("whose vault is taken away has keys that reach nothing, which they tell, until it is given back", async () => {
    const user = await createUser();
    const { id } = await keyOf(user);
    const told = async () => {
      const one = await (await organization.admin.call("GET", `/-/api-keys/${id}`)).json<object>();
      const list = await organization.admin.call("GET", `/-/api-keys?owner=${user.id}`);
      const { data } = await list.json<{ data: object[] }>();
      return [one, ...data].map((key) => "reachesNothing" in key && key.reachesNothing);
    };
    expect(await told()).toEqual([false, false]);
    await change(user, { vaultRoles: { vault_2: ["developer"] } });
    expect(await told()).toEqual([true, true]);
    await change(user, ON_VAULT_1);
    expect(await told()).toEqual([false, false]);
  });

  test("is created, read, listed, changed and deleted by admins", async () => {
    const user = await createUser({ name: "Reporter", description: "Nightly" });
    const path = `/-/service-users/${user.id}`;
    expect(await (await organization.admin.call("GET", path)).json()).toEqual({
      id: user.id,
      name: "Reporter",
      description: "Nightly",
      vaultRoles: {},
      active: true,
      createdAt: expect.any(String),
    });
    expect(await (await change(user, { name: "Reports", ...ON_VAULT_1 })).json()).toMatchObject({
      name: "Reports",
      ...ON_VAULT_1,
    });
    const list = await (
      await organization.admin.call("GET", "/-/service-users")
    ).json<{
      data: ServiceUser[];
    }>();
    expect(list.data.map(({ id }) => id)).toEqual([user.id]);
    expect((await organization.admin.call("DELETE", path)).status).toBe(204);
    expect(await refusalOf(await organization.admin.call("GET", path))).toEqual([404, "not_found"]);
  });

  test("owns keys that an admin makes, within its own roles", async () => {
    const user = await createUser();
    const key = await keyOf(user);
    expect(key).toMatchObject({
      owner: { id: user.id, kind: "service", name: "Reporter" },
      createdBy: "alice",
    });
    expect(await use(key, 0)).toEqual([200]);
    const body = { name: "x", scopes: ["vault:read"], vaults: ["vault_2"], ownerId: user.id };
    expect(await refusalOf(await organization.admin.call("POST", "/-/api-keys", body))).toEqual([
      422,
      "invalid_value",
      "vaults",
    ]);
  });

  test("hands on a role that it loses, or gains, to its keys before the answer", async () => {
    const user = await createUser();
    const key = await keyOf(user);
    expect([await use(key, 0), await use(key, 1)]).toEqual([[200], [200]]);
    await change(user, { vaultRoles: {} });
    expect([await use(key, 0), await use(key, 1)]).toEqual([
      [403, "access_withdrawn"],
      [403, "access_withdrawn"],
    ]);
    await change(user, ON_VAULT_1);
    expect([await use(key, 0), await use(key, 1)]).toEqual([[200], [200]]);
  });

  test.each(["deactivated", "deleted"])("that is %s takes its keys with it, for good", async (how) => {
    const user = await createUser();
    const keys = await Promise.all(Array.from({ length: 10 }, () => keyOf(user)));
    await Promise.all(keys.map((key) => use(key, 1)));
    const answer =
      how === "deleted"
        ? await organization.admin.call("DELETE", `/-/service-users/${user.id}`)
        : await change(user, { active: false });
    expect(answer.ok).toBe(true);
    const after = await Promise.all(keys.map((key) => use(key, 1)));
    expect(after).toEqual(keys.map(() => [401, "api_key_revoked"]));
    const kept = await organization.admin.call("GET", `/-/api-keys/${keys[0]?.id}`);
    expect(await kept.json()).toMatchObject({ status: "revoked", revocationReason: "Owner deactivated" });
    const body = { name: "x", scopes: ["vault:read"], vaults: ["vault_1"], ownerId: user.id };
    expect(await refusalOf(await organization.admin.call("POST", "/-/api-keys", body))).toEqual([
      422,
      "invalid_value",
      "ownerId",
    ]);
  });
});

test("the answer to a creation says where the service user is", async () => {
  const answer = await organization.admin.call("POST", "/-/service-users", { name: "Reporter" });
  const { id } = await answer.json<ServiceUser>();
  expect(answer.headers.get("Location")).toBe(`/-/service-users/${id}`);
});

describe("refused is", () => {
  const cases: [string, object, [number, string, string?]][] = [
    ["a name that is missing", { vaultRoles: {} }, [400, "invalid_request", "name"]],
    [
      "a vault id of any length",
      { name: "x", vaultRoles: { ["v".repeat(100_000)]: ["developer"] } },
      [422, "invalid_value", "vaultRoles"],
    ],
    [
      "many long vault ids",
      {
        name: "x",
        vaultRoles: Object.fromEntries(
          Array.from({ length: 400 }, (_, i) => [`${i}${"v".repeat(50)}`, ["developer"]]),
        ),
      },
      [422, "invalid_value", "vaultRoles"],
    ],
    ["an empty name", { name: " " }, [422, "invalid_value", "name"]],
    ["a name with a control character", { name: "bell\u0007" }, [422, "invalid_value", "name"]],
    [
      "a role that there is not",
      { name: "x", vaultRoles: { vault_1: ["owner"] } },
      [422, "invalid_value", "vaultRoles.vault_1.0"],
    ],
    [
      "roles of the wrong type",
      { name: "x", vaultRoles: ["vault_1"] },
      [400, "invalid_request", "vaultRoles"],
    ],
    ["an unknown field", { name: "x", role: "admin" }, [400, "invalid_request", "role"]],
  ];
  test.each(cases)("%s", async (_, body, refusal) => {
    expect(await refusalOf(await organization.admin.call("POST", "/-/service-users", body))).toEqual(refusal);
  });

  test("a member who is no admin, and a key for a service user by one", async () => {
    const user = await createUser();
    const bob = organization.member("bob", developerOn("vault_1"));
    expect(await refusalOf(await bob.call("GET", "/-/service-users"))).toEqual([403, "role_required"]);
    const body = { name: "x", scopes: ["vault:read"], vaults: ["vault_1"], ownerId: user.id };
    expect(await refusalOf(await bob.call("POST", "/-/api-keys", body))).toEqual([403, "role_required"]);
  });

  test("an identity token that names a service user as its subject", async () => {
    const user = await createUser();
    const impostor = organization.member(user.id, developerOn("vault_1"));
    expect(await refusalOf(await impostor.call("GET", "/-/api-keys"))).toEqual([
      401,
      "identity_token_invalid",
    ]);
  });
});

test("pages of service users hold each of them once", async () => {
  const made = [];
  for (let i = 0; i < 5; i++) made.push((await createUser()).id);
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&nextCursor=${cursor}`;
    const answer = await organization.admin.call("GET", `/-/service-users?limit=2${query}`);
    const page = await answer.json<{ data: ServiceUser[]; pagination: { nextCursor: string | null } }>();
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.pagination.nextCursor;
  }
  expect(seen.toSorted()).toEqual(made.toSorted());
});
