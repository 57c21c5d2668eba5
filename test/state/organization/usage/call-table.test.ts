import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { MAX_NAMES, OTHERS, type CallCounts } from "../../../../src/core/usage/calls.ts";
import { hourOf } from "../../../../src/core/usage/usage.ts";
import { CallTable } from "../../../../src/state/organization/usage/call-table.ts";
import { SCHEMA } from "../../../../src/state/organization/schema.ts";

const HOUR_MS = 3_600_000;
const NOW = Date.parse("2026-11-20T10:45:00Z");
const KEY = "key_1";

/** Works on the table of an organisation that nobody else uses. */
async function withTable(name: string, work: (table: CallTable) => void | Promise<void>): Promise<void> {
  await runInDurableObject(env.ORGANIZATION.getByName(`org_${name}`), async (_, { storage }) => {
    storage.sql.exec(SCHEMA);
    await work(new CallTable(storage.sql));
  });
}

function record(table: CallTable, at: number, calls: CallCounts, keyId = KEY): void {
  table.record(keyId, calls, at);
}

test("calls add up over batches and hours, for each key by itself", async () => {
  await withTable("sums", (table) => {
    record(table, NOW - HOUR_MS, new Map([["a", 1]]));
    record(table, NOW - 1000, new Map(Object.entries({ a: 2, b: 1 })));
    record(table, NOW, new Map([["a", 4]]));
    record(table, NOW, new Map([["a", 8]]), "key_2");
    expect(table.since(KEY, 0)).toEqual(new Map(Object.entries({ a: 7, b: 1 })));
    expect(table.since(KEY, hourOf(NOW))).toEqual(new Map(Object.entries({ a: 6, b: 1 })));
    expect(table.since("key_3", 0).size).toBe(0);
  });
});

test("an hour of a key tells at most so many calls apart, and no batch adds to that", async () => {
  await withTable("bound", (table) => {
    for (let batch = 0; batch < 3; batch++) {
      const names = Array.from({ length: MAX_NAMES }, (_, i) => [`${batch}/${i}`, 1] as const);
      record(table, NOW, new Map(names));
    }
    const counts = table.since(KEY, 0);
    expect([counts.size, counts.get(OTHERS)]).toEqual([MAX_NAMES + 1, 2 * MAX_NAMES]);
  });
});

test("calls of the last 24 hours are kept, and what is older goes, of every key", async () => {
  await withTable("age", async (table) => {
    record(table, NOW - 24 * HOUR_MS, new Map([["a", 1]]));
    record(table, NOW - 25 * HOUR_MS, new Map([["old", 1]]), "key_2");
    record(table, NOW, new Map([["a", 2]]));
    await table.forget(NOW - table.keptMs);
    expect(table.since(KEY, 0)).toEqual(new Map([["a", 3]]));
    expect(table.since("key_2", 0).size).toBe(0);
  });
});
