import { describe, expect, test } from "vitest";
import {
  COLUMNS,
  dataPoint,
  DIMENSIONS,
  MEASURES,
  writePoint,
  type MetricsPoint,
} from "../../../src/core/usage/metrics.ts";

const LONG = "ü€😀".repeat(2000);
const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;

describe("a data point", () => {
  test("has every column where the queries look for it", () => {
    const point: MetricsPoint = {
      kind: "request",
      orgId: "org_a",
      keyId: "key_1",
      address: "192.0.2.1",
      status: 200,
    };
    const { blobs, doubles } = dataPoint(point);
    const read = (column: string): string | number | undefined =>
      column.startsWith("blob") ? blobs[Number(column.slice(4)) - 1] : doubles[Number(column.slice(6)) - 1];
    expect(read(COLUMNS.kind)).toBe("request");
    expect(read(COLUMNS.address)).toBe("192.0.2.1");
    expect(read(COLUMNS.status)).toBe(200);
    expect(read(COLUMNS.bytes)).toBe(0);
  });

  test.each([
    ["request", "org_a", "key_abcde1234567", "org_a/key_abcde1234567"],
    ["storage", "org_a", undefined, "org_a"],
    ["request", "", "key_made_up", "-"],
  ] as const)("of a %s is sampled by organisation and key", (kind, orgId, keyId, index) => {
    expect(dataPoint({ kind, orgId, keyId }).indexes).toEqual([index]);
  });

  test("stays within what a dataset takes, whatever texts come in", () => {
    const texts = Object.fromEntries(Object.keys(DIMENSIONS).map((name) => [name, LONG]));
    const { indexes, blobs, doubles } = dataPoint({ ...texts, kind: "request" });
    expect(bytes(indexes[0])).toBeLessThanOrEqual(96);
    expect(blobs.reduce((sum, text) => sum + bytes(text), 0)).toBeLessThan(16 * 1024);
    expect(blobs.length).toBeLessThanOrEqual(20);
    expect(doubles).toHaveLength(Object.keys(MEASURES).length);
    expect(doubles.length).toBeLessThanOrEqual(20);
  });

  test("holds as much of a long text as there is room for", () => {
    const { indexes, blobs } = dataPoint({ kind: "request", orgId: "a".repeat(300) });
    expect(indexes).toEqual(["a".repeat(96)]);
    expect(blobs).toContain("a".repeat(256));
  });

  test("that a dataset does not take is lost, and nothing else", () => {
    const writeDataPoint = (): void => {
      throw new Error("Too many data points");
    };
    expect(() => writePoint({ writeDataPoint }, { kind: "request" })).not.toThrow();
  });
});
