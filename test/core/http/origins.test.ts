import { describe, expect, test } from "vitest";
import { originName, readOrigins } from "../../../src/core/http/origins.ts";
import { isRefusal, problemOf } from "../../../src/core/refusal.ts";

const MAIN = "https://api.example";
const OTHERS = { uploads: "https://uploads.example", "https://eu.api.example/v1": "https://eu.example" };

function read(
  variables: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, string>> = OTHERS,
) {
  const origins = readOrigins(MAIN, others, variables);
  return isRefusal(origins) ? problemOf(origins) : origins;
}

test("each origin is shown its own credential, and no other", () => {
  expect(
    read({
      ORIGIN_AUTHORIZATION: "Bearer main",
      ORIGIN_AUTHORIZATION_UPLOADS: "Basic dXA6bG9hZHM=",
      ORIGIN_AUTHORIZATION_HTTPS_EU_API_EXAMPLE_V1: "",
      ORIGIN_URL: "ignored",
    }),
  ).toEqual({
    main: { url: MAIN, authorization: "Bearer main" },
    others: new Map([
      ["uploads", { url: OTHERS.uploads, authorization: "Basic dXA6bG9hZHM=" }],
      ["https://eu.api.example/v1", { url: "https://eu.example", authorization: null }],
    ]),
  });
});

test("without credentials none is shown", () => {
  expect(read({}, {})).toEqual({ main: { url: MAIN, authorization: null }, others: new Map() });
  expect(read({ ORIGIN_AUTHORIZATION: "" }, {})).toMatchObject({ main: { authorization: null } });
  expect(read({ ORIGIN_AUTHORIZATION_HTTPS_EU_API_EXAMPLE_V1: "Token eu" })).toMatchObject({
    others: new Map([
      ["uploads", { url: OTHERS.uploads, authorization: null }],
      ["https://eu.api.example/v1", { url: "https://eu.example", authorization: "Token eu" }],
    ]),
  });
});

describe("the variable is named, and never its value:", () => {
  test.each<[string, unknown]>([
    ["ORIGIN_AUTHORIZATION", "Bearer sécret"],
    ["ORIGIN_AUTHORIZATION", " secret"],
    ["ORIGIN_AUTHORIZATION", "secret "],
    ["ORIGIN_AUTHORIZATION", "secret\r\nX: y"],
    ["ORIGIN_AUTHORIZATION_UPLOADS", { secret: true }],
    ["ORIGIN_AUTHORIZATION_DOWNLOADS", "Bearer secret"],
  ])("%s with %j", (name, value) => {
    const problem = read({ [name]: value });
    expect(problem).toMatch(new RegExp(`^${name} `));
    expect(problem).not.toMatch(/s.cret/);
  });
});

test("two names that share a variable are refused", () => {
  expect(read({}, { "up-loads": MAIN, up_loads: MAIN })).toMatch(/^ORIGINS /);
});

test.each([
  ["uploads", "uploads"],
  ["https://eu.api.example/v1/", "https://eu.api.example/v1"],
  ["https://eu.api.example//", "https://eu.api.example"],
])("the origin %s is known as %s", (name, known) => {
  expect(originName(name)).toBe(known);
});
