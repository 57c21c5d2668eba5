import { beforeAll, describe, expect, test } from "vitest";
import { developerOn, refusalOf, type Person } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";

interface Page {
  readonly data: readonly { readonly id: string; readonly name: string; readonly createdAt: string }[];
  readonly pagination: { readonly limit: number; readonly nextCursor: string | null };
}

const ON_VAULT_1 = { vaultRoles: { vault_1: ["developer"] } };
const PAST = { expiresAt: "2020-01-01T00:00:00Z" };

const control = await useControl();
const organization = await control.newOrganization();
const bob = organization.member("bob", developerOn("vault_1"));
beforeAll(async () => {
  await createOneOfEachStatus(organization.admin);
  await bob.createKey({ name: "Bob's" });
  const service = await organization.admin.call("POST", "/-/service-users", {
    name: "Reporter",
    ...ON_VAULT_1,
  });
  const { id: ownerId } = await service.json<{ id: string }>();
  await organization.admin.createKey({ name: "Reporter's", ownerId, vaults: ["vault_1"] });
});

/** Keys whose names say what became of them, in this order. */
async function createOneOfEachStatus(person: Person): Promise<void> {
  const change = async (name: string, fields: object): Promise<CreatedKey> => {
    const key = await person.createKey({ name });
    await person.call("PATCH", `/-/api-keys/${key.id}`, fields);
    return key;
  };
  await person.createKey({ name: "active" });
  await change("disabled", { disabled: true });
  await change("disabled, then expired", { disabled: true, ...PAST });
  await change("expired", PAST);
  for (const key of [
    await change("revoked", {}),
    await change("disabled, then revoked", { disabled: true }),
  ]) {
    await person.call("DELETE", `/-/api-keys/${key.id}`);
  }
  await person.createKey({ name: "100%_Ready" });
}

async function list(query: string, person = organization.admin): Promise<Page> {
  return await (await person.call("GET", `/-/api-keys${query}`)).json<Page>();
}

const names = async (query: string, person?: Person): Promise<string[]> =>
  (await list(query, person)).data.map(({ name }) => name);

describe("the list of keys", () => {
  test.each<[string, string[]]>([
    ["", ["100%_Ready", "active"]],
    ["?status=active", ["100%_Ready", "active"]],
    ["?status=disabled", ["disabled, then expired", "disabled"]],
    ["?status=expired", ["expired"]],
    ["?status=revoked", ["disabled, then revoked", "revoked"]],
    ["?status=all&limit=3", ["100%_Ready", "disabled, then revoked", "revoked"]],
    ["?q=ready", ["100%_Ready"]],
    ["?q=ACT", ["active"]],
    ["?q=%25_r", ["100%_Ready"]],
    ["?q=a_tive", []],
    ["?q=%25", ["100%_Ready"]],
    ["?q=", ["100%_Ready", "active"]],
    ["?status=all&q=expired", ["expired", "disabled, then expired"]],
    ["?owner=alice", ["100%_Ready", "active"]],
    ["?owner=bob", ["Bob's"]],
    ["?owner=*", ["Reporter's", "Bob's", "100%_Ready", "active"]],
    ["?owner=*&ownerKind=service", ["Reporter's"]],
    ["?owner=*&ownerKind=user", ["Bob's", "100%_Ready", "active"]],
    ["?ownerKind=service", []],
    ["?owner=nobody", []],
  ])("%s holds the right keys, the newest first", async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test("is of one's own keys, and of nobody else's unless one is an admin", async () => {
    expect(await names("?status=all", bob)).toEqual(["Bob's"]);
    expect(await names("?owner=bob", bob)).toEqual(["Bob's"]);
    for (const owner of ["*", "alice"]) {
      const answer = await bob.call("GET", `/-/api-keys?owner=${owner}`);
      expect(await refusalOf(answer)).toEqual([403, "role_required"]);
    }
  });

  test("tells of each key what reading it tells", async () => {
    const { data } = await list("?status=all&owner=*");
    for (const key of data) {
      const answer = await organization.admin.call("GET", `/-/api-keys/${key.id}`);
      const { receipt, ...told } = await answer.json<Record<string, unknown>>();
      expect(told).toEqual(key);
      expect(receipt !== undefined).toBe(told["status"] === "revoked");
    }
  });

  test.each<[string, string]>([
    ["status=dead", "status"],
    ["status=active&status=all", "status"],
    ["limit=0", "limit"],
    ["limit=-1", "limit"],
    ["limit=1.5", "limit"],
    ["limit=abc", "limit"],
    ["limit=", "limit"],
    ["limit=0x10", "limit"],
    ["sort=size", "sort"],
    ["Status=all", "Status"],
    ["nextCursor=", "nextCursor"],
    ["nextCursor=garbage", "nextCursor"],
    ["nextCursor=%00", "nextCursor"],
    [`nextCursor=${encode("null")}`, "nextCursor"],
    [`nextCursor=${encode("[]")}`, "nextCursor"],
    [`nextCursor=${encode('{"id":7}')}`, "nextCursor"],
    [`nextCursor=${encode('{"createdAt":"1","id":"key_1"}')}`, "nextCursor"],
    [`nextCursor=${encode('{"createdAt":1,"id":"key_1","orgId":"org_2"}')}`, "nextCursor"],
  ])("asked for with %s is refused, and the parameter is named", async (query, field) => {
    const answer = await organization.admin.call("GET", `/-/api-keys?${query}`);
    expect(await refusalOf(answer)).toEqual([400, "invalid_request", field]);
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

describe("a page", () => {
  test.each([
    ["", 100],
    ["?limit=1", 1],
    ["?limit=500", 500],
    ["?limit=501", 500],
    ["?limit=99999999999999999999", 500],
  ])("asked for with %j holds at most %i", async (query, limit) => {
    expect((await list(query)).pagination.limit).toBe(limit);
  });

  test("is the last one when nothing follows, be it full", async () => {
    expect((await list("?limit=2")).pagination.nextCursor).toBeNull();
    const { data, pagination } = await list("?limit=1");
    expect(data).toHaveLength(1);
    expect(pagination.nextCursor).toMatch(/^[\w-]+$/);
    expect((await list(`?limit=1&nextCursor=${pagination.nextCursor}`)).pagination.nextCursor).toBeNull();
  });

  test.each([1, 3, 7])(
    "of %i after another holds every key once that was there throughout, whatever comes and goes meanwhile",
    async (limit) => {
      const { admin } = await control.newOrganization();
      const create = (count: number): Promise<CreatedKey[]> =>
        Promise.all(Array.from({ length: count }, (_, i) => admin.createKey({ name: `${i}` })));
      const lasting = [...(await create(5)), ...(await create(5))];
      const passing = await create(4);
      lasting.push(...(await create(5)));

      const seen: { id: string; createdAt: string }[] = [];
      let cursor = "";
      do {
        const page = await list(`?limit=${limit}${cursor}`, admin);
        seen.push(...page.data);
        await admin.createKey({ name: "meanwhile" });
        const gone = passing.pop();
        if (gone !== undefined) await admin.call("DELETE", `/-/api-keys/${gone.id}`);
        cursor = page.pagination.nextCursor === null ? "" : `&nextCursor=${page.pagination.nextCursor}`;
      } while (cursor !== "");

      const ids = seen.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(lasting.map(({ id }) => id)));
      const times = seen.map(({ createdAt }) => createdAt);
      expect(times).toEqual(times.toSorted().toReversed());
    },
  );
});
