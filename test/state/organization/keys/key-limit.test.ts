import { expect, test } from "vitest";
import { isFull } from "../../../../src/state/organization/keys/key-limit.ts";

const LIMIT = 3;

test.each([
  { all: 2, replaced: 0, full: [] },
  { all: 3, replaced: 0, full: ["nothing"] },
  { all: 3, replaced: 1, full: ["nothing"] },
  { all: 4, replaced: 0, full: ["nothing"] },
  { all: 4, replaced: 1, full: ["nothing", "in time"] },
  { all: 50, replaced: 0, full: ["nothing"] },
  { all: 50, replaced: 1, full: ["nothing", "in time"] },
])("of $all keys, $replaced of them replaced, a limit of 3 has no room for $full", ({ full, ...keys }) => {
  const refused = (["at once", "in time", "nothing"] as const).filter((each) => isFull(keys, each, LIMIT));
  expect(new Set(refused)).toEqual(new Set(full));
});
