import { POLICY_TABLE } from "#policy";
import { describe, expect, test } from "vitest";
import {
  addCalls,
  callName,
  CALLS_KEPT_MS,
  MAX_NAMES,
  OTHERS,
  readCallName,
} from "../../../src/core/usage/calls.ts";
import type { Operation } from "../../../src/core/policy/operation.ts";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { loadPolicy } from "../../../src/core/policy/route-policy.ts";

const { operations } = loadPolicy(POLICY_TABLE);

function operation(id: string, accessParams: readonly string[]): Operation {
  return { ...(operations[0] as Operation), id, accessParams };
}

describe("a name of a call", () => {
  test.each<[string, string, Record<string, string>, string]>([
    ["no parameter", "listNetworks", {}, "192.0.2.1"],
    ["a parameter", "getVault", { vaultId: "vault_1" }, "2001:db8::1"],
    ["several parameters", "getView", { vaultId: "a%20b", view: "c" }, "192.0.2.1"],
    ["a value of many segments", "getFile", { path: "a/b//c", version: "1" }, "192.0.2.1"],
    ["an operation without an id", "GET /v1/networks", {}, "192.0.2.1"],
    ["an operation with an odd id", "odd\n\nid/", { vaultId: "vault_1" }, "192.0.2.1"],
    ["an unknown address", "getVault", { vaultId: "vault_1" }, ""],
  ])("with %s tells what it was made of", (_, operationId, params, address) => {
    const name = callName(operation(operationId, Object.keys(params)), params, address);
    expect(readCallName(name)).toEqual({ operationId, values: Object.values(params), address });
  });

  test("leaves out parameters on which access does not depend", () => {
    const params = { vaultId: "vault_1", page: "7" };
    expect(readCallName(callName(operation("x", ["vaultId"]), params, "")).values).toEqual(["vault_1"]);
  });
});

test.each([
  ["listVaults", []],
  ["getVault", ["vaultId"]],
  ["listBalances", ["vaultId"]],
  ["listNetworks", []],
])("access to %s depends on the parameters %j", (id, params) => {
  expect(operations.find((known) => known.id === id)?.accessParams).toEqual(params);
});

describe("calls that are added", () => {
  test("are counted by their names", () => {
    const counts = new Map<string, number>();
    for (const [name, calls] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ] as const) {
      addCalls(counts, name, calls);
    }
    expect([...counts]).toEqual([
      ["a", 4],
      ["b", 2],
    ]);
  });

  test("go to the others when there are too many names, and known ones to their own", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 3 * MAX_NAMES; i++) addCalls(counts, `n${i}`, 1);
    addCalls(counts, "n0", 5);
    expect(counts.size).toBe(MAX_NAMES + 1);
    expect([counts.get("n0"), counts.get(OTHERS)]).toEqual([6, 2 * MAX_NAMES]);
  });

  test("bring the others of another count along, whether there is room or not", () => {
    const counts = new Map<string, number>();
    addCalls(counts, OTHERS, 7);
    expect([...counts]).toEqual([[OTHERS, 7]]);
    for (let i = 0; i < MAX_NAMES; i++) addCalls(counts, `n${i}`, 1);
    addCalls(counts, OTHERS, 2);
    expect(counts.get(OTHERS)).toBe(10);
  });

  test.each([
    ["long", "x".repeat(257)],
    ["with a key in it", `192.0.2.1\n/${generateKey("fkc").key}\ngetVault`],
  ])("under a name that is %s go to the others", (_, name) => {
    const counts = new Map<string, number>();
    addCalls(counts, name, 3);
    expect([...counts]).toEqual([[OTHERS, 3]]);
  });
});

test("what is not told apart is added up, a name that is too long too", () => {
  const counts = new Map<string, number>();
  for (const length of [256, 257, 300]) addCalls(counts, "a".repeat(length), 2);
  expect([...counts]).toEqual([
    ["a".repeat(256), 2],
    [OTHERS, 4],
  ]);
});

test("calls are told for a day and an hour, under a hundred names", () => {
  expect([CALLS_KEPT_MS, MAX_NAMES, OTHERS]).toEqual([90_000_000, 100, ""]);
});
