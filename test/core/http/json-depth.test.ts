import { describe, expect, test } from "vitest";
import { MAX_JSON_DEPTH, nestsTooDeep } from "../../../src/core/http/json-depth.ts";

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

describe("JSON nests too deep from 65 levels on", () => {
  test.each([
    { name: "64 arrays", json: nested(64, "[", "]"), tooDeep: false },
    { name: "65 arrays", json: nested(65, "[", "]"), tooDeep: true },
    { name: "64 objects", json: `${'{"a":'.repeat(63)}{}${"}".repeat(63)}`, tooDeep: false },
    { name: "65 objects", json: `${'{"a":'.repeat(64)}{}${"}".repeat(64)}`, tooDeep: true },
    { name: "arrays in objects", json: `${'[{"a":'.repeat(33)}1${"}]".repeat(33)}`, tooDeep: true },
    { name: "many beside each other", json: `[${"[],".repeat(1000)}[]]`, tooDeep: false },
    { name: "many objects beside each other", json: `[${"{},".repeat(1000)}{}]`, tooDeep: false },
    { name: "brackets in a string", json: `["${"[".repeat(100)}"]`, tooDeep: false },
    { name: "brackets after an escaped quote", json: `["\\"${"[".repeat(100)}"]`, tooDeep: false },
    {
      name: "brackets after a string that ends in a backslash",
      json: `["\\\\",${"[".repeat(64)}`,
      tooDeep: true,
    },
    { name: "what is cut off", json: "[".repeat(200_000), tooDeep: true },
  ])("$name", ({ json, tooDeep }) => {
    expect(nestsTooDeep(new TextEncoder().encode(json))).toBe(tooDeep);
  });

  test("which is the contract's number", () => expect(MAX_JSON_DEPTH).toBe(64));
});
