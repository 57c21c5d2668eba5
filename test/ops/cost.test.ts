import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { billOf, dollarsPerMillion } from "../../src/cost/bill.ts";
import { loadOf, MONTH_S, ratesOf } from "../../src/cost/load.ts";
import { measure } from "../../src/cost/measure.ts";
import { PARTS, PLAN, PRICES, type Part, type Units } from "../../src/cost/prices.ts";
import type { Cost } from "../../src/cost/report.ts";
import { unitsEach } from "../../src/cost/units.ts";
import { readJson } from "../support/json.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NOTHING = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
const units = (some: Partial<Units>): Units => ({ ...NOTHING, ...some });

function run(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, ["src/cost/main.ts", ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("a bill", () => {
  test("is the plan alone while everything is included", () => {
    expect(billOf(units({ requests: 10e6, rowsWritten: 50e6 })).total).toBe(PLAN);
  });

  test.each(PARTS)("charges what is beyond the plan: %s", (part) => {
    const { included, perMillion } = PRICES[part];
    const bill = billOf(units({ [part]: included + 3e6 }));
    expect(bill.total).toBeCloseTo(PLAN + 3 * perMillion, 6);
    expect(bill.dominant).toBe(part);
  });

  test("of a million requests by lease is 72 cents with every request logged, 56 with data points instead", () => {
    const lease = {
      leaseShare: 1,
      guardCalls: 0,
      deliveries: 0,
      rowsRead: 0,
      rowsWritten: 0,
      guardSeconds: 0,
    };
    const each = (options: { logShare: number; metrics: boolean }) =>
      dollarsPerMillion(unitsEach({ requests: 1, ...lease }, { refusedShare: 0, cpuMs: 0.3, ...options }));
    expect(each({ logShare: 1, metrics: false })).toBeCloseTo(0.716, 3);
    expect(each({ logShare: 0, metrics: true })).toBeCloseTo(0.556, 3);
  });
});

describe("a load", () => {
  test("by Zipf is used half as often by its second key, a third as often by its third, and is whole", () => {
    const rates = ratesOf({ requests: 1e9, keys: 1000, skew: "zipf" });
    expect(rates.reduce((sum, rate) => sum + rate, 0) * MONTH_S).toBeCloseTo(1e9, -2);
    expect([rates[1], rates[2]].map((rate = 0) => (rates[0] ?? 0) / rate)).toEqual([
      expect.closeTo(2, 6),
      expect.closeTo(3, 6),
    ]);
  });

  test("lies in groups of at most 64 keys of one organisation", () => {
    const groups = loadOf(ratesOf({ requests: 1e6, keys: 1000, skew: "even" }), 3);
    expect(groups.flat()).toHaveLength(1000);
    expect(Math.max(...groups.map((keys) => keys.length))).toBe(64);
    expect(groups).toHaveLength(18);
  });

  test("is measured by the product's rules: a hot key by lease, a rare one by asking each time", async () => {
    const [hot, rare] = await Promise.all([measure([[300]], 2), measure([[1 / 120]], 1)]);
    expect(hot.leaseShare).toBeGreaterThan(0.95);
    expect(hot.rowsWritten).toBeLessThan(0.01);
    expect(rare.leaseShare).toBeLessThan(0.05);
    expect(rare.rowsWritten).toBeGreaterThan(1);
    expect(rare.guardCalls).toBeGreaterThan(1);
  }, 60_000);
});

describe("npm run cost", () => {
  test("prints the parts, their sum and what dominates, and writes the same to a file", async () => {
    const directory = mkdtempSync(join(tmpdir(), "portcullis-cost-"));
    const file = join(directory, "cost.json");
    const { code, stdout } = await run("--requests", "5e7", "--keys", "20", "--json", file);
    const { bill, kinds, load } = readJson<Cost>(readFileSync(file, "utf8"));
    rmSync(directory, { recursive: true });
    expect(code).toBe(0);
    expect(load).toMatchObject({ requests: 5e7, keys: 20, skew: "zipf", organizations: 1 });
    expect(bill.parts.map(({ part }) => part)).toEqual(PARTS);
    expect(bill.total).toBeCloseTo(
      bill.parts.reduce((sum, { dollars }) => sum + dollars, PLAN),
      6,
    );
    expect(stdout).toContain(`$${bill.total.toFixed(2)}`);
    expect(stdout).toMatch(new RegExp(`${PRICES[bill.dominant].unit} .*<- most`));
    expect(kinds.length).toBeGreaterThan(2);
    expect(stdout).toContain("Durable Objects: Pricing");
  }, 180_000);
});
