import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { KEY_SORTS, type KeyQuery } from "../../../../src/core/organization/managed-key.ts";
import { KeyTable } from "../../../../src/state/organization/keys/key-table.ts";
import { searchOf } from "../../../../src/state/organization/keys/key-search.ts";
import { EVERY_KEY, makeActor } from "../../../support/records.ts";

const FILTERS: readonly Partial<KeyQuery>[] = [
  {},
  { status: "active" },
  { status: "expired" },
  { status: "disabled" },
  { status: "revoked" },
  { q: "part" },
  { ownerKind: "service" },
  { ownerName: "part" },
  { expiresBefore: 1 },
  { unusedSince: 1 },
  { anyAddress: true },
  { anyAddress: false },
  { noExpiry: true },
  { noExpiry: false },
  { vault: "vault_1" },
  { vault: "vault_1", status: "active", q: "part" },
  { status: "active", q: "part", anyAddress: true, unusedSince: 1 },
];

const ORDERS = [...KEY_SORTS.map((by) => ({ by })), { by: "expiresAt", ends: true } as const];

test("no list of an organisation's keys reads keys one by one that it does not show", async () => {
  const organization = env.ORGANIZATION.getByName("org_plans");
  await organization.bootstrap(makeActor("org_plans"));
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    for (const filter of FILTERS) {
      for (const order of ORDERS) {
        for (const descending of [false, true]) {
          const query = { ...EVERY_KEY, ...filter, sort: { ...order, descending } };
          const { from, where, values, order: by } = searchOf(query, 1, () => ["user"]);
          const plan = sql
            .exec<{ detail: string }>(
              `EXPLAIN QUERY PLAN SELECT id FROM ${from} WHERE ${where} ORDER BY ${by} LIMIT 100`,
              ...values,
            )
            .toArray()
            .map(({ detail }) => detail);
          // An index in the order of the list is read no further than the page.
          const inOrder = plan.length === 1;
          const reads = plan.find((detail) => /^(SCAN|SEARCH) keys/.test(detail));
          expect([query, reads]).toEqual([query, expect.stringContaining("USING COVERING INDEX")]);
          if (inOrder) expect(filter).toEqual({});
        }
      }
    }
  });
});

test("what every call asks of rotated keys is read without those of the past", async () => {
  const organization = env.ORGANIZATION.getByName("org_rotated_for_years");
  await organization.bootstrap(makeActor("org_rotated_for_years"));
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    const queries: string[] = [];
    const exec = (query: string, ...values: SqlStorageValue[]) => {
      queries.push(query);
      return sql.exec(query, ...values);
    };
    const table = new KeyTable({ exec } as SqlStorage);
    table.dueToRetire(1);
    table.nextRetirement(1);
    const plans = queries.map((query) => sql.exec(`EXPLAIN QUERY PLAN ${query}`, 1).toArray()[0]?.["detail"]);
    expect(plans).toEqual([
      expect.stringContaining("INDEX keys_retiring (retires_at<?)"),
      expect.stringContaining("INDEX keys_retiring (retires_at>?)"),
    ]);
  });
});
