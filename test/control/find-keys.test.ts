import { beforeEach, describe, expect, test } from "vitest";
import { plainName } from "../../src/core/organization/plain-name.ts";
import { developerOn, refusalOf, type Organization, type Person } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { noteUse } from "../support/usage.ts";
import { useControl } from "../support/started.ts";

interface Page {
  readonly data: readonly { readonly id: string; readonly name: string }[];
  readonly pagination: { readonly limit: number; readonly nextCursor: string | null };
}
let organization: Organization;

const control = await useControl();
beforeEach(async () => {
  organization = await control.newOrganization();
});

async function list(query: Record<string, string>, person: Person = organization.admin): Promise<Page> {
  const answer = await person.call("GET", `/-/api-keys?${new URLSearchParams(query).toString()}`);
  expect(answer.status).toBe(200);
  return await answer.json<Page>();
}

async function names(query: Record<string, string>, person?: Person): Promise<string[]> {
  return (await list(query, person)).data.map(({ name }) => name);
}

const used = (key: CreatedKey, at: number) => noteUse(control, organization.id, key, at);

describe("a name is found as people read it", () => {
  test.each<[name: string, ...queries: string[]]>([
    ["Reporting service", "reporting", "SERVICE", "porting serv", "  reporting   service "],
    ["Crème  Brûlée", "crème brûlée", "CRÈME BRÛLÉE", "cre\u0300me bru\u0302le\u0301e"],
    ["Cre\u0300me", "crème", "CRÈME"],
    ["Straße 7", "STRASSE", "straße", "strasse 7"],
    ["ΟΔΥΣΣΕΥΣ", "οδυσσευς", "οδυσσευσ", "Οδυσσεύς".normalize("NFD").replaceAll(/\p{M}/gu, "")],
    ["İstanbul", "istanbul", "İSTANBUL", "i̇stanbul"],
    ["Ｆｕｌｌ width", "full WIDTH"],
    ["ПЛАТЕЖИ", "платежи"],
    ["non\u00a0breaking", "non breaking"],
    ["zero\u200bwidth", "zerowidth"],
    ["100%_Ready", "100%", "%_", "_ready"],
  ])("%s", async (name, ...queries) => {
    await organization.admin.createKey({ name });
    await organization.admin.createKey({ name: "Other" });
    for (const q of queries) expect(await names({ q }), q).toEqual([plainName(name)]);
    expect(await names({ q: "nothing like it" })).toEqual([]);
  });

  test("a name that was edited is found by what it is now", async () => {
    const key = await organization.admin.createKey({ name: "Before" });
    await organization.admin.call("PATCH", `/-/api-keys/${key.id}`, { name: "ÄFTER" });
    expect(await names({ q: "äfter" })).toEqual(["ÄFTER"]);
    expect(await names({ q: "before" })).toEqual([]);
  });
});

test("an id and a keyPrefix find their key, whole or from the beginning", async () => {
  const { admin } = organization;
  const key = await admin.createKey({ name: "Wanted" });
  await admin.createKey({ name: "Other" });
  const prefix = key.id.replace("key_", "fkc_");
  for (const q of [key.id, prefix, key.id.slice(0, 12), prefix.slice(0, 12), ` ${key.id} `]) {
    expect(await names({ q }), q).toEqual(["Wanted"]);
  }
  expect(await names({ q: key.id.slice(5) })).toEqual([]);
});

describe("a whole key", () => {
  const search = (key: string, person: Person = organization.admin) =>
    person.call("POST", "/-/api-keys/search", { key });

  test("finds itself, revoked or not, and no other key is found by a wrong secret", async () => {
    const key = await organization.admin.createKey({ name: "Leaked?" });
    await organization.admin.createKey();
    const found = await (await search(key.key)).json<Page>();
    expect(found.data.map(({ id }) => id)).toEqual([key.id]);
    expect(found.pagination).toEqual({ limit: 100, nextCursor: null });
    // As it is pasted.
    expect(await (await search(` ${key.key}\n`)).json()).toMatchObject({ data: [{ id: key.id }] });
    await organization.admin.call("DELETE", `/-/api-keys/${key.id}`);
    expect(await (await search(key.key)).json()).toMatchObject({ data: [{ id: key.id, status: "revoked" }] });
    const wrong = key.key.slice(0, 20) + key.key.slice(20).replace(/[a-y]/, "z");
    for (const text of [wrong, "", "fkc_", key.id]) {
      expect(await (await search(text)).json()).toMatchObject({ data: [] });
    }
  });

  test("is found by its owner and by admins of its organisation alone", async () => {
    const bob = organization.member("bob", developerOn("vault_1"));
    const key = await bob.createKey({ vaults: ["vault_1"] });
    const other = await control.newOrganization();
    const carol = organization.member("carol", developerOn("vault_1"));
    const ids = async (person: Person) => (await (await search(key.key, person)).json<Page>()).data.length;
    expect([await ids(bob), await ids(organization.admin), await ids(carol), await ids(other.admin)]).toEqual(
      [1, 1, 0, 0],
    );
  });

  test("is neither logged nor on record, and is refused in a URL", async () => {
    const key = await organization.admin.createKey();
    const secret = key.key.slice(16);
    expect((await search(key.key)).status).toBe(200);
    expect((await search(`${key.key} x`)).status).toBe(200);
    const query = new URLSearchParams({ q: `see ${key.key}` }).toString();
    const inUrl = await organization.admin.call("GET", `/-/api-keys?${query}`);
    const text = await inUrl.clone().text();
    expect(await refusalOf(inUrl)).toEqual([400, "credential_in_url"]);
    const audit = await (await organization.admin.call("GET", "/-/audit-events")).text();
    expect([text, audit, ...control.logs].filter((each) => each.includes(secret))).toEqual([]);
    expect(audit).not.toContain("searchApiKeys");
  });

  test("has no place in other fields of the search", async () => {
    const key = await organization.admin.createKey();
    const answer = await organization.admin.call("POST", "/-/api-keys/search", { key: "a", more: key.key });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });
});

describe("filters", () => {
  const DAY = 86_400_000;
  const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();

  beforeEach(async () => {
    const { admin } = organization;
    await admin.createKey({ name: "soon", expiresIn: "5d", allowedIps: ["203.0.113.0/24"] });
    await admin.createKey({ name: "late", expiresIn: "50d", allowedIps: ["0.0.0.0/0"] });
    const never = await admin.createKey({
      name: "never",
      expiresAt: null,
      allowedIps: ["192.0.2.1", "::/0"],
    });
    const open = await admin.createKey({ name: "open", expiresIn: "90d" });
    await used(never, Date.now() - 10 * DAY);
    await used(open, Date.now());
  });

  test.each<[Record<string, string>, string[]]>([
    [{ expiresBefore: inDays(10) }, ["soon"]],
    [{ expiresBefore: inDays(60) }, ["late", "soon"]],
    [{ unusedSince: inDays(-5) }, ["never", "late", "soon"]],
    [{ unusedSince: inDays(-20) }, ["late", "soon"]],
    [{ anyAddress: "true" }, ["open", "never", "late"]],
    [{ anyAddress: "false" }, ["soon"]],
    [{ noExpiry: "true" }, ["never"]],
    [{ noExpiry: "false", anyAddress: "true" }, ["open", "late"]],
    [{ noExpiry: "true", unusedSince: inDays(-5), q: "EVE" }, ["never"]],
  ])("%o", async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test("a key that was rotated ends with its overlap", async () => {
    const { id } = await organization.admin.createKey({ name: "old" });
    await organization.admin.call("POST", `/-/api-keys/${id}/rotate`, { overlap: "3d" });
    expect(await names({ q: "old", expiresBefore: inDays(2) })).toEqual([]);
    expect(await names({ q: "old", expiresBefore: inDays(4) })).toEqual(["old"]);
  });

  test.each([
    "expiresBefore=soon",
    "unusedSince=2026-01-01",
    "anyAddress=1",
    "noExpiry=",
    "vault=",
    "vault=a%20b",
    "vault=vault_1%2Fbalance",
    "sort=size",
    "sort=--name",
  ])("%s is refused", async (query) => {
    const field = query.split("=")[0];
    expect(await refusalOf(await organization.admin.call("GET", `/-/api-keys?${query}`))).toEqual([
      400,
      "invalid_request",
      field,
    ]);
  });
});

describe("keys that can see a vault", () => {
  const seeing = async (vault: string, query: Record<string, string> = {}, person?: Person) =>
    (await names({ vault, owner: "*", sort: "name", status: "all", ...query }, person)).join();

  async function serviceUser(...vaults: readonly string[]): Promise<string> {
    const vaultRoles = Object.fromEntries(vaults.map((vault) => [vault, ["developer"]]));
    const made = await organization.admin.call("POST", "/-/service-users", { name: "Batch", vaultRoles });
    return (await made.json<{ id: string }>()).id;
  }

  test("are those whose allowlist, scopes and owner's roles all reach it", async () => {
    const { admin } = organization;
    const ownerId = await serviceUser("vault_1", "vault_2");
    const keys: readonly [
      name: string,
      description: string,
      vaults: "*" | readonly string[],
      scopes: readonly string[],
      owner?: string,
    ][] = [
      ["a", "named", ["vault_1"], ["vault:read"]],
      ["b", "one of two", ["vault_2", "vault_1"], ["vault/#/balance:read"]],
      ["c", "every", "*", ["vault:read"]],
      ["d", "every, narrowed by its scope", "*", ["vault/vault_1/balance:read"]],
      ["e", "named, narrowed to another", ["vault_1", "vault_2"], ["vault/vault_2:read"]],
      ["g", "everything", ["vault_1"], ["*:*"]],
      ["h", "a longer name", ["vault_12"], ["vault/vault_12:read"]],
      ["i", "every of its owner's", "*", ["vault/#:read"], ownerId],
      ["j", "words of a scope", ["vault_9"], ["vault/vault_9:read"]],
    ];
    for (const [name, description, vaults, scopes, owner] of keys) {
      await admin.createKey({
        name,
        description,
        vaults,
        scopes,
        ...(owner !== undefined && { ownerId: owner }),
      });
    }
    const letters = async (vault: string) => (await seeing(vault)).replaceAll(",", "");
    expect(await letters("vault_1")).toBe("abcdgi");
    expect(await letters("vault_2")).toBe("bcei");
    expect(await letters("vault_12")).toBe("ch");
    expect(await letters("vault_9")).toBe("cj");
    for (const other of ["vault", "read", "resource", "action", "balance", "1"])
      expect(await letters(other)).toBe("c");
    await admin.call("PATCH", `/-/service-users/${ownerId}`, { vaultRoles: { vault_2: ["developer"] } });
    expect([await letters("vault_1"), await letters("vault_2")]).toEqual(["abcdg", "bcei"]);
  });

  test("follow an edit, and are narrowed by the other filters and by whose they may be", async () => {
    const { admin } = organization;
    const bob = organization.member("bob", developerOn("vault_1", "vault_2"));
    await bob.createKey({ name: "bob's", vaults: ["vault_1"] });
    const { id } = await admin.createKey({ name: "alice's", vaults: ["vault_2"] });
    expect([await seeing("vault_1"), await seeing("vault_2")]).toEqual(["bob's", "alice's"]);
    await admin.call("PATCH", `/-/api-keys/${id}`, { vaults: ["vault_1"], disabled: true });
    expect([await seeing("vault_1"), await seeing("vault_2")]).toEqual(["alice's,bob's", ""]);
    expect(await seeing("vault_1", { status: "active" })).toBe("bob's");
    expect(await seeing("vault_1", { q: "ALICE" })).toBe("alice's");
    expect(await names({ vault: "vault_1", status: "all" }, bob)).toEqual(["bob's"]);
    const first = await list({ vault: "vault_1", owner: "*", status: "all", limit: "1" });
    const rest = await list({
      vault: "vault_1",
      owner: "*",
      status: "all",
      nextCursor: first.pagination.nextCursor ?? "",
    });
    expect([...first.data, ...rest.data].map(({ name }) => name)).toEqual(["alice's", "bob's"]);
  });
});

test("keys are found by their owners' names, for admins everybody's", async () => {
  const { admin } = organization;
  const zoe = organization.member("u-1", { ...developerOn("vault_1"), name: "Zoë  Ångström" });
  await zoe.createKey({ name: "Zoë's", vaults: ["vault_1"] });
  await admin.createKey({ name: "Alice's" });
  for (const ownerName of ["zoë ång", "ZOE\u0308", "ångström"]) {
    expect(await names({ ownerName })).toEqual(["Zoë's"]);
    expect(await names({ ownerName, owner: "*" })).toEqual(["Zoë's"]);
    expect(await names({ ownerName, owner: "alice" })).toEqual([]);
    expect(await names({ ownerName }, zoe)).toEqual(["Zoë's"]);
  }
  expect(await names({ ownerName: "alice" }, zoe)).toEqual([]);
  expect(await refusalOf(await zoe.call("GET", "/-/api-keys?ownerName=alice&owner=*"))).toEqual([
    403,
    "role_required",
  ]);
});

describe("a list in an order, with ties and with values that are not there", () => {
  /** In the order of their making. */
  const NAMES = ["b", "Ä", "a", "B", "c", "a"];

  async function makeKeys(): Promise<void> {
    for (const [i, name] of NAMES.entries()) {
      const expiry = [
        { expiresAt: null },
        { expiresAt: "2090-01-01T00:00:00Z" },
        { expiresAt: "2080-01-01T00:00:00Z" },
      ];
      const key = await organization.admin.createKey({ name, ...expiry[i % 3] });
      if (i % 2 === 1) await used(key, 1_000_000 + Math.floor(i / 4));
    }
  }

  async function inPages(sort: string, limit: number, status = "active"): Promise<Record<string, unknown>[]> {
    const all: Record<string, unknown>[] = [];
    for (let nextCursor: string | null = ""; nextCursor !== null;) {
      const page = await list({ sort, status, limit: `${limit}`, ...(nextCursor && { nextCursor }) });
      all.push(...(page.data as unknown as Record<string, unknown>[]));
      ({ nextCursor } = page.pagination);
    }
    return all;
  }

  test.each(["name", "createdAt", "lastUsedAt", "expiresAt"])("by %s, in both directions", async (field) => {
    await makeKeys();
    for (const [sort, sign] of [
      [field, 1],
      [`-${field}`, -1],
    ] as const) {
      const whole = await inPages(sort, 100);
      expect(whole).toHaveLength(NAMES.length);
      const values = whole.map((key) => (field === "name" ? String(key[field]).toLowerCase() : key[field]));
      const present = values.filter((value) => value !== null) as string[];
      expect(values.slice(present.length)).toEqual(values.filter((value) => value === null));
      expect(present).toEqual(present.toSorted((a, b) => sign * (a < b ? -1 : a > b ? 1 : 0)));
      for (const limit of [1, 2, 4]) expect(await inPages(sort, limit)).toEqual(whole);
    }
  });

  test("by when keys end, which for a rotated one is the end of its overlap, and for a revoked one never", async () => {
    const { admin } = organization;
    await admin.createKey({ name: "b", expiresIn: "50d" });
    const { id } = await admin.createKey({ name: "a", expiresIn: "90d" });
    await admin.call("POST", `/-/api-keys/${id}/rotate`, { overlap: "3d" });
    await admin.createKey({ name: "d", expiresAt: null });
    const dead = await admin.createKey({ name: "c", expiresIn: "1d" });
    await admin.call("DELETE", `/-/api-keys/${dead.id}`);
    for (const [sort, expected] of [
      ["endsAt", "a,b,a,c,d"],
      ["-endsAt", "a,b,a,d,c"],
    ] as const) {
      const whole = await inPages(sort, 100, "all");
      const ended = whole.map(({ name }) => name).join();
      expect([sort, ended.slice(0, 6), ended.slice(6).split(",").toSorted().join()]).toEqual([
        sort,
        expected.slice(0, 6),
        "c,d",
      ]);
      for (const limit of [1, 2]) expect(await inPages(sort, limit, "all")).toEqual(whole);
    }
  });

  test("is the newest first unless said otherwise, and a cursor is of one order alone", async () => {
    await makeKeys();
    expect(await names({})).toEqual(NAMES.toReversed());
    expect(await names({ sort: "createdAt" })).toEqual(NAMES);
    const { nextCursor } = (await list({ sort: "name", limit: "2" })).pagination;
    const query = new URLSearchParams({ sort: "-name", nextCursor: nextCursor ?? "" }).toString();
    expect(await refusalOf(await organization.admin.call("GET", `/-/api-keys?${query}`))).toEqual([
      400,
      "invalid_request",
      "nextCursor",
    ]);
  });
});
