import { describe, expect, test } from "vitest";
import { z } from "zod";
import * as audit from "../../src/api-types/audit.ts";
import * as imports from "../../src/api-types/imports.ts";
import * as keyActs from "../../src/api-types/key-acts.ts";
import * as keys from "../../src/api-types/keys.ts";
import * as people from "../../src/api-types/people.ts";
import * as reconciliations from "../../src/api-types/reconciliations.ts";
import * as revocations from "../../src/api-types/revocations.ts";
import * as serviceUsers from "../../src/api-types/service-users.ts";
import * as usage from "../../src/api-types/usage.ts";
import * as webhook from "../../src/api-types/webhook.ts";
import { keyProblems } from "../../src/control/key-values.ts";
import { parse } from "../../src/control/parse.ts";
import { problemsIn } from "../../src/core/http/field-problems.ts";
import { isRefusal } from "../../src/core/refusal.ts";

/** What is wrong with a request is said in the product's own words, whatever it is. */

const MODULES = [
  audit,
  imports,
  keyActs,
  keys,
  people,
  reconciliations,
  revocations,
  serviceUsers,
  usage,
  webhook,
];
const SCHEMAS = MODULES.flatMap((module) =>
  Object.entries(module as Readonly<Record<string, unknown>>).flatMap(([name, schema]) =>
    schema instanceof z.ZodType ? [[name, schema] as const] : [],
  ),
);
const LONG = "x".repeat(20_001);
const MANY = Array.from({ length: 501 }, (_, i) => `${i}`);
const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  1.5,
  1e300,
  "",
  " ",
  "x",
  LONG,
  [],
  MANY,
  [[]],
  {},
  { a: 1 },
];

const SMALL = VALUES.filter((value) => value !== MANY);

/** What zod says where nobody has said anything better. */
const RAW = /^(Invalid|Too (big|small)|Unrecognized)|expected|received|pattern|[<>]=/;

function told(schema: z.ZodType, value: unknown): string[] {
  const parsed = parse(schema, value, true);
  return isRefusal(parsed) ? problemsIn(parsed).map(({ problem }) => problem) : [];
}

/** Values of every kind, in the place of the whole and of each of its fields. */
function samplesOf(schema: z.ZodType): unknown[] {
  const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape as object) : [];
  const objects = fields.flatMap((field) => [
    ...VALUES.map((value) => ({ [field]: value })),
    ...SMALL.flatMap((value) => [{ [field]: [value] }, { [field]: { a: value, action: value } }]),
  ]);
  return [...VALUES, ...objects];
}

test("no schema of the control API speaks as its library does", () => {
  expect(SCHEMAS.length).toBeGreaterThan(30);
  const raw = SCHEMAS.flatMap(([name, schema]) =>
    samplesOf(schema).flatMap((value) =>
      told(schema, value)
        .filter((problem) => RAW.test(problem))
        .map((problem) => `${name}: ${problem}`),
    ),
  );
  expect([...new Set(raw)]).toEqual([]);
});

describe("a value is refused in words", () => {
  test.each<[z.ZodType, unknown, string]>([
    [people.PersonKeysRevocation.shape.reason, "x".repeat(501), "Must have at most 500 characters"],
    [people.PersonKeysRevocation.shape.reason, " ", "Must not be empty"],
    [people.PersonKeysRevocation, {}, "Is missing"],
    [z.string(), 1, "Must be a text"],
    [z.string().max(2000), "x".repeat(2001), "Must have at most 2,000 characters"],
    [z.array(z.int()).max(1000), MANY.concat(MANY, MANY).map(Number), "Must have at most 1,000 entries"],
    [z.number().max(1_000_000_000), 1e12, "Must be at most 1,000,000,000"],
    [z.int(), 1.5, "Must be a whole number"],
    [z.number().max(5), 6, "Must be at most 5"],
    [z.array(z.int()).min(2), [1], "Must have at least 2 entries"],
    [z.enum(["a", "b"]), "c", "Must be one of a, b"],
    [z.literal("*"), "c", "Must be *"],
    [z.iso.datetime(), "c", "Must be a time as ISO 8601 writes it, like 2026-11-20T09:30:00Z"],
    [z.strictObject({}), { extra: 1 }, "There is no such field"],
    [z.record(z.string(), z.int()), JSON.parse('{"__proto__":1}'), "There is no such field"],
    [
      z.strictObject({ in: z.array(z.unknown()) }),
      JSON.parse('{"in":[{"__proto__":1}]}'),
      "There is no such field",
    ],
  ])("%#", (schema, value, text) => {
    expect(told(schema, value)).toEqual([text]);
  });
});

test("a key of an API without vaults names none, whether it is made or changed", () => {
  const problemsOf = (vaults: "*" | string[], hasVaults: boolean) =>
    keyProblems({ vaults }, { checkScope: () => null, hasVaults }, 0);
  expect(problemsOf(["vault_1"], false)).toEqual([{ field: "vaults", problem: "This API has no vaults" }]);
  expect([problemsOf("*", false), problemsOf(["vault_1"], true)]).toEqual([[], []]);
});
