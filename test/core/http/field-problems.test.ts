import { expect, test } from "vitest";
import { problemsIn, refuseProblems, withFields } from "../../../src/core/http/field-problems.ts";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { invalid, refuse } from "../../../src/core/refusal.ts";

const NAME = { field: "name", problem: "It is empty" };
const VAULTS = { field: "vaults.0", problem: "No such vault" };

test("every problem is told once, the first of them by itself as well", () => {
  expect(refuseProblems([NAME, VAULTS, { ...NAME }])).toEqual(
    refuse("invalid_value", { details: { ...NAME, fields: [NAME, VAULTS] } }),
  );
  expect(refuseProblems([{ ...NAME, problem: "It is long" }, NAME]).details?.["fields"]).toHaveLength(2);
});

test("problems of the whole body name no field", () => {
  const whole = { field: "", problem: "It is no object" };
  expect(refuseProblems([whole], "invalid_request")).toEqual(
    refuse("invalid_request", { details: { problem: whole.problem, fields: [whole] } }),
  );
});

test("no more than a hundred are told, and no secret", () => {
  const { key } = generateKey("fkc");
  const many = Array.from({ length: 101 }, (_, i) => ({ field: `${i}.${key}`, problem: `Unknown: ${key}` }));
  const told = problemsIn(refuseProblems(many));
  expect(told).toHaveLength(100);
  expect(JSON.stringify(told)).not.toContain(key.slice(-38));
});

test.each([
  [invalid("No such vault", "vaults"), [{ field: "vaults", problem: "No such vault" }]],
  [invalid("No such vault"), [{ field: "", problem: "No such vault" }]],
  [refuseProblems([NAME, VAULTS]), [NAME, VAULTS]],
  [refuse("not_found"), []],
  [refuse("already_exists", { details: { keyId: "key_1" } }), []],
])("the problems of %j are a list: %j", (refusal, fields) => {
  expect(problemsIn(withFields(refusal))).toEqual(fields);
  expect(withFields(refusal)).toMatchObject(refusal);
});
