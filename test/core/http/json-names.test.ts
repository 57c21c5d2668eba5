import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { repeatedName, withNamesApart } from "../../../src/core/http/json-names.ts";
import { always } from "../../support/fuzz.ts";
import { readJson } from "../../support/json.ts";

describe("a name that stands twice in one object", () => {
  test.each<[json: string, name: string | null]>([
    ['{"a":1,"a":2}', "a"],
    ['{"a":1,"b":{"a":2}}', null],
    ['{"b":{"a":1,"c":[],"a":2}}', "a"],
    ['[{"a":1},{"a":2}]', null],
    ['[{"a":[{"x":1}],"a":{}}]', "a"],
    [String.raw`{"active":true,"\u0061ctive":false}`, "active"],
    [String.raw`{"a\"b":1,"a\"b":2}`, 'a"b'],
    [String.raw`{"\\":1,"\\":2}`, "\\"],
    ['{"a" : 1 , "b" :\n2,\t"b"\r\n: 3}', "b"],
    ['{"a":"a","b":"a"}', null],
    ['{"a":["a","a"],"b":"{\\"a\\":1,\\"a\\":2}"}', null],
    ['{"":1,"":2}', ""],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['{"a":1,"A":2}', null],
    ["[]", null],
    ['"a"', null],
    ["7", null],
  ])("of %s is %j", (json, name) => {
    JSON.parse(json);
    expect(repeatedName(json)).toBe(name);
  });

  test("keeps all its values, of which the last has the name itself", () => {
    const json = '{"a":1,"b":{"a":2,"a":3},"a":4,"a":5}';
    const apart = readJson<Record<string, unknown>>(withNamesApart(json));
    expect(apart).toMatchObject({ a: 5, b: { a: 3 } });
    expect(Object.entries(apart).map(([name, value]) => [name.trim(), value])).toEqual([
      ["a", 1],
      ["b", expect.objectContaining({ a: 3 })],
      ["a", 4],
      ["a", 5],
    ]);
  });

  test("is in no text that this runtime writes, which stays as it is", () => {
    always(fc.json(), (json) => {
      expect(repeatedName(json)).toBeNull();
      expect(withNamesApart(json)).toBe(json);
    });
  });

  test("is found among many, and so are many", () => {
    expect(repeatedName(`[${'{"value":"u1"},'.repeat(100_000)}{"a":1,"a":2}]`)).toBe("a");
    const often = withNamesApart(`{${'"a":1,'.repeat(100_000)}"a":2}`);
    expect(Object.keys(readJson<object>(often))).toHaveLength(100_001);
  });
});
