import { expect, test } from "vitest";
import { chunksByWeight } from "../../src/core/concurrency.ts";

test.each([
  ["nothing", [], []],
  ["what fits", [3, 3, 4], [[3, 3, 4]]],
  ["one that no longer fits", [6, 4, 1], [[6, 4], [1]]],
  ["those that weigh nothing", [0, 0, 10, 1], [[0, 0, 10], [1]]],
  ["one that alone is too heavy", [2, 11, 2], [[2], [11], [2]]],
])("a list is cut before the limit is passed: %s", (_, weights, chunks) => {
  expect(chunksByWeight(weights, 10, (weight) => weight)).toEqual(chunks);
});
