import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, NEW_KEY, refusalOf, type Organization } from "../support/control.ts";
import { OPERATOR } from "../support/operators.ts";
import { scimClient } from "../support/scim.ts";
import { readJson } from "../support/json.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;

const control = await useControl();
beforeEach(async () => {
  organization = await control.newOrganization();
});

interface Event {
  readonly id: string;
  readonly action: string;
  readonly actor: { readonly id: string };
  readonly target: string;
  readonly targetName: string | null;
  readonly outcome: string;
  readonly code: string | null;
  readonly requestId: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

interface Page {
  readonly data: Event[];
  readonly pagination: { readonly nextCursor: string | null };
}

async function events(query = ""): Promise<Event[]> {
  const answer = await organization.admin.call("GET", `/-/audit-events${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json<Page>()).data;
}

const TIME: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);

test("events that are too long for one answer come on further pages, and all of them in an export", async () => {
  const scim = await scimClient(control, organization);
  const phoneNumbers = Array.from({ length: 900 }, (_, i) => ({ value: `+${i}${"0".repeat(240)}` }));
  const id = await scim.create("/Users", { userName: "long", phoneNumbers });
  for (let i = 0; i < 9; i++) {
    await scim.patch(`/Users/${id}`, { op: "replace", path: "title", value: `${i}` });
  }
  const query = "/-/audit-events?action=scim_user&limit=100";
  const seen: string[] = [];
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const answer = await organization.admin.call("GET", `${query}${cursor && `&nextCursor=${cursor}`}`);
    const { data, pagination }: Page = await answer.json<Page>();
    seen.push(...data.map((event) => event.id));
    cursor = pagination.nextCursor;
  }
  expect([pages, seen.length, new Set(seen).size]).toEqual([2, 10, 10]);
  const headers = { Accept: "application/x-ndjson" };
  const lines = await (await organization.admin.call("GET", query, undefined, headers)).text();
  const exported = lines
    .trim()
    .split("\n")
    .map((line) => readJson<Event>(line).id);
  expect(exported).toEqual(seen);
});

describe("the audit log holds", () => {
  test("every change of a key: who, what, from where, in which request, before and after", async () => {
    const { id } = await organization.admin.createKey({ name: "First" });
    const patched = await organization.admin.call("PATCH", `/-/api-keys/${id}`, { name: "Second" });
    await organization.admin.call("DELETE", `/-/api-keys/${id}`);
    const [revoked, updated, created] = await events(`?target=${id}`);
    expect(created).toMatchObject({
      action: "api_key.created",
      before: null,
      after: { name: "First", version: 1, createdAt: TIME, expiresAt: TIME, revokedAt: null },
    });
    expect(updated).toMatchObject({
      action: "api_key.updated",
      actor: { id: "alice", name: "Alice" },
      outcome: "done",
      code: null,
      address: "203.0.113.7",
      requestId: patched.headers.get("X-Request-Id"),
      before: { name: "First", version: 1 },
      after: { name: "Second", version: 2 },
    });
    expect(revoked).toMatchObject({
      action: "api_key.revoked",
      before: { revokedAt: null },
      after: { revokedBy: "alice", version: 3, revokedAt: TIME },
    });
  });

  test("every refused attempt at a change, with why", async () => {
    const { id } = await organization.admin.createKey();
    const bob = organization.member("bob", developerOn("vault_1"));
    const attempts: [string, string, object | undefined][] = [
      ["DELETE", `/-/api-keys/${id}`, undefined],
      ["POST", "/-/service-users", { name: "x" }],
      ["POST", "/-/api-keys", { ...NEW_KEY, vaults: ["vault_9"] }],
    ];
    for (const [method, path, body] of attempts) await bob.call(method, path, body);
    await expect.poll(async () => (await events("?actor=bob")).length).toBe(3);
    expect(await events("?actor=bob")).toMatchObject([
      { action: "createApiKey", outcome: "refused", code: "invalid_value" },
      { action: "createServiceUser", outcome: "refused", code: "role_required" },
      { action: "revokeApiKey", target: id, outcome: "refused", code: "not_found" },
    ]);
  });

  test("what was wrong with a SCIM request that was refused, and of which attribute", async () => {
    const client = await scimClient(control, organization);
    await client.create("/Users", { userName: "ann" });
    const refused = [
      ["POST", "/Users", { userName: "ANN" }],
      ["POST", "/Users", { userName: "bob", active: "perhaps" }],
      ["POST", "/Groups", { displayName: " " }],
      ["PATCH", "/Users/nobody", { Operations: [] }],
      ["DELETE", "/Users/nobody", undefined],
    ] as const;
    for (const [method, path, body] of refused) {
      expect((await client.call(method, path, body)).status).toBeGreaterThanOrEqual(400);
    }
    await expect.poll(async () => (await events("?actor=scim&outcome=refused")).length).toBe(5);
    expect((await events("?actor=scim&outcome=refused")).map(({ code, after }) => [code, after])).toEqual([
      ["not_found", null],
      ["invalid_request", { field: "", problem: "Operations must be a list of at least one operation" }],
      ["invalid_value", { field: "displayName", problem: "displayName is required" }],
      ["invalid_value", { field: "active", problem: "active must be of type boolean" }],
      ["already_exists", { field: "userName", problem: "Another user has this userName" }],
    ]);
    expect((await events("?actor=scim&outcome=done")).map(({ action }) => action)).toEqual([
      "scim_user.created",
    ]);
    expect(await refusalOf(await organization.admin.call("GET", "/-/audit-events?outcome=any"))).toEqual([
      400,
      "invalid_request",
      "outcome",
    ]);
  });

  test("refused attempts under the name of what they attempted, too", async () => {
    const { id } = await organization.admin.createKey();
    const bob = organization.member("bob", developerOn("vault_1"));
    await bob.call("DELETE", `/-/api-keys/${id}`);
    await bob.call("POST", "/-/service-users", { name: "x" });
    await organization.admin.call("DELETE", `/-/api-keys/${id}`);
    await expect.poll(async () => (await events("?action=api_key.revoked")).length).toBe(2);
    expect((await events("?action=api_key.revoked")).map(({ outcome }) => outcome).toSorted()).toEqual([
      "done",
      "refused",
    ]);
    expect(await events("?action=service_user.&actor=bob")).toMatchObject([{ outcome: "refused" }]);
    expect(await events("?action=revokeApiKey")).toMatchObject([
      { outcome: "refused", event: "api_key.revoked" },
    ]);
    expect(await events("?action=api_key.rotated")).toEqual([]);
  });

  test("a change of roles that an identity token brings", async () => {
    const iat = Math.floor(Date.now() / 1000) - 10;
    const earlier = organization.member("bob", { ...developerOn("vault_1"), iat });
    await earlier.createKey({ vaults: ["vault_1"] });
    await organization.member("bob", developerOn("vault_2")).call("GET", "/-/api-keys");
    expect(await events("?action=user.roles_changed")).toMatchObject([
      {
        target: "bob",
        before: { vaultRoles: { vault_1: ["developer"] } },
        after: { vaultRoles: { vault_2: ["developer"] } },
      },
    ]);
  });

  test("no secret and no hash", async () => {
    const { id, key } = await organization.admin.createKey();
    await organization.admin.call("POST", `/-/api-keys/${id}/rotate`, { overlap: 0 });
    const text = JSON.stringify(await events());
    expect(text).toContain(id);
    expect(text).not.toContain(key.slice(16));
    expect(text).not.toMatch(/[0-9a-f]{64}/);
    expect(text).not.toContain('"hash"');
  });
});

describe("the audit log is read", () => {
  test("by admins alone, and only their own organisation's", async () => {
    await organization.admin.createKey();
    const bob = organization.member("bob", developerOn("vault_1"));
    expect(await refusalOf(await bob.call("GET", "/-/audit-events"))).toEqual([403, "role_required"]);
    organization = await control.newOrganization();
    expect((await events()).map(({ action }) => action)).toEqual(["organization.bootstrapped"]);
  });

  test("in pages that hold every event once, while events are added", async () => {
    for (let i = 0; i < 6; i++) await organization.admin.createKey();
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&nextCursor=${cursor}`;
      const answer = await organization.admin.call(
        "GET",
        `/-/audit-events?action=api_key.created&limit=2${query}`,
      );
      const page = await answer.json<Page>();
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.pagination.nextCursor;
      await organization.admin.createKey();
    }
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
  });

  test("by time", async () => {
    await organization.admin.createKey();
    const moment = new Date(Date.now() + 1).toISOString();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    await organization.admin.createKey();
    expect(await events(`?action=api_key.created&from=${moment}`)).toHaveLength(1);
    expect(await events(`?action=api_key.created&to=${moment}`)).toHaveLength(1);
  });

  test("whole as NDJSON, a line an event", async () => {
    for (let i = 0; i < 3; i++) await organization.admin.createKey();
    const accept = { Accept: "application/x-ndjson" };
    const { id } = organization;
    expect(id).not.toBe("");
    const token = await control.issuer.token({ org_id: id, sub: "alice", roles: ["admin"] });
    const answer = await fetch(`${control.edges[0]}/-/audit-events?action=api_key.created`, {
      headers: { ...accept, Authorization: `Bearer ${token}` },
    });
    expect(answer.headers.get("Content-Type")).toBe("application/x-ndjson");
    const lines = (await answer.text()).trimEnd().split("\n");
    expect(lines.map((line) => readJson<Event>(line).action)).toEqual(Array(3).fill("api_key.created"));
  });
});

describe("events are found by what people know of them", () => {
  async function setUp(): Promise<string> {
    const { id } = await organization.admin.createKey({ name: "Crème  Brûlée" });
    await organization.admin.createKey({ name: "Other" });
    const zoe = organization.member("u-77", {
      name: "Zoë Ångström",
      roles: ["admin"],
      ...developerOn("vault_1"),
    });
    await zoe.call("PATCH", `/-/api-keys/${id}`, { description: "By Zoë" });
    await organization.admin.call("POST", "/-/service-users", { name: "Batch runner" });
    return id;
  }

  test("targets by id, keyPrefix, name, and how they begin; each with its name", async () => {
    const id = await setUp();
    const prefix = id.replace("key_", "fkc_");
    for (const target of [id, prefix, id.slice(0, 10), prefix.slice(0, 10), "crème brûlée", " CRÈME", "cr"]) {
      const found = await events(`?${new URLSearchParams({ target }).toString()}`);
      expect([target, found.map((event) => [event.target, event.targetName])]).toEqual([
        target,
        [
          [id, "Crème Brûlée"],
          [id, "Crème Brûlée"],
        ],
      ]);
    }
    expect(await events("?target=batch")).toMatchObject([{ targetName: "Batch runner" }]);
    expect(await events("?target=rème")).toEqual([]);
  });

  test("people of SCIM by any name that it tells of them, also once they are deleted", async () => {
    const client = await scimClient(control, organization);
    const ann = await client.create("/Users", { userName: "Ann.K", name: { formatted: "Anna Karlsen" } });
    for (const target of ["anna kar", "ANN.K"]) {
      expect(await events(`?target=${target}`)).toMatchObject([{ target: ann, targetName: "Anna Karlsen" }]);
    }
    await client.call("DELETE", `/Users/${ann}`);
    const actions = (await events("?target=ann.k")).map(({ action, targetName }) => [action, targetName]);
    expect(actions).toEqual([
      ["scim_user.deleted", "ann.k"],
      ["scim_user.created", "ann.k"],
    ]);
  });

  test("what SCIM has told of by its name then, where nothing is left of it", async () => {
    const client = await scimClient(control, organization);
    const ids: string[] = [];
    for (const given of ["Ann", "Anna"]) {
      const id = await client.create("/Users", { userName: "ann", displayName: given });
      await client.call("DELETE", `/Users/${id}`);
      ids.push(id);
    }
    const group = await client.create("/Groups", { displayName: "Staff" });
    await client.call("DELETE", `/Groups/${group}`);
    const namesOf = async (id: string) => (await events(`?target=${id}`)).map((event) => event.targetName);
    expect(await namesOf(ids[0] ?? "")).toEqual(["Ann", "Ann"]);
    expect(await namesOf(group)).toEqual(["Staff", "Staff"]);
  });

  test("a name of any length, cut, and by its beginning", async () => {
    const client = await scimClient(control, organization);
    const displayName = "Wide ".repeat(2000);
    const id = await client.create("/Users", { userName: "wide", displayName });
    for (const target of [id, "wide wide"]) {
      const [event] = await events(`?${new URLSearchParams({ target }).toString()}`);
      expect(event?.targetName).toHaveLength(256);
    }
  });

  test("what is gone or was renamed by any name that it had then", async () => {
    const client = await scimClient(control, organization);
    const id = await setUp();
    await organization.admin.call("PATCH", `/-/api-keys/${id}`, { name: "Payouts" });
    const users: string[] = [];
    for (const name of [{ formatted: "Jörg Ünal" }, { givenName: "Jörg", familyName: "Ünal-Özil" }]) {
      users.push(await client.create("/Users", { userName: "Joerg.U", name }));
      await client.call("DELETE", `/Users/${users.at(-1)}`);
    }
    const group = await client.create("/Groups", { displayName: "Vault Operators %" });
    await client.call("PATCH", `/Groups/${group}`, {
      Operations: [{ op: "replace", path: "displayName", value: "Custody" }],
    });
    await client.call("DELETE", `/Groups/${group}`);
    const found = async (target: string) => {
      const of = (await events(`?${new URLSearchParams({ target }).toString()}`)).map(
        (event) => event.target,
      );
      return [...new Set(of)].toSorted();
    };
    expect(await found(" jörg  ünal")).toEqual(users.toSorted());
    expect(await found("JÖRG ÜNAL-Ö")).toEqual([users[1]]);
    expect(await found("joerg")).toEqual(users.toSorted());
    for (const name of ["vault op", "VAULT OPERATORS %", "cust"]) expect(await found(name)).toEqual([group]);
    for (const name of ["crème", "pay"]) expect(await found(name)).toEqual([id]);
    for (const name of ["ünal", "operators", "%", "jörg ünal\njoerg"]) expect(await found(name)).toEqual([]);
  });

  test("actors by id and name, and how they begin", async () => {
    await setUp();
    for (const actor of ["u-77", "u-7", "Zoë Ångström", "ZOE\u0308", "zoë  å"]) {
      const found = await events(`?${new URLSearchParams({ actor }).toString()}`);
      expect([actor, found.map((event) => event.actor)]).toEqual([
        actor,
        [{ id: "u-77", name: "Zoë Ångström" }],
      ]);
    }
    expect(await events("?actor=77")).toEqual([]);
    const operator = { ...OPERATOR, org_id: organization.id, sub: "ops-9", name: "Ôps Person" };
    const { id } = await organization.admin.createKey();
    const body = { targets: [{ keyId: id }], reason: "test" };
    await control.call("POST", "/-/ops/revocations", { as: await control.issuer.token(operator), body });
    expect(await events("?actor=ôps")).toMatchObject([{ action: "api_key.revoked", target: id }]);
  });

  test("with whether the actor is a person here and the target is still there", async () => {
    const { admin } = organization;
    const operator = control.person(OPERATOR);
    const { id } = await (
      await admin.call("POST", "/-/service-users", { name: "Soon gone", vaultRoles: {} })
    ).json<{ id: string }>();
    const { id: keyId } = await admin.createKey();
    await operator.call("POST", "/-/ops/revocations", { targets: [{ keyId }], reason: "Leaked" });
    const known = async (target: string) => {
      const { data } = await (
        await admin.call("GET", `/-/audit-events?target=${target}`)
      ).json<{
        data: { actorKnown: boolean; targetKnown: boolean }[];
      }>();
      return data.map(({ actorKnown, targetKnown }) => [actorKnown, targetKnown]);
    };
    expect(await known(keyId)).toEqual([
      [false, true],
      [true, true],
    ]);
    expect(await known(id)).toEqual([[true, true]]);
    await admin.call("DELETE", `/-/service-users/${id}`);
    expect(await known(id)).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  test("actions by how they begin", async () => {
    await setUp();
    const actions = new Set((await events("?action=api_key.")).map(({ action }) => action));
    expect(actions).toEqual(new Set(["api_key.created", "api_key.updated"]));
  });

  test("with characters that mean something elsewhere, nothing is found", async () => {
    await setUp();
    for (const text of ["%", "_", "*", "' OR 1=1 --", "\u0000"]) {
      const query = new URLSearchParams({ target: text, actor: text, action: text }).toString();
      expect(await events(`?${query}`)).toEqual([]);
    }
  });
});

test("refused attempts of one actor are kept up to twenty a minute; others' and what is done go on", async () => {
  const bob = organization.member("bob", developerOn("vault_1"));
  const carol = organization.member("carol", { name: "Carol", ...developerOn("vault_1") });
  const refused = (person: typeof bob) => person.call("POST", "/-/service-users", { name: "x" });
  await Promise.all(Array.from({ length: 30 }, () => refused(bob)));
  for (let i = 0; i < 5; i++) await refused(bob);
  await refused(carol);
  await bob.createKey({ vaults: ["vault_1"] });
  await expect.poll(async () => (await events("?actor=carol")).length).toBe(1);
  const kept = await events("?actor=bob&limit=500");
  expect(kept.filter(({ outcome }) => outcome === "refused")).toHaveLength(20);
  expect(kept.filter(({ action }) => action === "api_key.created")).toHaveLength(1);
});

test("no text of a caller is kept longer than 256 characters", async () => {
  const long = "x".repeat(490);
  const wordy = organization.member("w".repeat(255), {
    name: "n".repeat(1000),
    roles: ["admin"],
    ...developerOn("*"),
  });
  const { id } = await wordy.createKey({ description: long });
  const client = await scimClient(control, organization);
  await client.create("/Users", { userName: "u", [long]: { [long]: [{ [long]: long }] } });
  await wordy.call("DELETE", `/-/api-keys/${"y".repeat(1000)}`);
  await expect.poll(async () => (await events("?action=revokeApiKey")).length).toBe(1);
  const texts = (value: unknown): string[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([name, each]) => [name, ...texts(each)])
      : [String(value)];
  const found = await events("?limit=500");
  expect(Math.max(...texts(found).map((text) => text.length))).toBe(256);
  expect((await events(`?target=${id}`))[0]?.after?.["description"]).toBe(`${"x".repeat(255)}…`);
});
