import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { ExportPage, ExportPosition } from "../../../src/state/organization/organization-export.ts";
import { makeActor, makeKey } from "../../support/records.ts";
import { readJson } from "../../support/json.ts";

const alice = makeActor("org_export");
const COPIES = 2500;

test("a long record comes in pages that each are small, and every row of it is in one of them", async () => {
  const organization = env.ORGANIZATION.getByName(alice.orgId);
  await organization.bootstrap(alice);
  const { key } = await makeKey(organization, alice);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const columns = sql
      .exec<{ name: string }>(`SELECT name FROM pragma_table_info('keys') WHERE name <> 'id'`)
      .toArray()
      .map(({ name }) => name)
      .join(", ");
    const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${COPIES})`;
    sql.exec(
      `INSERT INTO keys (id, ${columns}) ${numbers} SELECT 'key_' || printf('%012d', i), ${columns} FROM keys, n`,
    );
    sql.exec(
      `INSERT INTO usage_counts ${numbers} SELECT 3600000, i * 3600000, ?, 1, 0, 0, 0, 0 FROM n`,
      key.id,
    );
    sql.exec(
      `INSERT INTO audit (at, actor_id, action, target) ${numbers} SELECT ?, 'alice', 'test', 'target' FROM n`,
      Date.now(),
    );
  });

  const seen = new Map<string, Set<string>>();
  let lines = 0;
  let position: ExportPosition | null = { section: 0, after: null };
  while (position !== null) {
    const page = (await organization.exportPage(alice, position, false)) as ExportPage;
    expect(page.lines).toBeLessThanOrEqual(1000);
    lines += page.lines;
    for (const text of page.text.split("\n").filter((each) => each !== "")) {
      const { type, id, start } = readJson<{ type: string; id?: string; start?: string }>(text);
      const name = id ?? start ?? "";
      expect(seen.get(type)?.has(name) ?? false).toBe(false);
      seen.set(type, (seen.get(type) ?? new Set()).add(name));
    }
    position = page.next;
  }
  expect(seen.get("api_key")?.size).toBe(COPIES + 1);
  expect(seen.get("usage")?.size).toBe(COPIES);
  expect(seen.get("audit_event")?.size).toBeGreaterThan(COPIES);
  expect(lines).toBe([...seen.values()].reduce((sum, { size }) => sum + size, 0));
});
