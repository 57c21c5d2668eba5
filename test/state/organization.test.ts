import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

test("asking about an organisation that nobody belongs to leaves nothing in storage", async () => {
  const organization = env.ORGANIZATION.getByName("org_nobody");
  expect(await organization.knowsScimToken("0".repeat(64))).toBe(false);
  expect(await organization.listKeyIds(null, "", 10)).toEqual([]);
  await organization.recordUsage("key_000000000000", {
    sequence: 1,
    hours: {},
    lastUsedAt: 0,
    lastUsedIp: "",
  });
  await runInDurableObject(organization, async (_, state) => {
    const tables = state.storage.sql.exec(
      `SELECT name FROM sqlite_master WHERE name NOT LIKE '$_cf$_%' ESCAPE '$'`,
    );
    expect(tables.toArray()).toEqual([]);
    expect(await state.storage.getAlarm()).toBeNull();
  });
});
