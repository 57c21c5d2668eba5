import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { ExportPage, ExportPosition } from "../../../src/state/organization/organization-export.ts";
import type { Organization } from "../../../src/state/organization/organization.ts";
import { makeActor, makeKey } from "../../support/records.ts";
import { readJson } from "../../support/json.ts";

const alice = makeActor("org_export");
/** Letters that take two bytes each on their way; the most that a resource, or what a change was, may have of them. */
const longText = (letters: number) => "é".repeat(letters);
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

  const { seen, lines } = await readAll(organization);
  expect(seen.get("api_key")?.size).toBe(COPIES + 1);
  expect(seen.get("usage")?.size).toBe(COPIES);
  expect(seen.get("audit_event")?.size).toBeGreaterThan(COPIES);
  expect(lines).toBe([...seen.values()].reduce((sum, { size }) => sum + size, 0));
});

test("a record of which few rows exceed what one answer may hold comes in shorter pages, whole", async () => {
  const organization = env.ORGANIZATION.getByName("org_long_rows");
  const actor = makeActor("org_long_rows");
  await organization.bootstrap(actor);
  const rows = 36;
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const fields = JSON.stringify({ text: longText(249_000) });
    const resource = JSON.stringify({ displayName: longText(499_000) });
    for (let i = 0; i < rows; i++) {
      sql.exec(
        `INSERT INTO audit (at, actor_id, action, target, before, after) VALUES (?1, 'alice', 'test', 'x', ?2, ?2)`,
        Date.now(),
        fields,
      );
      sql.exec(
        `INSERT INTO scim_users (id, user_name_key, active, resource, created_at, modified_at)
         VALUES (?1, ?1, 1, ?2, 0, 0)`,
        `u${i}`,
        resource,
      );
    }
  });
  const { seen } = await readAll(organization, actor);
  expect(seen.get("scim_user")?.size).toBe(rows);
  expect(seen.get("audit_event")?.size).toBeGreaterThan(rows);
});

test("a group of very many members is in the record with all of them", async () => {
  const organization = env.ORGANIZATION.getByName("org_large_group");
  const actor = makeActor("org_large_group");
  await organization.bootstrap(actor);
  const members = 60_000;
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    sql.exec(
      `INSERT INTO scim_groups (id, display_name, resource, created_at, modified_at) VALUES ('g', 'G', '{}', 0, 0)`,
    );
    sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${members})
       INSERT INTO scim_users (id, user_name_key, active, resource, created_at, modified_at)
       SELECT printf('%036d', i), i, 1, '{}', 0, 0 FROM n`,
    );
    sql.exec(`INSERT INTO scim_members (group_id, user_id) SELECT 'g', id FROM scim_users`);
  });
  const page = (await organization.exportPage(actor, { section: 4, after: null }, false)) as ExportPage;
  expect(readJson<{ members: string[] }>(page.text).members).toHaveLength(members);
});

/** The ids of every row by its type, each on one page. */
async function readAll(organization: DurableObjectStub<Organization>, actor = alice) {
  const seen = new Map<string, Set<string>>();
  let lines = 0;
  let position: ExportPosition | null = { section: 0, after: null };
  while (position !== null) {
    const page = (await organization.exportPage(actor, position, false)) as ExportPage;
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
  return { seen, lines };
}
