import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, memberClaims, type Organization, type Person } from "../support/control.ts";
import { setOutage } from "../support/operators.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { scimClient, tryToCreateKey, use, type ScimClient } from "../support/scim.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;
let client: ScimClient;

const control = await useControl({ faults: { guard: "FlakyGuard" } });
beforeEach(async () => {
  organization = await control.newOrganization();
  client = await scimClient(control, organization);
});

const REFUSED = [403, "role_required"];
const WITHDRAWN = [403, "access_withdrawn"];
/** The owner has lost this vault and still has another. */
const HIDDEN = [404, "not_found"];
const REVOKED = [401, "api_key_revoked"];

const deactivate = (id: string) => client.patch(`/Users/${id}`, { op: "replace", value: { active: false } });
const bobWith = (claims: object = developerOn("vault_1")) => organization.member("bob", { ...claims });

/** Somebody whose token was issued so many seconds from now. */
function bobIssued(seconds: number, claims: object): Person {
  const iat = Math.floor(Date.now() / 1000) + seconds;
  return control.person(memberClaims({ sub: "bob", org_id: organization.id, iat, ...claims }));
}

interface Match {
  readonly name: string;
  readonly scim: { readonly userName: string; readonly externalId?: string; readonly emails?: object[] };
  readonly claims: {
    readonly sub: string;
    readonly email?: string;
    readonly email_verified?: boolean | string;
  };
  readonly same: boolean;
}

const MATCHES: readonly Match[] = [
  {
    name: "externalId is the subject",
    scim: { userName: "b", externalId: "sub-1" },
    claims: { sub: "sub-1" },
    same: true,
  },
  {
    name: "externalId is the subject in other letters",
    scim: { userName: "b", externalId: "SUB-1" },
    claims: { sub: "sub-1" },
    same: true,
  },
  { name: "userName is the subject", scim: { userName: "Sub-1" }, claims: { sub: "sub-1" }, same: true },
  {
    name: "userName is the e-mail address",
    scim: { userName: "Bob@Example.com", externalId: "other" },
    claims: { sub: "sub-1", email: "bob@example.com" },
    same: true,
  },
  {
    name: "userName is the e-mail address with letters beyond ASCII",
    scim: { userName: "JÜRGEN@example.com" },
    claims: { sub: "sub-1", email: "jürgen@example.com" },
    same: true,
  },
  {
    name: "one of the e-mail addresses is the e-mail address in other letters",
    scim: {
      userName: "b",
      emails: [{ value: "b@home.example" }, { type: "work", value: "Bob@Example.com" }],
    },
    claims: { sub: "sub-1", email: "bob@example.com" },
    same: true,
  },
  {
    name: "one of the e-mail addresses is the e-mail address with spaces and letters composed otherwise",
    scim: { userName: "b", emails: [{ value: " JU\u0308RGEN@example.com " }] },
    claims: { sub: "sub-1", email: "j\u00fcrgen@example.com" },
    same: true,
  },
  {
    name: "one of the e-mail addresses is the e-mail address, which is verified",
    scim: { userName: "b", emails: [{ value: "bob@example.com" }] },
    claims: { sub: "sub-1", email: "bob@example.com", email_verified: true },
    same: true,
  },
  {
    name: "one of the e-mail addresses is an e-mail address that is not verified",
    scim: { userName: "b", emails: [{ value: "bob@example.com" }] },
    claims: { sub: "sub-1", email: "bob@example.com", email_verified: false },
    same: false,
  },
  {
    name: "userName is an e-mail address that is not verified, said as text",
    scim: { userName: "bob@example.com" },
    claims: { sub: "sub-1", email: "bob@example.com", email_verified: "false" },
    same: false,
  },
  {
    name: "one of the e-mail addresses is the subject",
    scim: { userName: "b", emails: [{ value: "bob@example.com" }] },
    claims: { sub: "bob@example.com" },
    same: false,
  },
  {
    name: "an e-mail address is empty, and so is the claim",
    scim: { userName: "b", emails: [{ value: "" }] },
    claims: { sub: "sub-1", email: "" },
    same: false,
  },
  {
    name: "nothing is the same",
    scim: { userName: "b", externalId: "e" },
    claims: { sub: "sub-1", email: "bob@example.com" },
    same: false,
  },
  {
    name: "externalId is the e-mail address",
    scim: { userName: "b", externalId: "bob@example.com" },
    claims: { sub: "sub-1", email: "bob@example.com" },
    same: false,
  },
];

describe.each(MATCHES)("when $name", ({ scim, claims, same }) => {
  const verdict = same ? "one" : "two";

  test(`a SCIM user who comes after the token and its person are ${verdict}`, async () => {
    const person = organization.member(claims.sub, { ...claims, ...developerOn("vault_1") });
    const key = await person.createKey();
    const id = await client.create("/Users", scim);
    expect(await use(control, key)).toEqual([200]);
    expect((await deactivate(id)).status).toBe(200);
    expect(await use(control, key)).toEqual(same ? REVOKED : [200]);
  });

  test(`a SCIM user who comes before the token and its person are ${verdict}`, async () => {
    await client.create("/Users", { ...scim, active: false });
    const person = organization.member(claims.sub, { ...claims, ...developerOn("vault_1") });
    expect(await tryToCreateKey(person)).toEqual(same ? REFUSED : [201]);
  });
});

test("a closer match counts before one that was there first", async () => {
  const byMail = await client.create("/Users", { userName: "bob@example.com" });
  const bySubject = await client.create("/Users", { userName: "x", externalId: "bob" });
  const bob = bobWith({ email: "bob@example.com", ...developerOn("vault_1") });
  const key = await bob.createKey();
  await deactivate(byMail);
  expect(await use(control, key)).toEqual([200]);
  await deactivate(bySubject);
  expect(await use(control, key)).toEqual(REVOKED);
});

test.each([
  ["externalId", { op: "add", path: "externalId", value: "bob" }],
  ["userName", { op: "Replace", path: "userName", value: "BOB" }],
])("a PATCH of %s can make a SCIM user somebody, who has their roles from then on", async (_, operation) => {
  const bob = bobWith({});
  const id = await client.create("/Users", { userName: "nobody", roles: [{ value: "vault_1:developer" }] });
  expect(await tryToCreateKey(bob)).toEqual(REFUSED);
  expect((await client.patch(`/Users/${id}`, operation)).status).toBe(200);
  expect(await tryToCreateKey(bob)).toEqual([201]);
});

test.each([
  ["in one request, as Entra does", true],
  ["in two requests", false],
])("a user who is renamed and deactivated %s is cut off", async (_, atOnce) => {
  const bob = bobWith({ email: "bob@example.com", ...developerOn("vault_1") });
  const key = await bob.createKey();
  const id = await client.create("/Users", { userName: "bob@example.com" });
  const operations = [
    { op: "Replace", path: "userName", value: "deleted-bob@example.com" },
    { op: "Replace", path: "active", value: "False" },
  ];
  if (atOnce) await client.patch(`/Users/${id}`, ...operations);
  else for (const operation of operations) await client.patch(`/Users/${id}`, operation);
  expect(await use(control, key)).toEqual(REVOKED);
  expect(await tryToCreateKey(bob)).toEqual(REFUSED);
});

test("a SCIM user without groups and roles changes nothing", async () => {
  const key = await bobWith().createKey();
  await client.create("/Users", { userName: "bob" });
  expect(await use(control, key)).toEqual([200]);
  expect(await tryToCreateKey(bobWith())).toEqual([201]);
});

interface Way {
  readonly name: string;
  readonly give: (user: string, role: string) => Promise<unknown>;
  readonly take: (user: string) => Promise<unknown>;
}

const groupPath = async () => `/Groups/${(await client.call("GET", "/Groups")).body.Resources[0]?.id}`;
const inGroup = async (user: string, role: string) => {
  await client.create("/Groups", { displayName: role, members: [{ value: user }] });
};

const WAYS: readonly Way[] = [
  {
    name: "a membership",
    give: inGroup,
    take: async (user) =>
      client.patch(await groupPath(), { op: "remove", path: `members[value eq "${user}"]` }),
  },
  {
    name: "a group",
    give: inGroup,
    take: async () => client.call("DELETE", await groupPath()),
  },
  {
    name: "a group's name",
    give: inGroup,
    take: async () => client.patch(await groupPath(), { op: "replace", value: { displayName: "staff" } }),
  },
  {
    name: "the user's roles",
    give: (user, role) =>
      client.patch(`/Users/${user}`, { op: "add", path: "roles", value: [{ value: role }] }),
    take: (user) => client.patch(`/Users/${user}`, { op: "remove", path: "roles" }),
  },
];

describe.each(WAYS)("a role by $name", ({ give, take }) => {
  test("reaches the keys when it is given, and leaves them when it is taken", async () => {
    const bob = bobWith();
    const key = await bob.createKey();
    const lostClaim = bobWith({});
    await lostClaim.call("GET", "/-/api-keys");
    expect(await use(control, key)).toEqual(WITHDRAWN);

    const id = await client.create("/Users", { userName: "bob" });
    await give(id, "vault_1:developer");
    expect(await use(control, key)).toEqual([200]);
    await take(id);
    expect(await use(control, key)).toEqual(WITHDRAWN);
  });

  test("that is taken is gone though an earlier token still says it, until a newer one does", async () => {
    const earlier = bobIssued(-60, developerOn("vault_1", "vault_2"));
    const key = await earlier.createKey();
    const id = await client.create("/Users", { userName: "bob" });
    await give(id, "vault_1:developer");
    await take(id);
    expect(await use(control, key)).toEqual(HIDDEN);
    await bobIssued(-30, developerOn("vault_1", "vault_2")).call("GET", "/-/api-keys");
    expect(await use(control, key)).toEqual(HIDDEN);
    await bobIssued(5, developerOn("vault_1", "vault_2")).call("GET", "/-/api-keys");
    expect(await use(control, key)).toEqual([200]);
  });

  test("stays when a token no longer says it, as long as SCIM does", async () => {
    const key = await bobWith().createKey();
    const id = await client.create("/Users", { userName: "bob" });
    await give(id, "vault_1:developer");
    await bobWith({}).call("GET", "/-/api-keys");
    expect(await use(control, key)).toEqual([200]);
  });
});

test("the group admin makes admins, and unmakes them", async () => {
  const bob = bobWith({});
  const listAll = async () => (await bob.call("GET", "/-/api-keys?owner=*")).status;
  expect(await listAll()).toBe(403);
  const id = await client.create("/Users", { userName: "bob" });
  const group = await client.create("/Groups", { displayName: "admin", members: [{ value: id }] });
  expect(await listAll()).toBe(200);
  await client.patch(`/Groups/${group}`, { op: "Remove", path: "members", value: [{ value: id }] });
  expect(await listAll()).toBe(403);
});

test.each(["ADMIN", "Admin", " admin "])("the group %s makes admins", async (displayName) => {
  const id = await client.create("/Users", { userName: "bob" });
  await client.create("/Groups", { displayName, members: [{ value: id }] });
  expect((await bobWith({}).call("GET", "/-/api-keys?owner=*")).status).toBe(200);
});

test.each(["vault_1:Developer", "*:DEVELOPER"])("the group %s makes developers", async (displayName) => {
  const id = await client.create("/Users", { userName: "bob" });
  await client.create("/Groups", { displayName, members: [{ value: id }] });
  expect(await tryToCreateKey(bobWith({}))).toEqual([201]);
});

test("whoever leaves one of two groups that give a role keeps it, and loses it with the other", async () => {
  const bob = bobWith();
  const key = await bob.createKey();
  const members = [{ value: await client.create("/Users", { userName: "bob" }) }];
  const one = await client.create("/Groups", { displayName: "vault_1:developer", members });
  const two = await client.create("/Groups", { displayName: "*:developer", members });
  await client.call("DELETE", `/Groups/${one}`);
  expect(await use(control, key)).toEqual([200]);
  await client.call("DELETE", `/Groups/${two}`);
  expect(await use(control, key)).toEqual(WITHDRAWN);
});

test.each(["Developers", "admins", "developer", ":developer", "vault_1:owner", "vault_1:developer:x"])(
  "a group named %s means nothing",
  async (displayName) => {
    const id = await client.create("/Users", { userName: "bob" });
    await client.create("/Groups", { displayName, members: [{ value: id }] });
    expect(await tryToCreateKey(bobWith({}))).toEqual(REFUSED);
    expect((await bobWith({}).call("GET", "/-/api-keys?owner=*")).status).toBe(403);
  },
);

describe("somebody who was deactivated", () => {
  test("keeps no key, with the reason and an event for each", async () => {
    const keys = [await bobWith().createKey(), await bobWith().createKey()];
    const id = await client.create("/Users", { userName: "bob" });
    await deactivate(id);
    for (const key of keys) {
      const answer = await organization.admin.call("GET", `/-/api-keys/${key.id}`);
      expect(await answer.json()).toMatchObject({
        status: "revoked",
        revokedBy: "scim",
        revocationReason: "Owner deactivated",
      });
    }
    const audit = await organization.admin.call("GET", "/-/audit-events?actor=scim&action=api_key.revoked");
    const { data } = await audit.json<{ data: { target: string }[] }>();
    expect(data.map(({ target }) => target).toSorted()).toEqual(keys.map(({ id: key }) => key).toSorted());
  });

  test("manages nothing, admin or not", async () => {
    const bob = bobWith({ roles: ["admin"], ...developerOn("*") });
    expect((await bob.call("GET", "/-/service-users")).status).toBe(200);
    await deactivate(await client.create("/Users", { userName: "bob" }));
    for (const path of ["/-/service-users", "/-/api-keys", "/-/organization", "/-/audit-events"]) {
      const answer = await bob.call("GET", path);
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  test.each([
    ["by PATCH", (path: string) => client.patch(path, { op: "replace", value: { active: true } })],
    ["by PUT", (path: string) => client.call("PUT", path, { userName: "bob", active: true })],
  ])(
    "may make keys again by a newer token when reactivated %s, and the old ones stay dead",
    async (_, reactivate) => {
      const key = await bobWith().createKey();
      const id = await client.create("/Users", { userName: "bob" });
      await client.call("PUT", `/Users/${id}`, { userName: "bob", active: false });
      expect(await tryToCreateKey(bobWith())).toEqual(REFUSED);
      await reactivate(`/Users/${id}`);
      expect(await use(control, key)).toEqual(REVOKED);
      expect(await tryToCreateKey(bobIssued(1, developerOn("vault_1")))).toEqual([201]);
    },
  );
});

describe("somebody who was deleted", () => {
  test("is out, with every token, until SCIM creates them again", async () => {
    const key = await bobWith().createKey();
    const id = await client.create("/Users", { userName: "bob", externalId: "e1" });
    expect((await client.call("DELETE", `/Users/${id}`)).status).toBe(204);
    expect(await use(control, key)).toEqual(REVOKED);
    expect(await tryToCreateKey(bobWith())).toEqual(REFUSED);
    expect(await tryToCreateKey(bobIssued(5, developerOn("vault_1")))).toEqual(REFUSED);
    expect((await client.call("GET", "/Users")).body.totalResults).toBe(0);

    await client.create("/Users", { userName: "someone else", externalId: "BOB" });
    expect(await tryToCreateKey(bobIssued(6, developerOn("vault_1")))).toEqual([201]);
    expect(await use(control, key)).toEqual(REVOKED);
  });

  test("is out even if nobody had seen them before", async () => {
    const id = await client.create("/Users", { userName: "bob" });
    await client.call("DELETE", `/Users/${id}`);
    expect(await tryToCreateKey(bobWith())).toEqual(REFUSED);
  });

  test("is in no group any more", async () => {
    const id = await client.create("/Users", { userName: "bob" });
    const group = await client.create("/Groups", { displayName: "staff", members: [{ value: id }] });
    await client.call("DELETE", `/Users/${id}`);
    expect((await client.call("GET", `/Groups/${group}`)).body["members"]).toEqual([]);
  });
});

interface Loss {
  readonly name: string;
  readonly act: (user: string, group: string) => ReturnType<ScimClient["call"]>;
  readonly status: number;
  readonly after: readonly unknown[];
}

const LOSSES: readonly Loss[] = [
  { name: "deactivation", act: deactivate, status: 200, after: REVOKED },
  {
    name: "deletion",
    act: (user) => client.call("DELETE", `/Users/${user}`),
    status: 204,
    after: REVOKED,
  },
  {
    name: "removal from a group",
    act: (user, group) =>
      client.patch(`/Groups/${group}`, { op: "remove", path: `members[value eq "${user}"]` }),
    status: 204,
    after: WITHDRAWN,
  },
  {
    name: "deletion of a group",
    act: (_, group) => client.call("DELETE", `/Groups/${group}`),
    status: 204,
    after: WITHDRAWN,
  },
];

describe.each(["guard unreachable", "guard answer lost"] as const)("while the %s", (outage) => {
  test.each(LOSSES)("a $name is not acknowledged, and a repetition finishes it", async (loss) => {
    const key: CreatedKey = await bobWith().createKey();
    const id = await client.create("/Users", { userName: "bob" });
    const group = await client.create("/Groups", {
      displayName: "vault_1:developer",
      members: [{ value: id }],
    });
    await setOutage(control, organization.id, outage);
    const answer = await loss.act(id, group);
    expect(answer).toMatchObject({ status: 503, body: { status: "503" } });
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
    expect((await loss.act(id, group)).status).toBe(503);
    await setOutage(control, organization.id, null);
    expect((await loss.act(id, group)).status).toBe(loss.status);
    expect(await use(control, key)).toEqual(loss.after);
  });
});
