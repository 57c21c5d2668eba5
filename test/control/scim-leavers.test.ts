import { describe, expect, test } from "vitest";
import { developerOn, memberClaims, type Person } from "../support/control.ts";
import { tryToCreateKey, use, scimPerTest } from "../support/scim.ts";

/** Whoever leaves is out, in whatever order their token and SCIM tell of them. */

const scim = scimPerTest();

const REVOKED = [401, "api_key_revoked"];
const REFUSED = [403, "role_required"];
const ANN = "ann@example.com";

/** Ann, whose subject says nothing, with a token issued so many seconds from now. */
function annIssued(seconds: number, claims: object = {}): Person {
  const iat = Math.floor(Date.now() / 1000) + seconds;
  const who = { sub: "auth0|ann", email: ANN, org_id: scim.organization.id, iat };
  return scim.control.person(memberClaims({ ...who, ...developerOn("vault_1"), ...claims }));
}

const create = (user: object) => scim.client.create("/Users", { userName: crypto.randomUUID(), ...user });
const withMail = (value: string) => ({ emails: [{ type: "work", value }] });
const set = (id: string, value: object) => scim.client.patch(`/Users/${id}`, { op: "replace", value });
const deactivate = (id: string) => set(id, { active: false });
const remove = (id: string) => scim.client.call("DELETE", `/Users/${id}`);

interface Leave {
  readonly name: string;
  /** What happens after Ann has made a key. */
  readonly act: () => Promise<unknown>;
  /** Whether it takes that they were seen before. */
  readonly seen?: boolean;
}

const LEAVES: readonly Leave[] = [
  { name: "by address", act: async () => deactivate(await create(withMail(ANN))) },
  {
    name: "by an address in other letters",
    act: async () => deactivate(await create(withMail("Ann@EXAMPLE.com"))),
  },
  {
    name: "by one of several addresses",
    act: async () => deactivate(await create({ emails: [{ value: "a@home.example" }, { value: ANN }] })),
  },
  { name: "by address, deleted", act: async () => remove(await create(withMail(ANN))) },
  { name: "created as somebody inactive", act: () => create({ ...withMail(ANN), active: false }) },
  {
    name: "with an address that came later",
    act: async () => {
      const id = await create({});
      await set(id, withMail(ANN));
      await deactivate(id);
    },
  },
  {
    name: "with an address that came when they were inactive",
    act: async () => {
      const id = await create({ active: false });
      await scim.client.patch(`/Users/${id}`, {
        op: "add",
        path: 'emails[type eq "work"].value',
        value: ANN,
      });
    },
  },
  {
    name: "with another address by then",
    act: async () => {
      const id = await create(withMail(ANN));
      await set(id, withMail("gone@example.com"));
      await deactivate(id);
    },
  },
  {
    name: "with another address in the same request",
    act: async () => set(await create(withMail(ANN)), { ...withMail("gone@example.com"), active: false }),
  },
  {
    name: "when all of a thousand addresses go in the same request",
    act: async () => {
      const many = Array.from({ length: 999 }, (_, i) => ({ value: `a${i}@example.com` }));
      const id = await create({ emails: [...many, { value: ANN }] });
      await scim.client.call("PUT", `/Users/${id}`, { userName: "gone", active: false });
    },
  },
  {
    name: "without any address by then",
    act: async () => {
      const id = await create(withMail(ANN));
      await scim.client.patch(`/Users/${id}`, { op: "remove", path: "emails" });
      await remove(id);
    },
  },
  {
    name: "after the token has another address",
    seen: true,
    act: async () => {
      const id = await create(withMail(ANN));
      await annIssued(1, { email: "new@example.com" }).call("GET", "/-/me");
      await deactivate(id);
    },
  },
  {
    name: "after the token has no address",
    seen: true,
    act: async () => {
      const id = await create(withMail(ANN));
      await annIssued(1, { email: undefined }).call("GET", "/-/me");
      await deactivate(id);
    },
  },
  {
    name: "whom SCIM first knows after a token without an address",
    seen: true,
    act: async () => {
      await annIssued(1, { email: undefined }).call("GET", "/-/me");
      await deactivate(await create(withMail(ANN)));
    },
  },
  {
    name: "whom SCIM creates inactive after a token without an address",
    seen: true,
    act: async () => {
      await annIssued(1, { email: undefined }).call("GET", "/-/me");
      await create({ ...withMail(ANN), active: false });
    },
  },
  {
    name: "after the token's address is not verified any more",
    seen: true,
    act: async () => {
      const id = await create(withMail(ANN));
      await annIssued(1, { email_verified: false }).call("GET", "/-/me");
      await deactivate(id);
    },
  },
  {
    name: "when one of two with the same address is inactive",
    act: async () => {
      await create(withMail(ANN));
      await deactivate(await create(withMail(ANN)));
    },
  },
  {
    name: "when one of two with the same externalId is inactive",
    act: async () => {
      await create({ externalId: "auth0|ann" });
      await create({ externalId: "AUTH0|ann", active: false });
    },
  },
  {
    name: "whose address has spaces around it at the provider",
    act: async () => deactivate(await create(withMail(` ${ANN} `))),
  },
  {
    name: "whose userName is their address with a space after it",
    act: async () => deactivate(await create({ userName: `${ANN} ` })),
  },
  {
    name: "when somebody else has their address by then",
    act: async () => {
      const id = await create(withMail(ANN));
      await set(id, withMail("gone@example.com"));
      await create(withMail(ANN));
      await deactivate(id);
    },
  },
  {
    name: "when they have become another user by then, whose match is closer",
    seen: true,
    act: async () => {
      const id = await create(withMail(ANN));
      await create({ externalId: "auth0|ann" });
      await deactivate(id);
    },
  },
  {
    name: "deleted, when another user that they were before is still there",
    seen: true,
    act: async () => {
      const id = await create(withMail(ANN));
      await set(id, withMail("gone@example.com"));
      await remove(await create({ externalId: "auth0|ann" }));
    },
  },
];

describe("the key of somebody who leaves is dead", () => {
  test.each(LEAVES)("$name", async ({ act }) => {
    const key = await annIssued(-5).createKey();
    expect(await use(scim.control, key)).toEqual([200]);
    await act();
    expect(await use(scim.control, key)).toEqual(REVOKED);
    expect(await tryToCreateKey(annIssued(-5))).toEqual(REFUSED);
  });

  test.each(LEAVES.filter(({ seen }) => seen !== true))(
    "and a token of before that comes only then makes none: $name",
    async ({ act }) => {
      const before = annIssued(-5);
      await act();
      expect(await tryToCreateKey(before)).toEqual(REFUSED);
    },
  );
});

test.each([
  ["ΝΙΚΟΣ.ΠΑΠΑΣ@example.com", "νικος.παπας@example.com"],
  ["J\u030Can@example.com", "\u01F0an@example.com"],
])("a leaver whose name SCIM writes %j and the token %j is out", async (userName, email) => {
  const key = await annIssued(-5, { email }).createKey();
  await deactivate(await create({ userName }));
  expect(await use(scim.control, key)).toEqual(REVOKED);
});

test("a token for fewer scopes takes back neither the roles that SCIM gives by address, nor the name", async () => {
  await create({ ...withMail(ANN), roles: ["*:developer"] });
  const token = { vault_roles: {}, name: "Ann Arbor" };
  const key = await annIssued(-5, token).createKey();
  const bare = annIssued(1, { vault_roles: {}, name: undefined, email: undefined });
  expect((await bare.call("GET", "/-/me")).status).toBe(200);
  expect(await use(scim.control, key)).toEqual([200]);
  const person = await scim.organization.admin.call("GET", "/-/people/auth0%7Cann");
  expect(await person.json()).toMatchObject({ name: "Ann Arbor", email: ANN });
});

test("somebody who gets the address of somebody who left has nothing of theirs, and makes keys of their own", async () => {
  const key = await annIssued(-5).createKey();
  await deactivate(await create(withMail(ANN)));
  const namesake = await create({ externalId: "auth0|other", ...withMail(ANN) });
  const other = scim.organization.member("auth0|other", { email: ANN, ...developerOn("vault_1") });
  expect(await tryToCreateKey(other)).toEqual([201]);
  expect(await use(scim.control, key)).toEqual(REVOKED);
  expect((await scim.client.call("GET", `/Users/${namesake}`)).body).toMatchObject({ active: true });
});

test("a deleted user of the token's subject is out beside the next owner of the address, and back with the subject", async () => {
  const key = await annIssued(-5).createKey();
  const left = await create({ externalId: "auth0|ann", ...withMail(ANN) });
  await remove(left);
  const members = [{ value: await create({ externalId: "auth0|other", ...withMail(ANN) }) }];
  await scim.client.create("/Groups", { displayName: "vault_1:developer", members });
  expect(await tryToCreateKey(annIssued(2))).toEqual(REFUSED);
  const other = scim.organization.member("auth0|other", { email: ANN });
  expect(await tryToCreateKey(other)).toEqual([201]);
  await create({ externalId: "auth0|ann" });
  expect(await tryToCreateKey(annIssued(3))).toEqual([201]);
  expect(await use(scim.control, key)).toEqual(REVOKED);
});

test.each([true, false])("an old token gets no role of who has the address now (seen: %s)", async (seen) => {
  if (seen) await annIssued(-5, { vault_roles: {} }).call("GET", "/-/me");
  await remove(await create(withMail(ANN)));
  const members = [{ value: await create(withMail(ANN)) }];
  await scim.client.create("/Groups", { displayName: "vault_1:developer", members });
  expect(await tryToCreateKey(annIssued(-5, { vault_roles: {} }))).toEqual(REFUSED);
  expect(await tryToCreateKey(annIssued(2, { vault_roles: {} }))).toEqual([201]);
});

test("of two users with one address, only what both may do counts", async () => {
  const [a, b] = [await create(withMail(ANN)), await create(withMail(ANN))];
  const group = await scim.client.create("/Groups", {
    displayName: "vault_1:developer",
    members: [{ value: a }],
  });
  expect(await tryToCreateKey(annIssued(0, { vault_roles: {} }))).toEqual(REFUSED);
  await scim.client.patch(`/Groups/${group}`, { op: "add", path: "members", value: [{ value: b }] });
  expect(await tryToCreateKey(annIssued(0, { vault_roles: {} }))).toEqual([201]);
});
