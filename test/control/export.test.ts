import { beforeAll, expect, test } from "vitest";
import { developerOn, refusalOf } from "../support/control.ts";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { readJson } from "../support/json.ts";
import { useControl } from "../support/started.ts";

const PATH = "/-/organization/export";

interface Line {
  readonly type: string;
  readonly id?: string;
  readonly keyId?: string;
  readonly hash?: string;
  readonly lines?: number;
}
let keys: CreatedKey[];
const secrets: string[] = [];

const control = await useControl();
const organization = await control.newOrganization();
beforeAll(async () => {
  const { admin } = organization;
  keys = [await admin.createKey(), await admin.createKey(), await admin.createKey()];
  secrets.push(...keys.map(({ key }) => key.slice(-38)));
  const imported = importLine(foreignKey(), { orgId: organization.id, ownerId: admin.id });
  await importKeys(control, [imported]);
  secrets.push(imported["hash"] as string);
  await admin.call("DELETE", `/-/api-keys/${keys[2]?.id}`);
  await organization.member("bob", developerOn("vault_1")).call("GET", "/-/me");
  await admin.call("POST", "/-/service-users", { name: "Fleet", vaultRoles: { "*": ["developer"] } });
  for (const [method, path] of [
    ["PUT", "/-/organization/webhook"],
    ["POST", "/-/organization/scim-token"],
  ] as const) {
    const answer = await admin.call(
      method,
      path,
      method === "PUT" ? { url: "https://hooks.example.com/" } : undefined,
    );
    const { secret, token } = await answer.json<{ secret?: string; token?: string }>();
    secrets.push(secret ?? token ?? "");
  }
  await control.call("GET", "/v1/vaults/vault_1", { as: keys[0]?.key ?? "", from: freshAddress() });
});

async function exported(query = ""): Promise<Line[]> {
  const answer = await organization.admin.call("GET", PATH + query);
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "application/x-ndjson"]);
  const text = await answer.text();
  for (const secret of secrets) expect(text).not.toContain(secret);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => readJson<Line>(line));
}

test("an export holds everything on record but secrets, in one order, and says that it is complete", async () => {
  const lines = await exported();
  const counts = new Map<string, number>();
  for (const { type } of lines) counts.set(type, (counts.get(type) ?? 0) + 1);
  expect([...counts.keys()].filter((type) => type !== "usage")).toEqual([
    "organization",
    "person",
    "service_user",
    "api_key",
    "audit_event",
    "webhook",
    "end",
  ]);
  expect(counts.get("person")).toBe(2);
  expect(counts.get("api_key")).toBe(4);
  expect(lines.find(({ id }) => id === keys[2]?.id)).toMatchObject({ status: "revoked", revokedBy: "alice" });
  expect(lines.at(-1)).toEqual({ type: "end", lines: lines.length - 1 });
  const stable = (all: readonly Line[]) =>
    all.slice(1).filter(({ type }) => type !== "usage" && type !== "end");
  expect(stable(await exported())).toEqual(stable(lines));
});

test("what was used is in it, once the guard has reported it", async () => {
  const { id } = keys[0] as CreatedKey;
  const told = async (): Promise<unknown> => {
    const answer = await organization.admin.call("GET", `/-/api-keys/${id}/usage?window=24h`);
    return (await answer.json<{ totals: unknown }>()).totals;
  };
  await expect.poll(told, { interval: 500 }).toMatchObject({ succeeded: 1 });
  const usage = (await exported()).filter(({ type }) => type === "usage");
  expect(usage.map(({ keyId }) => keyId)).toEqual([id, id]);
  expect(usage).toMatchObject([
    { step: "hour", succeeded: 1 },
    { step: "day", succeeded: 1 },
  ]);
});

test("hashes of keys that were made here are told when they are asked for, with a second factor", async () => {
  const lines = (await exported("?hashes=true")).filter(({ type }) => type === "api_key");
  expect(lines.map(({ hash }) => hash?.length ?? 0).toSorted((a, b) => a - b)).toEqual([0, 64, 64, 64]);
  expect((await exported()).some(({ hash }) => hash !== undefined)).toBe(false);
  const tired = control.person({ sub: "alice", org_id: organization.id, roles: ["admin"] });
  expect(await refusalOf(await tired.call("GET", `${PATH}?hashes=true`))).toEqual([401, "mfa_required"]);
});

test("only admins export, and only their own organisation", async () => {
  const bob = organization.member("bob", developerOn("vault_1"));
  expect(await refusalOf(await bob.call("GET", PATH))).toEqual([403, "role_required"]);
  const other = await control.newOrganization();
  const text = await (await other.admin.call("GET", PATH)).text();
  for (const { id } of keys) expect(text).not.toContain(id);
});
