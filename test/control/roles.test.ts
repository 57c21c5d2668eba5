import { describe, expect, test } from "vitest";
import { developerOn, NEW_KEY, refusalOf } from "../support/control.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { scimClient, tryToCreateKey, use } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

const control = await useControl({ vars: { OIDC_ROLES_MAX_AGE: "1h" } });
const organization = await control.newOrganization();

const now = (): number => Math.floor(Date.now() / 1000);
let members = 0;

function create(claims: object, changes: object = {}): Promise<Response> {
  const member = organization.member(`member_${++members}`, { ...claims });
  return member.call("POST", "/-/api-keys", { ...NEW_KEY, ...changes });
}

describe("a key is not for somebody who", () => {
  test.each<[string, object]>([
    ["has no role", {}],
    ["has another role on a vault", { vault_roles: { vault_1: ["viewer"] } }],
    ["is an admin and no developer", { roles: ["admin"] }],
    ["calls herself a developer of the organisation", { roles: ["developer"] }],
    ["lists no role on a vault", { vault_roles: { vault_1: [], "*": [] } }],
  ])("%s", async (_, claims) => {
    expect(await refusalOf(await create(claims))).toEqual([403, "role_required"]);
  });

  test("has a later token that has taken the role away", async () => {
    const role = developerOn("vault_1");
    const earlier = organization.member("demoted", { ...role, iat: now() - 10 });
    expect((await earlier.call("POST", "/-/api-keys", NEW_KEY)).status).toBe(201);
    await organization.member("demoted").call("GET", "/-/organization");
    expect(await refusalOf(await earlier.call("POST", "/-/api-keys", NEW_KEY))).toEqual([
      403,
      "role_required",
    ]);
  });

  test("names another owner, be it with every role but admin", async () => {
    expect(await refusalOf(await create(developerOn("*"), { ownerId: "alice" }))).toEqual([
      403,
      "role_required",
    ]);
  });
});

describe("roles that a token alone says", () => {
  const HOUR_S = 3600;

  /** A key of somebody whose token is soon as old as it may be; sooner than that on a machine that is fast enough. */
  async function keyOfLastMinute(name: string): Promise<{ key: CreatedKey; iat: number }> {
    for (const left of [2, 5, 15, 40]) {
      const iat = now() - HOUR_S + left;
      const answer = await organization
        .member(name, { ...developerOn("vault_1"), iat })
        .call("POST", "/-/api-keys", NEW_KEY);
      if (answer.status === 201) return { key: await answer.json<CreatedKey>(), iat };
    }
    throw new Error("The token was always too old by then");
  }

  test("are over when the token is too old, for keys as well, until there is a newer one", async () => {
    const { key, iat } = await keyOfLastMinute("henry");
    await expect
      .poll(() => use(control, key), { timeout: 50_000, interval: 200 })
      .toEqual([403, "access_withdrawn"]);
    const old = organization.member("henry", { ...developerOn("vault_1"), iat });
    expect(await tryToCreateKey(old)).toEqual([403, "role_required"]);
    expect(await use(control, key)).toEqual([403, "access_withdrawn"]);
    await organization.member("henry", developerOn("vault_1")).call("GET", "/-/me");
    expect(await use(control, key)).toEqual([200]);
    const query = `action=user.roles_changed&target=henry`;
    const audit = await organization.admin.call("GET", `/-/audit-events?${query}`);
    expect((await audit.json<{ data: object[] }>()).data).toMatchObject([
      { after: { vaultRoles: { vault_1: ["developer"] } } },
      { actor: { id: "portcullis" }, after: { vaultRoles: {} } },
    ]);
  });

  test("count for nothing in a token that was too old before it was seen", async () => {
    const iat = now() - HOUR_S - 5;
    const me = await organization
      .member("ivan", { ...developerOn("*"), roles: ["admin"], iat })
      .call("GET", "/-/me");
    expect(await me.json()).toMatchObject({ roles: [], vaultRoles: {} });
  });

  test("do not end what SCIM says", async () => {
    const scim = await scimClient(control, organization);
    const id = await scim.create("/Users", { userName: "judy" });
    await scim.create("/Groups", { displayName: "vault_1:developer", members: [{ value: id }] });
    const judy = organization.member("judy", { ...developerOn("vault_1"), iat: now() - HOUR_S - 5 });
    expect(await use(control, await judy.createKey())).toEqual([200]);
  });
});

describe("the owner of a new key", () => {
  test("is whoever asks, who may say so", async () => {
    const member = organization.member("erin", developerOn("vault_1"));
    const { id } = await member.createKey({ ownerId: "erin" });
    const key = await member.call("GET", `/-/api-keys/${id}`);
    expect(await key.json()).toMatchObject({ owner: { id: "erin" }, createdBy: "erin" });
  });

  test.each(["", "nobody", "erin"])(
    "cannot be %j, whom an admin names: a person makes her own",
    async (ownerId) => {
      const answer = await organization.admin.call("POST", "/-/api-keys", { ...NEW_KEY, ownerId });
      expect(await refusalOf(answer)).toEqual([422, "invalid_value", "ownerId"]);
    },
  );
});

describe("the vaults of a new key", () => {
  test.each<[string, object, unknown]>([
    ["that its owner has no role on", developerOn("vault_1"), ["vault_2"]],
    ["one of which its owner has no role on", developerOn("vault_1"), ["vault_1", "vault_2"]],
    [
      "that its owner has another role on",
      { vault_roles: { vault_1: ["developer"], vault_2: ["viewer"] } },
      ["vault_2"],
    ],
  ])("cannot be vaults %s", async (_, claims, vaults) => {
    expect(await refusalOf(await create(claims, { vaults }))).toEqual([422, "invalid_value", "vaults"]);
  });

  test("can be any for a developer on all of them", async () => {
    expect((await create(developerOn("*"), { vaults: ["vault_1", "vault_that_comes_later"] })).status).toBe(
      201,
    );
  });

  test('are those of its owner alone when it is made for "*"', async () => {
    const member = organization.member("frank", developerOn("vault_1", "vault_2"));
    const { key } = await member.createKey({ vaults: "*" });
    const from = freshAddress();
    const outcomes: unknown[] = [];
    for (const vault of ["vault_1", "vault_2", "vault_3"]) {
      outcomes.push((await control.call("GET", `/v1/vaults/${vault}`, { as: key, from })).status);
    }
    expect(outcomes).toEqual([200, 200, 404]);
  });
});

describe("a new key takes a fresh second factor:", () => {
  test.each<[string, object]>([
    ["no statement of factors", { amr: undefined }],
    ["a password alone", { amr: ["pwd"] }],
    ["one-time password without a statement that it was a second factor", { amr: ["otp"] }],
    ["no time of sign-in", { auth_time: undefined }],
    ["a sign-in more than five minutes ago", { auth_time: now() - 310 }],
    ["a sign-in that is yet to be", { auth_time: now() + 120 }],
  ])("%s is refused with what to ask for", async (_, claims) => {
    const answer = await create({ ...developerOn("vault_1"), ...claims });
    expect(answer.headers.get("WWW-Authenticate")).toBe(
      'Bearer realm="portcullis", error="insufficient_user_authentication", ' +
        'error_description="This needs a fresh second factor.", ' +
        'acr_values="http://schemas.openid.net/pape/policies/2007/06/multi-factor", max_age="300"',
    );
    expect(await refusalOf(answer)).toEqual([401, "mfa_required"]);
  });

  test("a sign-in within five minutes will do", async () => {
    expect((await create({ ...developerOn("vault_1"), amr: ["mfa"], auth_time: now() - 280 })).status).toBe(
      201,
    );
  });

  test("whoever lacks the role is told that first", async () => {
    expect(await refusalOf(await create({ amr: [] }))).toEqual([403, "role_required"]);
    const other = await create({ ...developerOn("vault_1"), amr: [] }, { ownerId: "alice" });
    expect(await refusalOf(other)).toEqual([403, "role_required"]);
  });

  test("a key is read, changed and revoked without one", async () => {
    const { id } = await organization.member("grace", developerOn("vault_1")).createKey();
    const grace = organization.member("grace", { ...developerOn("vault_1"), amr: [] });
    expect((await grace.call("GET", `/-/api-keys/${id}`)).status).toBe(200);
    expect((await grace.call("PATCH", `/-/api-keys/${id}`, { disabled: true })).status).toBe(200);
    expect((await grace.call("DELETE", `/-/api-keys/${id}`)).status).toBe(200);
  });
});

describe("an organisation", () => {
  test("makes no keys before it is set up", async () => {
    const admin = control.person({ ...developerOn("*"), sub: "alice", org_id: "org_new", roles: ["admin"] });
    expect(await refusalOf(await admin.call("POST", "/-/api-keys", NEW_KEY))).toEqual([
      409,
      "not_bootstrapped",
    ]);
    expect(await (await admin.call("GET", "/-/organization")).json()).toEqual({
      id: "org_new",
      bootstrapped: false,
      bootstrappedAt: null,
      groupsWithoutRole: [],
    });
  });

  test("is set up by an admin", async () => {
    const member = control.person({ ...developerOn("*"), sub: "bob", org_id: "org_members" });
    expect(await refusalOf(await member.call("POST", "/-/organization/bootstrap"))).toEqual([
      403,
      "role_required",
    ]);
  });

  test("is set up once, whoever asks at the same time", async () => {
    const admin = control.person({ sub: "alice", org_id: "org_once", roles: ["admin"] });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => admin.call("POST", "/-/organization/bootstrap")),
    );
    const [first, ...others] = answers.toSorted((a, b) => a.status - b.status);
    expect(first?.status).toBe(201);
    for (const other of others) expect(await refusalOf(other)).toEqual([409, "already_exists"]);
    const { bootstrapped } = await (
      await admin.call("GET", "/-/organization")
    ).json<{
      bootstrapped: boolean;
    }>();
    expect(bootstrapped).toBe(true);
  });
});
