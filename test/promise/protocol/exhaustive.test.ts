import { describe, expect, test } from "vitest";
import { SMALL_BOUNDS } from "./bounds.ts";
import { searchAll } from "./exhaustive.ts";
import { patchedRules } from "./patched-rules.ts";
import * as rules from "./rules.ts";
import { SAFEGUARDS } from "./safeguards.ts";

/** States of each bounds that are searched here; `npm run model` searches all of them. */
const MAX_STATES = 12_000;

describe("runs within bounds", () => {
  test.each(Object.entries(SMALL_BOUNDS))("%s: no promise is broken", { timeout: 300_000 }, (_, bounds) => {
    const found = searchAll(rules, bounds, MAX_STATES);
    expect(found.violation).toBeNull();
    expect(found.states).toBe(MAX_STATES);
  });
});

/** Safeguards that are necessary within the bounds already. */
const WITHIN_BOUNDS = [
  ["a change and its repeat", "a change waits for the leases given before it"],
  ["a change and its repeat", "a repeated change waits like the first"],
  ["a change and a crash", "the start of a guard counts as a lease"],
  ["units, a crash and two isolates", "a window is on record before its units leave"],
  ["units and a message that is lost", "units end with their window"],
  ["units and requests that cost several", "the units of a request are taken as a whole"],
] as const;

test.each(WITHIN_BOUNDS)("%s: one breaks unless %s", { timeout: 300_000 }, async (bounds, name) => {
  const safeguard = SAFEGUARDS.find((one) => one.name === name);
  const weakened = await patchedRules(safeguard?.without ?? []);
  const small = SMALL_BOUNDS[bounds];
  expect(small && searchAll(weakened, small, 10 * MAX_STATES).violation).not.toBeNull();
});
