import { expect, test } from "vitest";
import { SMALL_BOUNDS } from "./bounds.ts";
import { searchAll } from "./exhaustive.ts";
import * as rules from "./rules.ts";

/** States of each bounds that are searched here; `npm run model` searches all of them. */
const MAX_STATES = 12_000;

test.each(Object.entries(SMALL_BOUNDS))(
  "%s: within these bounds no promise is broken",
  { timeout: 300_000 },
  (_, bounds) => {
    const found = searchAll(rules, bounds, MAX_STATES);
    expect(found.violation).toBeNull();
    expect(found.states).toBe(MAX_STATES);
  },
);
