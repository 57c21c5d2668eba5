import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf, type Organization } from "../support/control.ts";
import { setOutage } from "../support/operators.ts";
import { scimClient, use, type ScimClient } from "../support/scim.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;
let client: ScimClient;

const control = await useControl({ faults: { guard: "FlakyGuard" } });
beforeEach(async () => {
  organization = await control.newOrganization();
  client = await scimClient(control, organization);
});

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly lastSignInAt: string | null;
}

async function people(query = ""): Promise<{ data: Listed[]; pagination: { nextCursor: string | null } }> {
  const answer = await organization.admin.call("GET", `/-/people${query}`);
  expect(answer.status).toBe(200);
  return await answer.json<Awaited<ReturnType<typeof people>>>();
}

test("everybody with a role or a key is listed by name, with what gives the role, and who SCIM knows besides", async () => {
  const bob = organization.member("bob", {
    name: "bob",
    email: "bob@example.com",
    ...developerOn("vault_1"),
  });
  await bob.createKey();
  const revoked = await bob.createKey();
  await bob.call("DELETE", `/-/api-keys/${revoked.id}`);
  await organization.member("nobody", { name: "Nobody" }).call("GET", "/-/me");
  const carl = await client.create("/Users", {
    userName: "carl@example.com",
    displayName: "Carl",
    emails: [{ value: "c@home.example" }, { value: "carl@example.com", primary: true }],
    active: false,
  });
  const dora = await client.create("/Users", { userName: "dora" });
  const members = [{ value: await client.create("/Users", { userName: "bob" }) }, { value: dora }];
  await client.create("/Groups", { displayName: "Vault_2:Developer", members });
  await organization.admin.call("POST", "/-/service-users", {
    name: "Reports",
    vaultRoles: { "*": ["developer"] },
  });

  const { data, pagination } = await people();
  expect(data).toEqual([
    {
      id: "alice",
      name: "Alice",
      email: null,
      active: true,
      roles: [
        { role: "admin", from: "token" },
        { role: "*:developer", from: "token" },
      ],
      keys: 0,
      lastSignInAt: expect.any(String),
      scim: null,
    },
    {
      id: "bob",
      name: "bob",
      email: "bob@example.com",
      active: true,
      roles: [
        { role: "vault_1:developer", from: "token" },
        { role: "Vault_2:developer", from: "scim" },
      ],
      keys: 1,
      lastSignInAt: expect.any(String),
      scim: "matched",
    },
    {
      id: carl,
      name: "Carl",
      email: "carl@example.com",
      active: false,
      roles: [],
      keys: 0,
      lastSignInAt: null,
      scim: "unmatched",
    },
    {
      id: dora,
      name: "dora",
      email: null,
      active: true,
      roles: [{ role: "Vault_2:developer", from: "scim" }],
      keys: 0,
      lastSignInAt: null,
      scim: "unmatched",
    },
  ]);
  expect(pagination).toEqual({ limit: 100, nextCursor: null });
  const [alice] = data;
  expect(Math.abs(Date.now() - Date.parse(alice?.lastSignInAt ?? ""))).toBeLessThan(60_000);
});

test("a SCIM user is listed once nobody is them any more, and not while somebody is, beside another", async () => {
  const emails = [{ value: "ann@x.example" }];
  const both = [
    await client.create("/Users", { userName: "a1", emails }),
    await client.create("/Users", { userName: "a2", emails }),
  ];
  const ann = organization.member("ann", { ...developerOn("vault_1"), email: "ann@x.example" });
  const key = await ann.createKey();
  const shown = async () => (await people()).data.map(({ id }) => id).toSorted();
  expect(await shown()).toEqual(["alice", "ann"]);

  await client.create("/Users", { userName: "ann" });
  expect(await shown()).toEqual(["alice", "ann", ...both].toSorted());
  // Whom ann was found to be still cuts her off.
  expect(await use(control, key)).toEqual([200]);
  await client.patch(`/Users/${both[1]}`, { op: "replace", path: "active", value: false });
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
});

test("pages go on where they ended, people of one name included", async () => {
  for (let i = 0; i < 5; i++)
    await client.create("/Users", { userName: `u${i}`, displayName: i < 3 ? "Same" : `Z${i}` });
  const whole = (await people()).data.map(({ id }) => id);
  expect(whole).toHaveLength(6);
  const paged: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await people(`?limit=2${cursor === null ? "" : `&nextCursor=${cursor}`}`);
    expect(page.data.length).toBeLessThanOrEqual(2);
    paged.push(...page.data.map(({ id }) => id));
    cursor = page.pagination.nextCursor;
  } while (cursor !== null);
  expect(paged).toEqual(whole);
  const bad = await organization.admin.call("GET", "/-/people?nextCursor=bad");
  expect(await refusalOf(bad)).toEqual([400, "invalid_request", "nextCursor"]);
});

test("people whom SCIM alone knows are named by what it tells of them, and found by it", async () => {
  const emails = [{ value: "Zoe@Mail.example" }, { value: "z@home.example" }];
  const zoe = await client.create("/Users", { userName: "u-1", name: { formatted: "Zoë Kim" }, emails });
  const gil = await client.create("/Users", {
    userName: "u-2",
    name: { givenName: "Gil", familyName: "Roe" },
  });
  const found = async (q: string) =>
    (await people(`?q=${encodeURIComponent(q)}`)).data.map(({ id, name }) => [id, name]);
  for (const q of ["zoë k", "ZOE@MAIL", "z@home", "u-1", zoe])
    expect(await found(q)).toEqual([[zoe, "Zoë Kim"]]);
  for (const q of ["gil roe", "U-2"]) expect(await found(q)).toEqual([[gil, "Gil Roe"]]);
  const one = await organization.admin.call("GET", `/-/people/${gil}`);
  expect(await one.json()).toMatchObject({ id: gil, name: "Gil Roe", scim: "unmatched" });
  expect(await found("nobody")).toEqual([]);
});

test("somebody whom SCIM has deleted has neither a role nor a key left, and is not listed", async () => {
  const bob = organization.member("bob", { roles: ["admin"] });
  const id = await client.create("/Users", { userName: "bob" });
  await bob.call("GET", "/-/me");
  await client.call("DELETE", `/Users/${id}`);
  expect((await people()).data.map((each) => each.id)).toEqual(["alice"]);
});

test("somebody who left is not matched with the next owner of their address, who is listed beside them", async () => {
  const ann = organization.member("auth0|ann", { email: "ann@x.example", roles: ["admin"] });
  const next = await client.create("/Users", { userName: "ann@x.example", displayName: "Next" });
  await ann.call("GET", "/-/me");
  const left = await client.create("/Users", { userName: "left", externalId: "auth0|ann" });
  await client.call("DELETE", `/Users/${left}`);
  await client.patch(`/Users/${next}`, { op: "add", path: "externalId", value: "auth0|next" });
  const one = await organization.admin.call("GET", "/-/people/auth0%7Cann");
  expect(await one.json()).toMatchObject({ active: false, scim: "deleted" });
  expect((await people("?q=next")).data).toMatchObject([{ id: next, scim: "unmatched" }]);
});

describe("cutting somebody off", () => {
  const revokeAll = (id: string, body: object = { reason: "Laptop stolen" }) =>
    organization.admin.call("POST", `/-/people/${encodeURIComponent(id)}/revoke-keys`, body);

  test("revokes all of their keys and nobody else's, with receipts, and again gives the same", async () => {
    const bob = organization.member("auth0|bob/1", developerOn("vault_1"));
    const keys = [await bob.createKey(), await bob.createKey(), await bob.createKey({ expiresIn: "30d" })];
    const other = await organization.member("carl", developerOn("vault_1")).createKey();
    for (const key of keys) expect(await use(control, key)).toEqual([200]);

    const answer = await revokeAll("auth0|bob/1");
    expect(answer.status).toBe(200);
    const { receipts } = await answer.json<{ receipts: { keyId: string }[] }>();
    expect(receipts.map(({ keyId }) => keyId).toSorted()).toEqual(keys.map(({ id }) => id).toSorted());
    for (const receipt of receipts) {
      expect(receipt).toMatchObject({ status: "revoked", requestedAt: expect.any(String), version: 2 });
    }
    for (const key of keys) expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
    expect(await use(control, other)).toEqual([200]);
    expect(await (await revokeAll("auth0|bob/1")).json()).toEqual({ receipts });
    const key = await organization.admin.call("GET", `/-/api-keys/${keys[0]?.id}`);
    expect(await key.json()).toMatchObject({ revokedBy: "alice", revocationReason: "Laptop stolen" });
    const audit = await organization.admin.call("GET", "/-/audit-events?action=person.keys_revoked");
    expect(await audit.json()).toMatchObject({
      data: [{ target: "auth0|bob/1", before: { keys: 3 }, after: { keys: 0, reason: "Laptop stolen" } }],
    });
  });

  test("is not acknowledged while a guard does not answer, and a repetition finishes it", async () => {
    const bob = organization.member("bob", developerOn("vault_1"));
    const keys = [await bob.createKey(), await bob.createKey()];
    await setOutage(control, organization.id, "guard unreachable");
    expect(await refusalOf(await revokeAll("bob"))).toEqual([503, "admission_unavailable"]);
    await setOutage(control, organization.id, null);
    const answer = await revokeAll("bob");
    expect((await answer.json<{ receipts: object[] }>()).receipts).toHaveLength(2);
    for (const key of keys) expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  });

  test("of somebody without keys has no receipts; strangers and service users are not found", async () => {
    const id = await client.create("/Users", { userName: "dora" });
    expect(await (await revokeAll(id)).json()).toEqual({ receipts: [] });
    expect(await refusalOf(await revokeAll("stranger"))).toEqual([404, "not_found"]);
    const service = await organization.admin.call("POST", "/-/service-users", { name: "Reports" });
    const { id: serviceId } = await service.json<{ id: string }>();
    expect(await refusalOf(await revokeAll(serviceId))).toEqual([404, "not_found"]);
  });

  test("takes a reason, and an admin", async () => {
    const bob = organization.member("bob", developerOn("vault_1"));
    const key = await bob.createKey();
    for (const body of [{}, { reason: 7 }]) expect((await revokeAll("bob", body)).status).toBe(400);
    expect(await refusalOf(await revokeAll("bob", { reason: " " }))).toEqual([
      422,
      "invalid_value",
      "reason",
    ]);
    const own = await bob.call("POST", "/-/people/bob/revoke-keys", { reason: "x" });
    expect(await refusalOf(own)).toEqual([403, "role_required"]);
    expect(await refusalOf(await bob.call("GET", "/-/people"))).toEqual([403, "role_required"]);
    expect(await use(control, key)).toEqual([200]);
  });
});

test("admins are told which groups give no role, and nobody else is", async () => {
  for (const displayName of ["Developers", "admin", "*:developer", "board"]) {
    await client.create("/Groups", { displayName });
  }
  const asAdmin = await organization.admin.call("GET", "/-/organization");
  expect(await asAdmin.json()).toMatchObject({ groupsWithoutRole: ["board", "Developers"] });
  const asMember = await organization.member("bob").call("GET", "/-/organization");
  expect(await asMember.json()).not.toHaveProperty("groupsWithoutRole");
});
