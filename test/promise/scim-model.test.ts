import * as fc from "fast-check";
import { expect, test } from "vitest";
import { developerOn, memberClaims, type Organization } from "../support/control.ts";
import { runs } from "../support/fuzz.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { scimClient, use, type ScimClient } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

/**
 * After any sequence of SCIM requests and sign-ins no key works whose owner is inactive or has lost the role, by a
 * model that knows nothing of the product but the contract's rules of matching.
 */

const RUNS = 20;
const STEPS = 16;
const ROLE = "vault_1:developer";

const control = await useControl();

const SUBJECTS = ["ann", "bob"] as const;
type Subject = (typeof SUBJECTS)[number];

/** Names are as the model compares them; what is sent is {@link spelled}. */
interface ScimUser {
  readonly id: string;
  userName: string;
  externalId: string | undefined;
  email: string | undefined;
  active: boolean;
  deleted: boolean;
  member: boolean;
  /** Whether the role is in the user's own `roles`. */
  hasOwnRole: boolean;
  /** When a role of theirs, or all of them, ended last. */
  takenAt: number;
}

interface Owner {
  readonly sub: Subject;
  email: string | undefined;
  claimsRole: boolean;
  claimsAt: number;
  /** Whom they were found to be last. */
  was: ScimUser | null;
  /** Keys that work if anything does, and those that never may again. */
  readonly keys: Set<CreatedKey>;
  readonly dead: Set<CreatedKey>;
}

/** The contract's rules: of the closest that fits anybody, all whom it fits. */
function matching({ sub, email }: Owner, users: readonly ScimUser[]): ScimUser[] {
  const rules: ((user: ScimUser) => boolean)[] = [
    ({ externalId }) => externalId === sub,
    ({ userName }) => userName === sub,
    ({ userName }) => userName === email,
    (user) => user.email !== undefined && user.email === email,
  ];
  return rules.map((rule) => users.filter(rule)).find((found) => found.length > 0) ?? [];
}

class Model {
  readonly users: ScimUser[] = [];
  /** Whether the group gives the role. */
  groupGives = true;
  readonly owners: readonly Owner[] = SUBJECTS.map((sub) => ({
    sub,
    email: undefined,
    claimsRole: false,
    claimsAt: 0,
    was: null,
    keys: new Set(),
    dead: new Set(),
  }));

  living(): ScimUser[] {
    return this.users.filter(({ deleted }) => !deleted);
  }

  owner(sub: Subject): Owner {
    return this.owners.find((each) => each.sub === sub) as Owner;
  }

  isOut(owner: Owner): boolean {
    const now = matching(owner, this.living());
    if (this.areOthers(owner, now)) return true;
    if (now.length > 0) return now.some(({ active }) => !active);
    return owner.was !== null && (owner.was.deleted || !owner.was.active);
  }

  /** Whether who has the address now is another account than a deleted one of the owner's subject. */
  areOthers({ sub }: Owner, now: readonly ScimUser[]): boolean {
    const isSubject = (user: ScimUser) => [user.externalId, user.userName].includes(sub);
    const ids = now.map((user) => user.externalId);
    if (ids.length === 0 || ids.includes(undefined) || now.some(isSubject)) return false;
    return this.users.some(
      (user) =>
        user.deleted && isSubject(user) && user.externalId !== undefined && !ids.includes(user.externalId),
    );
  }

  hasRole(owner: Owner): boolean {
    const now = matching(owner, this.living());
    const takenAt = Math.max(
      0,
      ...[...now, ...(owner.was === null ? [] : [owner.was])].map((user) => user.takenAt),
    );
    return (
      (owner.claimsRole && owner.claimsAt > takenAt) ||
      (now.length > 0 && now.every((user) => this.gives(user)))
    );
  }

  /** Whether SCIM gives a user the role. */
  gives({ member, hasOwnRole }: ScimUser): boolean {
    return (member && this.groupGives) || hasOwnRole;
  }

  /** Does what takes or gives roles, at a moment before it was done. */
  change(at: number, act: () => void): void {
    const had = new Map(this.users.map((user) => [user, this.gives(user)]));
    act();
    for (const [user, gave] of had) if (gave && !this.gives(user)) user.takenAt = at;
  }

  /** Follows what has changed: whoever is out has no living key from then on. */
  settle(): void {
    for (const owner of this.owners) {
      if (this.isOut(owner)) {
        for (const key of owner.keys) owner.dead.add(key);
        owner.keys.clear();
      }
      // Somebody is known as whom they are found to be once they have been here.
      if (owner.claimsAt > 0) owner.was = matching(owner, this.living())[0] ?? owner.was;
    }
  }
}

/** Everything that a step works on. */
interface World {
  readonly model: Model;
  readonly organization: Organization;
  readonly scim: ScimClient;
  readonly group: string;
  /** A key of a service user who is called as people are. */
  readonly bystander: CreatedKey;
}

type Step = (world: World) => Promise<void>;

const ANN = "änn@x".normalize("NFC");

/** Other spellings of a name, which are the same to people and providers. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.normalize("NFD"),
  (name) => ` ${name.normalize("NFD").toUpperCase()} `,
];
const spelled = fc.constantFrom(...SPELLINGS);

const subject = fc.constantFrom<Subject>("ann", "ann", "ann", "bob");
// Most names tell nothing, so that every rule is the closest now and then.
const names = fc.constantFrom("ann", ANN, "bob@x", "u1", "u2", "u3", "u4", "u5", "u6", "u7");
const address = fc.constantFrom(ANN, ANN, "bob@x", undefined);
const externalId = fc.constantFrom("ann", "e1", "e2", undefined, undefined, undefined);
const slot = fc.nat(3);

const DEACTIVATIONS: readonly ((value: boolean) => object[])[] = [
  (value) => [{ op: "replace", path: "active", value }],
  (value) => [{ op: "Replace", path: "active", value: value ? "True" : "False" }],
  (value) => [{ op: "replace", value: { active: value } }],
  (value) => [
    { op: "Replace", path: 'phoneNumbers[type eq "work"].value', value: "1" },
    { op: "Add", path: "active", value },
  ],
];

const signIn = fc
  .record({
    sub: subject,
    email: address,
    spell: spelled,
    verified: fc.constantFrom(true, true, true, false),
    role: fc.boolean(),
    fresh: fc.boolean(),
  })
  .map(({ sub, email: written, spell, verified, role, fresh }): Step => async ({ model, organization }) => {
    const iat = Math.floor(Date.now() / 1000) + (fresh ? 1 : -60);
    const seenAt = Date.now();
    const sent = written === undefined ? undefined : spell(written);
    const person = control.person({
      ...personClaims(organization, sub, sent, role, iat),
      ...(!verified && { email_verified: false }),
    });
    await person.call("GET", "/-/me");
    const owner = model.owner(sub);
    const claimsAt = Math.min(iat * 1000, seenAt);
    if (claimsAt < owner.claimsAt) return;
    // A token that says no address takes back none.
    const email = written === undefined ? owner.email : verified ? written : undefined;
    Object.assign(owner, { email, claimsRole: role, claimsAt });
  });

const createKey = fc
  .record({ sub: subject, email: address })
  .map(({ sub, email }): Step => async ({ model, organization }) => {
    const iat = Math.floor(Date.now() / 1000) + 1;
    const claimsAt = Date.now();
    const person = control.person(personClaims(organization, sub, email, true, iat));
    const body = { name: "Test", scopes: ["vault:read"], vaults: "*" };
    const answer = await person.call("POST", "/-/api-keys", body);
    const owner = model.owner(sub);
    Object.assign(owner, { email: email ?? owner.email, claimsRole: true, claimsAt });
    model.settle();
    if (answer.status !== 201) return;
    expect(model.isOut(owner)).toBe(false);
    owner.keys.add(await answer.json<CreatedKey>());
  });

const createUser = fc
  .record({
    userName: names,
    externalId,
    email: address,
    active: fc.constantFrom(true, true, true, false),
    hasOwnRole: fc.constantFrom(true, false, false),
    spell: spelled,
  })
  .map(
    ({ userName, externalId: external, email, active, hasOwnRole, spell }): Step =>
      async ({ model, scim }) => {
        const body = {
          userName: spell(userName),
          externalId: external,
          active,
          ...(hasOwnRole && { roles: [{ value: ROLE }] }),
          ...(email !== undefined && { emails: [{ value: spell(email) }] }),
        };
        const takenAt = active ? 0 : Date.now();
        const answer = await scim.call("POST", "/Users", body);
        if (answer.status !== 201) return;
        const { id } = answer.body;
        model.users.push({
          id,
          userName,
          externalId: external,
          email,
          active,
          deleted: false,
          member: false,
          hasOwnRole,
          takenAt,
        });
      },
  );

const setActive = fc
  .record({ index: slot, value: fc.boolean(), shape: fc.constantFrom(...DEACTIVATIONS) })
  .map(({ index, value, shape }): Step => async ({ model, scim }) => {
    const user = pick(model, index);
    if (user === null) return;
    const at = Date.now();
    const answer = await scim.patch(`/Users/${user.id}`, ...shape(value));
    expect(answer.status).toBe(200);
    if (user.active && !value) user.takenAt = at;
    user.active = value;
  });

const rename = fc
  .record({ index: slot, userName: names, externalId, email: address, spell: spelled })
  .map(({ index, userName, externalId: external, email, spell }): Step => async ({ model, scim }) => {
    const user = pick(model, index);
    if (user === null) return;
    const value = {
      userName: spell(userName),
      ...(external !== undefined && { externalId: external }),
      ...(email !== undefined && { emails: [{ type: "work", value: spell(email) }] }),
    };
    const answer = await scim.patch(`/Users/${user.id}`, { op: "replace", value });
    if (answer.status !== 200) return;
    user.userName = userName;
    user.externalId = external ?? user.externalId;
    user.email = email ?? user.email;
  });

/** A PUT leaves out what the user is no more, but for the `externalId`, without which they would be somebody else. */
const replace = fc
  .record({
    index: slot,
    userName: names,
    externalId,
    email: address,
    active: fc.boolean(),
    hasOwnRole: fc.boolean(),
  })
  .map(
    ({ index, userName, externalId: external, email, active, hasOwnRole }): Step =>
      async ({ model, scim }) => {
        const user = pick(model, index);
        if (user === null) return;
        const at = Date.now();
        const answer = await scim.call("PUT", `/Users/${user.id}`, {
          userName,
          externalId: external,
          active,
          ...(hasOwnRole && { roles: [{ value: ROLE }] }),
          ...(email !== undefined && { emails: [{ value: email }] }),
        });
        if (answer.status !== 200) return;
        if (user.active && !active) user.takenAt = at;
        const isNamed = answer.body["userName"] === userName;
        model.change(at, () =>
          Object.assign(user, {
            // A name that another has does not keep a deactivation from being done.
            userName: isNamed ? userName : user.userName,
            externalId: external ?? user.externalId,
            email,
            active,
            hasOwnRole,
          }),
        );
      },
  );

const setOwnRole = fc
  .record({ index: slot, value: fc.boolean() })
  .map(({ index, value }): Step => async ({ model, scim }) => {
    const user = pick(model, index);
    if (user === null) return;
    const at = Date.now();
    const operation = value
      ? { op: "replace", path: "roles", value: [{ value: ROLE.toUpperCase().replace("VAULT", "vault") }] }
      : { op: "remove", path: "roles" };
    expect((await scim.patch(`/Users/${user.id}`, operation)).status).toBe(200);
    model.change(at, () => (user.hasOwnRole = value));
  });

const nameGroup = fc.boolean().map((gives): Step => async ({ model, scim, group }) => {
  const at = Date.now();
  const operation = { op: "replace", path: "displayName", value: gives ? ROLE : "Everybody" };
  expect((await scim.patch(`/Groups/${group}`, operation)).status).toBeLessThan(300);
  model.change(at, () => (model.groupGives = gives));
});

const remove = slot.map((index): Step => async ({ model, scim }) => {
  const user = pick(model, index);
  if (user === null) return;
  user.takenAt = Date.now();
  expect((await scim.call("DELETE", `/Users/${user.id}`)).status).toBe(204);
  Object.assign(user, { deleted: true, active: false, member: false, hasOwnRole: false });
});

const MEMBERS: readonly ((id: string) => unknown)[] = [
  (id) => [{ value: id }],
  (id) => [{ $ref: `https://scim.example/v2/Users/${id}` }],
  (id) => ({ members: [{ value: id }] }),
  (id) => ({ value: id }),
];

const setMember = fc
  .record({ index: slot, value: fc.boolean(), shape: fc.constantFrom(...MEMBERS) })
  .map(({ index, value, shape }): Step => async ({ model, scim, group }) => {
    const user = pick(model, index);
    if (user === null) return;
    const at = Date.now();
    const operation = { op: value ? "add" : "remove", path: "members", value: shape(user.id) };
    expect((await scim.patch(`/Groups/${group}`, operation)).status).toBe(204);
    model.change(at, () => (user.member = value));
  });

function pick(model: Model, index: number): ScimUser | null {
  const users = model.living();
  return users.length === 0 ? null : (users[index % users.length] ?? null);
}

function personClaims(
  organization: Organization,
  sub: Subject,
  email: string | undefined,
  role: boolean,
  iat: number,
): Record<string, unknown> {
  return memberClaims({ sub, org_id: organization.id, email, iat, ...(role && developerOn("vault_1")) });
}

const step = fc.oneof(
  { arbitrary: createKey, weight: 3 },
  { arbitrary: signIn, weight: 2 },
  { arbitrary: createUser, weight: 3 },
  { arbitrary: setActive, weight: 3 },
  { arbitrary: rename, weight: 2 },
  { arbitrary: setMember, weight: 2 },
  replace,
  setOwnRole,
  nameGroup,
  remove,
);

test("no key works whose owner is out or has lost the role, after any sequence of requests", async () => {
  let worked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: STEPS }), async (steps) => {
      const organization = await control.newOrganization();
      const scim = await scimClient(control, organization);
      const group = await scim.create("/Groups", { displayName: ROLE });
      const bystander = await serviceKey(organization);
      const world: World = { model: new Model(), organization, scim, group, bystander };
      for (const act of steps) {
        await act(world);
        world.model.settle();
        worked += await countWorking(world.model);
      }
      expect(await use(control, bystander)).toEqual([200]);
    }),
    { ...runs(RUNS), endOnFailure: true },
  );
  expect(worked).toBeGreaterThan(0);
});

/** A key of a service user whose name is that of a person. */
async function serviceKey({ admin }: Organization): Promise<CreatedKey> {
  const service = { name: "ann", vaultRoles: { vault_1: ["developer"] } };
  const { id } = await (await admin.call("POST", "/-/service-users", service)).json<{ id: string }>();
  return admin.createKey({ ownerId: id, vaults: ["vault_1"] });
}

/** Holds every key against the model, and tells how many work. */
async function countWorking(model: Model): Promise<number> {
  let working = 0;
  for (const owner of model.owners) {
    for (const key of owner.dead) expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
    for (const key of owner.keys) {
      const [status] = await use(control, key);
      if (!model.hasRole(owner)) expect(status).not.toBe(200);
      if (status === 200) working++;
    }
  }
  return working;
}
