import { expect, test } from "vitest";
import { MAX_SCOPES, MAX_VAULTS, scopesTooMany, vaultsTooMany } from "../../../src/core/key/grant-limits.ts";
import type { Scope } from "../../../src/core/policy/scope.ts";

const ids = (count: number, length: number) => Array.from({ length: count }, () => "v".repeat(length));
/** Each is written with `:read`, and a letter more parts it from the next. */
const scopes = (count: number, length: number) =>
  ids(count, length).map((resource): Scope => ({ action: "read", resource }));

test.each([
  [0, 5, false],
  [50, 5, false],
  [51, 5, true],
  [50, 24, false],
  [50, 25, true],
  [1, 1494, false],
  [1, 1495, true],
])("%i scopes of %i letters are too many: %s", (count, length, tooMany) => {
  expect(scopesTooMany(scopes(count, length)) !== null).toBe(tooMany);
});

test.each([
  [200, 14, false],
  [201, 1, true],
  [200, 15, true],
  [1, 2999, false],
  [1, 3000, true],
])("%i vaults of %i letters are too many: %s", (count, length, tooMany) => {
  expect(vaultsTooMany(ids(count, length)) !== null).toBe(tooMany);
});

test("every vault is not too many, and the problem tells how many are", () => {
  expect(vaultsTooMany("*")).toBeNull();
  expect(scopesTooMany(scopes(51, 1))).toContain(String(MAX_SCOPES));
  expect(vaultsTooMany(ids(201, 1))).toContain(String(MAX_VAULTS));
});
