import { expect, test } from "vitest";
import {
  keyEndSeconds,
  recordCuts,
  recordExpiry,
  recordStorage,
} from "../../../src/core/usage/key-metrics.ts";
import { COLUMNS, type Column, type DataPoint } from "../../../src/core/usage/metrics.ts";
import { makeRecord } from "../../support/records.ts";

/** What was written to a dataset, by the names of the columns. */
function written(write: (dataset: { writeDataPoint(point: DataPoint): void }) => void): object[] {
  const points: DataPoint[] = [];
  write({ writeDataPoint: (point) => void points.push(point) });
  const columns = Object.keys(COLUMNS) as Column[];
  return points.map(({ blobs, doubles }) => {
    const values = [...blobs, ...doubles];
    return Object.fromEntries(columns.flatMap((name, i) => (values[i] ? [[name, values[i]]] : [])));
  });
}

test.each([
  [{ expiresAt: null, retiresAt: null }, 0],
  [{ expiresAt: 12_999, retiresAt: null }, 12],
  [{ expiresAt: null, retiresAt: 7000 }, 7],
  [{ expiresAt: 12_999, retiresAt: 7000 }, 7],
])("a key with %j ends in second %i", (times, seconds) => {
  expect(keyEndSeconds(makeRecord(times).record)).toBe(seconds);
});

test("each change that is in force is told: what it was, of which key, and how long it took", () => {
  const of = { id: "key_1", orgId: "org_1", expiresAt: 12_999 };
  const told = { kind: "cut", orgId: "org_1", keyId: "key_1", waitMs: 230, leaseMs: 1000, keyExpiresAt: 12 };
  const records = [{}, { disabled: true }, { revokedAt: 5 }, { disabled: true, revokedAt: 5 }].map(
    (change) => makeRecord({ ...of, ...change }).record,
  );
  expect(written((dataset) => recordCuts(dataset, records, { waitMs: 230, leaseMs: 1000 }))).toEqual([
    { ...told, outcome: "changed" },
    { ...told, outcome: "disabled" },
    { ...told, outcome: "revoked" },
    { ...told, outcome: "revoked" },
  ]);
});

test("an expiry and the room of an organisation are told", () => {
  expect(
    written((dataset) => {
      recordExpiry(dataset, { orgId: "org_1", keyId: "key_1", expiresAt: 5_000_999 });
      recordStorage(dataset, "org_1", 4096);
    }),
  ).toEqual([
    { kind: "expiry", orgId: "org_1", keyId: "key_1", keyExpiresAt: 5000 },
    { kind: "storage", orgId: "org_1", bytes: 4096 },
  ]);
});

test("without a dataset nothing is told, and nothing fails", () => {
  recordExpiry(undefined, { orgId: "org_1", keyId: "key_1", expiresAt: 1 });
  expect(() => recordCuts(undefined, [makeRecord().record], { waitMs: 1, leaseMs: 1 })).not.toThrow();
});
