import { describe, expect, test } from "vitest";
import { developerOn, memberClaims } from "../support/control.ts";
import { tryToCreateKey, scimPerTest } from "../support/scim.ts";

const scim = scimPerTest();

const REFUSED = [403, "role_required"];

/** Dan with a token that says that he is a developer, issued so many seconds from now. */
function danIssued(seconds: number) {
  const iat = Math.floor(Date.now() / 1000) + seconds;
  const changes = { sub: "dan", org_id: scim.organization.id, iat, email: "dan@example.com" };
  return scim.control.person(memberClaims({ ...changes, ...developerOn("vault_1") }));
}

const remove = (id: string) => scim.client.call("DELETE", `/Users/${id}`);
const setActive = (id: string, active: boolean) =>
  scim.client.patch(`/Users/${id}`, { op: "replace", value: { active } });

/** Gives the role by a group and takes it again. */
async function giveAndTake(id: string): Promise<void> {
  const members = [{ value: id }];
  const group = await scim.client.create("/Groups", { displayName: "vault_1:developer", members });
  await scim.client.patch(`/Groups/${group}`, { op: "remove", path: "members" });
}

interface Return {
  readonly name: string;
  readonly act: () => Promise<unknown>;
}

const RETURNS: readonly Return[] = [
  {
    name: "was deleted and created again",
    act: async () => {
      await remove(await scim.client.create("/Users", { userName: "dan" }));
      await scim.client.create("/Users", { userName: "dan" });
    },
  },
  {
    name: "lost the role, was deleted and created again",
    act: async () => {
      const id = await scim.client.create("/Users", { userName: "dan" });
      await giveAndTake(id);
      await remove(id);
      await scim.client.create("/Users", { userName: "dan" });
    },
  },
  {
    name: "was deactivated and activated again",
    act: async () => {
      const id = await scim.client.create("/Users", { userName: "dan" });
      await setActive(id, false);
      await setActive(id, true);
    },
  },
  {
    name: "came deactivated and was activated",
    act: async () => setActive(await scim.client.create("/Users", { userName: "dan", active: false }), true),
  },
];

describe.each([true, false])("by a token of before (used before: %s)", (used) => {
  test.each(RETURNS)("nothing comes back to somebody who $name; a newer one counts", async ({ act }) => {
    const before = danIssued(-5);
    if (used) expect(await tryToCreateKey(before)).toEqual([201]);
    await act();
    expect(await tryToCreateKey(before)).toEqual(REFUSED);
    expect(await tryToCreateKey(danIssued(1))).toEqual([201]);
    expect(await tryToCreateKey(before)).toEqual([201]);
  });
});

test("somebody who was renamed, deleted and created again gets nothing back", async () => {
  const before = danIssued(-5);
  expect(await tryToCreateKey(before)).toEqual([201]);
  const id = await scim.client.create("/Users", { userName: "dan" });
  await scim.client.patch(`/Users/${id}`, { op: "replace", path: "userName", value: "deleted-dan" });
  await remove(id);
  await scim.client.create("/Users", { userName: "dan" });
  for (let i = 0; i < 2; i++) expect(await tryToCreateKey(before)).toEqual(REFUSED);
});

test("a role that was taken stays so when the person becomes another SCIM user", async () => {
  const before = danIssued(-5);
  expect(await tryToCreateKey(before)).toEqual([201]);
  const id = await scim.client.create("/Users", { userName: "dan@example.com" });
  await giveAndTake(id);
  expect(await tryToCreateKey(before)).toEqual(REFUSED);
  await scim.client.patch(`/Users/${id}`, { op: "replace", path: "userName", value: "somebody else" });
  await scim.client.create("/Users", { userName: "x", externalId: "dan" });
  for (let i = 0; i < 2; i++) expect(await tryToCreateKey(before)).toEqual(REFUSED);
});
